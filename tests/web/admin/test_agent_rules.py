"""Rules and tiers of commission terms, as the operator's people set them."""

import io

import pytest

from portal.agents import queries, schemes
from portal.agents.commission import Conditions, SaleKind, Tier
from portal.catalogue.models import Term
from portal.core.db import in_transaction
from tests import browsing, make
from tests.web.admin.conftest import last_act


def scheme_of(agent):
    standing = queries.own_terms(agent.id, "CNY")
    return schemes.of([standing])[standing.id]


def test_an_admin_adds_a_rule_and_it_is_a_new_version(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms/CNY"

    answer = dana.post(
        f"{path}/rules", plan="jp-10g-30d", region="jp", term="short", sale="first", fee_bps="", share_bps="8"
    )

    assert answer.status_code == 303
    (rule,) = scheme_of(house.agent).rules
    assert rule.conditions == Conditions(house.plan.plan_id, "JP", Term.SHORT, SaleKind.FIRST)
    assert (rule.fee_bps, rule.share_bps) == (None, 800)
    assert queries.own_terms(house.agent.id, "CNY").version == 2
    assert last_act().act == "agents.change_terms"
    assert "JP-10G-30D Japan short term first sale – 8%" in dana.words(path)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"share_bps": "8"}, "Please say which sales the rule is about."),
        ({"region": "JP"}, "Please enter at least one rate."),
        ({"region": "XX", "share_bps": "8"}, "is no ISO 3166 code"),
        ({"plan": "NO-SUCH", "share_bps": "8"}, "No plan in CNY has this code."),
        ({"region": "JP", "share_bps": "101"}, "Please enter a percentage from 0 to 100"),
    ],
)
def test_says_what_is_wrong_with_a_rule(dana, house, typed, sentence):
    answer = dana.post(f"/admin/agents/{house.agent.id}/terms/CNY/rules", **typed)

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)
    assert scheme_of(house.agent).rules == ()


def test_two_rules_for_just_the_same_sales_are_refused(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms/CNY/rules"
    dana.post(path, region="JP", share_bps="8")

    answer = dana.post(path, region="JP", share_bps="9")

    assert answer.status_code == 422
    assert "There is a rule for just these sales already." in browsing.words(answer.text)


def test_a_rule_is_removed_even_from_a_page_that_is_old(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms/CNY"
    dana.post(f"{path}/rules", region="JP", share_bps="8")
    (old,) = scheme_of(house.agent).rules
    dana.post(f"{path}/rules", term="long", share_bps="4")

    answer = dana.post(f"{path}/rules/{old.id}/remove")

    assert answer.status_code == 303
    assert [rule.conditions for rule in scheme_of(house.agent).rules] == [Conditions(term=Term.LONG)]


def test_tiers_are_added_in_order_and_removed(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms/CNY"

    dana.post(f"{path}/tiers", from_minor="100,000", extra_bps="2")
    dana.post(f"{path}/tiers", from_minor="50,000", extra_bps="1")

    assert scheme_of(house.agent).tiers == (Tier(5_000_000, 100), Tier(10_000_000, 200))
    assert "CNY 50,000.00 +1%" in dana.words(path)
    dana.post(f"{path}/tiers/5000000/remove")
    assert scheme_of(house.agent).tiers == (Tier(10_000_000, 200),)
    assert dana.post(f"{path}/tiers/abc/remove").status_code == 404


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"from_minor": "0", "extra_bps": "1"}, "The amount must be above zero"),
        ({"from_minor": "10", "extra_bps": "0"}, "Please enter a percentage"),
    ],
)
def test_says_what_is_wrong_with_a_tier(dana, house, typed, sentence):
    answer = dana.post(f"/admin/agents/{house.agent.id}/terms/CNY/tiers", **typed)

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)


def test_new_rates_keep_rules_and_tiers(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms"
    dana.post(f"{path}/CNY/rules", region="JP", share_bps="8")

    dana.post(path, currency="CNY", fee_bps="6", fee_fixed_minor="0", share_bps="3", hold_days="30")

    assert scheme_of(house.agent).rules[0].share_bps == 800
    assert scheme_of(house.agent).terms.hold_days == 30


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        ("", {"currency": "CNY", "fee_bps": "20.01", "share_bps": "3"}),
        ("", {"currency": "CNY", "fee_bps": "5", "share_bps": "50"}),
        ("/CNY/rules", {"region": "JP", "share_bps": "30"}),
        ("/CNY/tiers", {"from_minor": "50,000", "extra_bps": "21"}),
    ],
)
def test_an_unusual_rate_is_put_in_force_only_by_who_means_it(dana, house, form, typed):
    path = f"/admin/agents/{house.agent.id}/terms{form}"

    asked = dana.post(path, **typed)

    assert asked.status_code == 422
    assert "More than 20 % is unusual." in browsing.words(asked.text)
    assert 'name="means_it"' in asked.text
    assert queries.own_terms(house.agent.id, "CNY").version == 1
    assert dana.post(path, **typed, means_it="y").status_code == 303
    assert queries.own_terms(house.agent.id, "CNY").version == 2


