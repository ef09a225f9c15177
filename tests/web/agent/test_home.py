from datetime import UTC, datetime, timedelta

import pytest

from portal.core.db import in_transaction
from portal.web.agent import home
from tests import browsing, make
from tests.web.agent.conftest import NOW


@pytest.mark.parametrize(
    ("hour_in_shanghai", "words"),
    [(5, "Good morning"), (12, "Good afternoon"), (18, "Good evening"), (4, "Good evening")],
)
def test_greets_by_the_hour_of_the_portals_zone(app, hour_in_shanghai, words):
    at = datetime(2026, 11, 22, 16, tzinfo=UTC) + timedelta(hours=hour_in_shanghai)

    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert home.greeting(at) == words


def test_counts_the_month_and_names_the_wallet(counter):
    counter.place()

    words = counter.words("/agent/")

    assert "Good afternoon, Alice" in words
    assert "CNY 895.00" in words
    assert "Credit limit 0.00" in words
    assert "Under way 1" in words


def test_lists_what_runs_out_with_the_way_to_renew(counter):
    page = counter.get("/agent/").text

    assert "Carol Chan" in page
    assert "1 day left" in browsing.words(page)
    assert f"/agent/cards/{counter.card.id}/renew" in page


def test_counts_cards_by_the_days_they_have_left(counter):
    in_transaction(lambda: make.card(counter.customer, valid_until=NOW + timedelta(days=10)))

    words = counter.words("/agent/")

    assert "3 days 1" in words
    assert "7 days 1" in words
    assert "14 days 2" in words


def test_narrows_the_list_to_the_chosen_days(counter):
    in_transaction(
        lambda: make.card(
            counter.customer, valid_until=NOW + timedelta(days=10), iccid="8943108170000828413", data_left_mb=9000
        )
    )

    assert "8943 1081 7000 0828 413" not in counter.words("/agent/?within=3")
    assert "8943 1081 7000 0828 413" in counter.words("/agent/?within=14")


@pytest.mark.parametrize("odd", ["within=-1", "within=abc", "currency=XXX"])
def test_takes_odd_addresses_for_the_usual_page(counter, odd):
    assert counter.get(f"/agent/?{odd}").status_code == 200


def test_lists_a_card_with_little_data_left_whenever_it_expires(counter):
    in_transaction(lambda: make.card(counter.customer, valid_until=NOW + timedelta(days=90), data_left_mb=1000))

    assert counter.words("/agent/?within=3").count("Carol Chan") >= 2


def test_draws_sales_and_expiry(counter):
    page = counter.get("/agent/").text

    assert page.count("data-chart") == 2
    assert '"digits": 2' in page
    assert "One card expires within 14 days" in browsing.words(page)


def test_welcomes_an_agent_with_nothing_yet(bob):
    words = browsing.words(bob.get("/agent/").text)

    assert "Nothing runs out within 7 days" in words
    assert "No renewal yet" in words


def test_shows_each_wallet_in_its_own_currency(counter):
    in_transaction(lambda: make.terms(counter.agent, currency="USD"))
    in_transaction(lambda: make.money_in(counter.agent, 50_000, currency="USD"))

    page = counter.get("/agent/?currency=USD").text

    assert "USD 500.00" in browsing.words(page)
    assert "/agent/?currency=CNY" in page
