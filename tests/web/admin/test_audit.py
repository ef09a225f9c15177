from datetime import timedelta

import pytest

from portal.audit import log
from portal.core import clock
from portal.core.db import in_transaction
from tests import browsing, make
from tests.web.admin.conftest import NOW


def record(act: str = "agents.edit", *, actor=None, subject=None, before=None, after=None) -> None:
    in_transaction(
        lambda: log.record(
            actor=actor or make.actor(name="Zoe"),
            act=act,
            subject=("agent", subject or make.key()),
            before=before,
            after=after,
        )
    )


def test_shows_who_did_what_from_where_and_what_it_was_before(ada, house):
    record(
        "wallets.set_credit_limit",
        subject=house.agent.id,
        before={"limit_minor": 0, "currency": "CNY"},
        after={"limit_minor": 50_000, "currency": "CNY"},
    )

    page = ada.page("/admin/audit")

    words = browsing.words(page)
    assert "22 Nov 14:18:07 Zoe user Credit limit changed Agent Global Link credit limit CNY 0.00 → CNY 500.00" in words
    assert "203.0.113.7 req-1" in words
    assert f'href="/admin/agents/{house.agent.id}"' in page


def test_leaves_out_what_stayed_the_same(dana, house):
    record(before={"name_en": "A", "contact_name": "same"}, after={"name_en": "B", "contact_name": "same"})

    assert "name (en) A → B 203" in dana.words("/admin/audit")


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "role auditor → administrator"), ("zh", "角色 审计员 → 管理员")]
)
def test_says_a_role_in_words_in_both_languages(dana, language, sentence):
    record("users.change_role", before={"role": "auditor"}, after={"role": "admin"})
    dana.browser.set_cookie("language", language)

    assert sentence in dana.words("/admin/audit")


def test_filters_by_act_person_subject_and_time(dana, house):
    record("agents.edit", actor=make.actor(house.owner), subject=house.agent.id)
    with clock.fixed(NOW - timedelta(days=3)):
        record("users.suspend")

    def counts(query: str) -> tuple[bool, bool]:
        words = browsing.words(dana.page(f"/admin/audit?{query}").partition('id="list"')[2])
        return "Agent edited" in words, "User suspended" in words

    assert counts("") == (True, True)
    assert counts("act=agents.edit") == (True, False)
    assert counts("actor=alice%40global-link.example") == (True, False)
    assert counts(f"actor={house.owner.id}") == (True, False)
    assert counts(f"subject={house.agent.id}") == (True, False)
    assert counts("since=2026-11-22") == (True, False)
    assert counts("until=2026-11-20") == (False, True)


def test_finds_a_renewal_by_its_reference(dana, house):
    page = dana.page(f"/admin/transactions/{house.place()}")
    reference = "R-" + browsing.words(page).partition("R-")[2][:9]

    words = browsing.words(dana.page(f"/admin/audit?subject={reference}").partition('id="list"')[2])

    assert "Renewal placed" in words
    assert "Wallet topped up" not in words


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("actor=nobody%40leb.example", "Nobody has this e-mail address."),
        ("subject=R-0000-0000", "Nothing has this reference or id."),
        ("act=x", "Please choose one of the list."),
        ("since=x", "Please enter a day such as 2026-11-23."),
    ],
)
def test_refuses_what_cannot_be_read_beside_the_field(ada, query, sentence):
    answer = ada.get(f"/admin/audit?{query}")

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)


def test_pages_to_older_acts_and_back(dana, house):
    for nr in range(60):
        record(after={"name": f"nr {nr}"})

    first = dana.page("/admin/audit?act=agents.edit")
    second = dana.page(_link(first, "next"))

    assert "nr 59" in first
    assert "nr 9<" not in first
    assert "nr 9<" in second
    assert "act=agents.edit" in _link(first, "next")
    assert "nr 59" in dana.page(_link(second, "prev"))


@pytest.mark.parametrize("key", ["older=x", "older=99999999999999999999", "newer=%C2%B2", "newer=-1"])
def test_takes_odd_keys_for_the_first_page(dana, house, key):
    record()

    assert "Agent edited" in dana.words(f"/admin/audit?{key}")


def test_ids_are_told_by_what_they_stand_for(dana, house):
    renewal_id = house.place()
    record(after={"agent_ids": [str(house.agent.id), "0192f0c1-0000-7000-8000-000000000000"]})

    page = dana.page("/admin/audit")

    link = f'<a href="/admin/agents/{house.agent.id}">Global Link</a>, 0192f0c1-0000-7000-8000-000000000000'
    assert f"<ins>{link}</ins>" in page
    assert f'<a href="/admin/transactions/{renewal_id}">Renewal R-' in page


def test_a_name_among_the_ids_stays_text(dana, house):
    record(after={"agent_ids": [str(house.agent.id), "<b>"]})

    assert "Global Link</a>, &lt;b&gt;" in dana.page("/admin/audit")


def test_markup_in_what_changed_stays_text(dana, house):
    record(after={"name": "<script>x</script>"})

    page = dana.page("/admin/audit")

    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_finance_has_no_business_here(fiona):
    assert fiona.get("/admin/audit").status_code == 403


def _link(page: str, rel: str) -> str:
    return page.partition(f'rel="{rel}"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