def test_a_usual_rate_asks_nothing(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms"

    assert 'name="means_it"' not in dana.page(path)
    assert dana.post(path, currency="CNY", fee_bps="20", share_bps="20").status_code == 303


def test_each_version_says_what_it_changed(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms"
    dana.post(f"{path}/CNY/rules", plan="JP-10G-30D", region="JP", term="short", share_bps="8")
    dana.post(f"{path}/CNY/tiers", from_minor="50,000", extra_bps="1")
    dana.post(path, currency="CNY", fee_bps="6", fee_fixed_minor="1", share_bps="3", hold_days="30")
    (rule,) = scheme_of(house.agent).rules
    dana.post(f"{path}/CNY/rules/{rule.id}/remove")
    dana.post(f"{path}/CNY/tiers/5000000/remove")

    words = dana.words(path)

    assert "tier taken away: from CNY 50,000.00 on, +1%" in words
    assert "rule taken away: JP-10G-30D, Japan, short term, our commission 8%" in words
    assert "fee 5% → 6% fixed fee 0.00 → 1.00 payable after, days 14 → 30" in words
    assert "tier added: from CNY 50,000.00 on, +1%" in words
    assert "rule added: JP-10G-30D, Japan, short term, our commission 8%" in words


def test_the_default_terms_have_rules_too(dana, house):
    in_transaction(lambda: make.terms(None, currency="USD"))

    answer = dana.post("/admin/agents/default/terms/USD/rules", region="JP", share_bps="8")

    assert answer.status_code == 303
    assert "Japan" in dana.words("/admin/agents/default/terms/USD")


def bring(person, path, text):
    page = person.page(f"{path}/rules/import")
    form = {"csrf_token": browsing.csrf_token(page), "file": (io.BytesIO(text.encode()), "rules.csv")}
    return person.browser.post(f"{path}/rules/import", data=form, content_type="multipart/form-data")


def test_rules_go_out_as_a_file_and_come_back(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms/CNY"
    dana.post(f"{path}/rules", plan="jp-10g-30d", share_bps="8")

    taken = dana.get(f"{path}/rules.csv")
    answer = bring(dana, path, taken.text.replace("800", "900") + ",KR,,,,400\r\n")

    assert taken.mimetype == "text/csv"
    assert "JP-10G-30D,,,,,800" in taken.text
    assert answer.status_code == 303
    assert [rule.share_bps for rule in scheme_of(house.agent).rules] == [900, 400]
    assert last_act().act == "agents.change_terms"


def test_a_file_with_a_fault_changes_nothing(dana, house):
    path = f"/admin/agents/{house.agent.id}/terms/CNY"

    answer = bring(dana, path, "plan,region,term,sale,fee_bps,share_bps\n,JP,,,,800\nNO-SUCH,,,,,1\n")

    assert answer.status_code == 422
    assert "3 plan No plan in CNY has this code." in browsing.words(answer.text)
    assert scheme_of(house.agent).rules == ()
    assert bring(dana, path, "").status_code == 422


def test_an_auditor_takes_the_file_and_brings_none(ada, house):
    path = f"/admin/agents/{house.agent.id}/terms/CNY"

    assert ada.get(f"{path}/rules.csv").status_code == 200
    assert ada.get(f"{path}/rules/import").status_code == 403
    assert "Import CSV" not in ada.words(path)


def test_an_auditor_looks_and_finds_no_form(ada, house):
    page = ada.page(f"/admin/agents/{house.agent.id}/terms/CNY")

    assert "Add a rule" not in page
    assert ada.get(f"/admin/agents/{house.agent.id}/terms/EUR").status_code == 404


def test_an_agent_is_put_below_another(dana, house):
    above = in_transaction(lambda: make.agent(name_en="Pacific Roam", name_zh="环太"))
    path = f"/admin/agents/{house.agent.id}"

    answer = dana.post(f"{path}/parent", parent=str(above.id), override_bps="0.5")

    assert answer.status_code == 303
    assert (house.agent.parent_id, house.agent.override_bps) == (above.id, 50)
    assert last_act().act == "agents.set_parent"
    assert "Agent above Pacific Roam earns 0.5%" in dana.words(path)
    assert "Agents below Global Link" in dana.words(f"/admin/agents/{above.id}")
    assert "cannot stand below another" in dana.words(f"/admin/agents/{above.id}/parent")


def test_an_agent_stands_alone_again(dana, house):
    above = in_transaction(lambda: make.agent(name_en="Pacific Roam", name_zh="环太"))
    dana.post(f"/admin/agents/{house.agent.id}/parent", parent=str(above.id), override_bps="0.5")

    dana.post(f"/admin/agents/{house.agent.id}/parent", parent="", override_bps="0.5")

    assert (house.agent.parent_id, house.agent.override_bps) == (None, 0)
