from datetime import timedelta

import pytest

from portal.core import clock
from portal.core.db import in_transaction
from tests import browsing, make
from tests.web.admin.conftest import NOW, last_act


def test_lists_renewals_and_top_ups_newest_first(dana, house):
    with clock.fixed(NOW + timedelta(seconds=1)):
        house.place()

    words = dana.words("/admin/transactions")

    assert "paid Global Link Carol Chan 89852000263318806140 JP-10G-30D 5.00 CNY 105.00" in words
    assert words.index("CNY 105.00") < words.index("CNY 1,000.00")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("state=paid", True),
        ("state=delivered", False),
        ("kind=top_up", False),
        ("agent=global+link", True),
        ("agent=3101-", None),
        ("customer=carol%40customers.example", True),
        ("customer=dave", False),
        ("card=8985200026", True),
        ("card=1234", False),
        ("currency=cny&amount_from=105&amount_to=105.00", True),
        ("currency=CNY&amount_from=105.01", False),
        ("currency=JPY", False),
        ("since=2026-11-22&until=2026-11-22", True),
        ("since=2026-11-23", False),
        ("until=2026-11-21", False),
        ("reference=R-0000-0000", False),
    ],
)
def test_filters_by_what_is_known(dana, house, query, is_found):
    house.place()

    words = dana.words(f"/admin/transactions?{query}")

    if is_found is not None:
        assert ("Carol Chan" in words) is is_found


def test_finds_a_renewal_by_its_reference_in_any_case(dana, house):
    renewal_id = house.place()
    reference = browsing.words(dana.page(f"/admin/transactions/{renewal_id}")).partition("R-")[2][:9]

    page = dana.page(f"/admin/transactions?reference=r-{reference.lower()}")

    assert f"/admin/transactions/{renewal_id}" in page
    assert "CNY 1,000.00" not in browsing.words(page)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=2026-13-01", "From Please enter a day such as 2026-11-23."),
        ("since=yesterday", "Please enter a day such as 2026-11-23."),
        ("since=0001-01-01", "Please enter a day such as 2026-11-23."),
        ("since=2026-11-22&until=2026-11-21", "Until This day is before the first one."),
        ("state=happy", "Please choose one of the list."),
        ("amount_from=100", "Currency Choose the currency of the amount as well."),
        ("currency=CNY&amount_from=1e3", "Please enter a plain amount such as 1000 or 1,000.50."),
        ("currency=CNY&amount_from=-5", "The amount must be above zero, without a sign."),
        ("currency=JPY&amount_from=1.5", "JPY has at most 0 digits after the point."),
        ("currency=CNY&amount_from=9&amount_to=1", "This amount is below the first one."),
        ("currency=XXQ", "Please enter an ISO currency code such as CNY."),
        ("agent=Nobody+Ltd", "No agent has this name or licence number."),
        ("agent=0192f0c1-0000-7000-8000-000000000000", "No agent has this name or licence number."),
        ("reference=" + "x" * 101, "At most 100 signs, please."),
        ("customer=a%07b", "This contains signs that cannot be printed. Please type it again."),
    ],
)
def test_refuses_what_cannot_be_read_beside_the_field(dana, query, sentence):
    answer = dana.get(f"/admin/transactions?{query}")

    assert answer.status_code == 422
    words = browsing.words(answer.text)
    assert sentence in words
    assert "Nothing is listed while a filter cannot be read." in words


def test_names_the_agents_that_a_vague_name_fits(dana, house):
    in_transaction(lambda: make.agent(name_en="Global Roam", name_zh="环游"))

    answer = dana.get("/admin/transactions?agent=global")

    assert answer.status_code == 422
    words = browsing.words(answer.text)
    assert "Several agents match: Global" in words
    assert "Global Roam (3101-" in words


def test_keeps_every_filter_in_the_links_that_page_on(dana, house):
    for _ in range(51):
        house_place(house)

    page = dana.page("/admin/transactions?state=paid&currency=CNY&amount_from=1&customer=carol%40customers.example")

    older = _link(page, "next")
    for kept in ("state=paid", "currency=CNY", "amount_from=1", "customer=carol%40customers.example", "older="):
        assert kept in older


def house_place(house):
    in_transaction(lambda: make.money_in(house.agent, 20_000))
    return house.place()


def test_pages_to_older_ones_and_back(dana, house):
    for _ in range(60):
        in_transaction(lambda: make.money_in(house.agent, 100))

    first = dana.page("/admin/transactions")
    second = dana.page(_link(first, "next"))
    back = dana.page(_link(second, "prev"))

    assert _rows(first) == 50
    assert _rows(second) == 11
    assert 'rel="next"' not in second
    assert _references(back) == _references(first)
    assert not set(_references(first)) & set(_references(second))


@pytest.mark.parametrize("key", ["older=x", "newer=%0B", "older=" + "9" * 400, "newer=0192"])
def test_takes_odd_keys_for_the_first_page(dana, house, key):
    assert "CNY 1,000.00" in dana.words(f"/admin/transactions?{key}")


def test_answers_htmx_with_the_whole_page_it_picks_the_list_from(dana, house):
    answer = dana.get("/admin/transactions?state=paid", headers={"HX-Request": "true"})

    assert 'id="list"' in answer.text


def test_shows_markup_in_names_as_text(dana, house):
    in_transaction(lambda: setattr(house.customer, "name", "<b>Eve</b>"))
    house.place()

    page = dana.page("/admin/transactions")

    assert "&lt;b&gt;Eve&lt;/b&gt;" in page
    assert "<b>Eve</b>" not in page


def test_an_export_keeps_the_filter_and_leads_to_its_progress(ada, house):
    answer = ada.post("/admin/transactions/export?kind=top_up", format="xlsx")

    assert answer.status_code == 303
    assert answer.location.startswith("/admin/exports/")
    assert last_act().act == "exports.request"
    assert last_act().after == {"kind": "top_up"}


def test_an_export_of_an_unreadable_filter_is_refused(dana, house):
    answer = dana.post("/admin/transactions/export?since=x", format="csv")

    assert answer.status_code == 422
    assert "Please enter a day such as 2026-11-23." in browsing.words(answer.text)


def _link(page: str, rel: str) -> str:
    after = page.partition(f'rel="{rel}"')[2]
    return after.partition('href="')[2].partition('"')[0].replace("&amp;", "&")


def _references(page: str) -> list[str]:
    return [part.partition("<")[0] for part in page.split('class="row-link mono"')[1:]]


def _rows(page: str) -> int:
    return page.count('class="row-link mono"')
