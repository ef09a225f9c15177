"""An owner settles below what the agent is told; everybody at the counter sees that a wallet runs low."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from portal.core.db import in_transaction, transaction
from portal.wallets import queries as wallets
from tests import browsing, make
from tests.web.agent.conftest import Counter

PAGE = "/agent/wallet/low-balance"


def test_a_threshold_is_kept_shown_and_removed(counter: Counter) -> None:
    answer = counter.post(PAGE, currency="CNY", threshold="500")
    assert answer.status_code == 303
    assert browsing.field_value(counter.get(PAGE).text, "threshold") == "500.00"
    assert "Warning below CNY 500.00" in counter.words("/agent/wallet")

    assert counter.post(f"{PAGE}/remove?currency=CNY").status_code == 303
    assert "Warning below not set" in counter.words("/agent/wallet")


@pytest.mark.parametrize("threshold", ["", "0", "-5", "1e3", "１００", "5.005", "x", "9" * 16])
def test_refuses_a_threshold_that_is_no_amount(counter: Counter, threshold: str) -> None:
    answer = counter.post(PAGE, currency="CNY", threshold=threshold)

    assert answer.status_code == 422
    assert in_transaction(lambda: wallets.threshold_of(counter.agent.id, "CNY")) is None


@pytest.mark.parametrize("page", ["/agent/", "/agent/wallet", "/agent/cards/", "/agent/customers/", "/agent/renewals/"])
def test_everybody_at_the_counter_sees_that_it_runs_low(counter: Counter, clerk: FlaskClient, page: str) -> None:
    counter.post(PAGE, currency="CNY", threshold="500")
    assert "wallet runs low" not in counter.words(page)
    with transaction():
        make.spend(counter.agent, 60_000)
        make.credit_limit(counter.agent, 5_000)

    for words in (counter.words(page), browsing.words(clerk.get(page).text)):
        assert "The CNY wallet runs low: CNY 450.00 left to spend." in words
        assert "Balance CNY 400.00, credit limit CNY 50.00" in words


def test_without_a_card_the_page_says_how_to_keep_one(counter: Counter) -> None:
    shown = counter.get(PAGE).text

    assert "Nothing is saved yet that can be charged in CNY" in browsing.words(shown)
    assert "/agent/wallet/top-up?currency=CNY&amp;save=yes" in shown


def test_a_currency_without_a_wallet_is_not_found(counter: Counter) -> None:
    assert counter.get(f"{PAGE}?currency=JPY").status_code == 404
    assert counter.post(PAGE, currency="JPY", threshold="5").status_code == 404


def test_only_the_owner_settles_it(counter: Counter, clerk: FlaskClient) -> None:
    token = browsing.csrf_token(clerk.get("/agent/wallet/top-up").text)

    assert clerk.get(PAGE).status_code == 403
    for address in (PAGE, f"{PAGE}/remove"):
        assert clerk.post(address, data={"csrf_token": token, "currency": "CNY", "threshold": "500"}).status_code == 403


def test_a_page_that_refuses_asks_nothing_of_wallets(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(agent_id: UUID) -> None:
        raise AssertionError

    monkeypatch.setattr(wallets, "low_of_agent", unreachable)
    monkeypatch.setattr(wallets, "hindered", unreachable)

    assert counter.get("/agent/cards/0192f0c1-0000-7000-8000-000000000000").status_code == 404
