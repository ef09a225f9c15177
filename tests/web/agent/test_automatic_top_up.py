"""An owner agrees to automatic top-ups in one sentence, sees how they go on, and ends them with one button."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from portal.core import clock
from portal.core.db import db, in_transaction, transaction
from portal.core.money import Money
from portal.payments import queries as payments
from portal.payments import saving, settling
from portal.payments.models import Payment, SavedMethod
from portal.payments.providers import base
from portal.payments.providers.base import Declined, Method, UnknownOutcome
from portal.wallets import pausing, refilling
from portal.wallets import queries as wallets
from portal.wallets.models import AutomaticTopUp, TopUpPause
from tests import browsing, make
from tests.payments import stage
from tests.payments.stub import StubProvider
from tests.web.agent.conftest import Counter
from tests.working import work_all

PAGE = "/agent/wallet/automatic"
LOW_BALANCE = "/agent/wallet/low-balance"

AGREED = {"currency": "CNY", "threshold": "500", "amount": "1,000", "most_a_day": "3", "most": "3000"}


@pytest.fixture
def online(counter: Counter, stub: StubProvider) -> Counter:
    """The counter of an agent with CNY 1,000.00 to whom cards are offered."""
    in_transaction(stage.offering)
    return counter


@pytest.fixture
def card(online: Counter, stub: StubProvider) -> SavedMethod:
    """The card that was kept with a top-up of CNY 1,000.00 on the top-up page."""
    page = online.browser.get("/agent/wallet/top-up?save=yes").text
    assert 'name="save"' in page
    answer = online.post(
        "/agent/wallet/top-up",
        amount="1000",
        currency="CNY",
        method="card",
        save="y",
        idempotency_key=browsing.field_value(page, "idempotency_key"),
    )
    payment = in_transaction(lambda: payments.by_id(UUID(answer.location.rpartition("/")[2])))
    kept = base.SavedMethod("pm", "cus", "Visa ...4242", "2028-04")
    stub.settle(payment.reference, Money(100_000, "CNY"), saved=kept)
    settling.ask(payment.id)
    return in_transaction(lambda: saving.of_agent(online.agent.id)[0])


def mandate(counter: Counter) -> AutomaticTopUp:
    found = in_transaction(lambda: wallets.automatic(counter.agent.id, "CNY"))
    assert found is not None
    return found


def agree(counter: Counter, card: SavedMethod, **changes: str) -> Any:
    return counter.post(PAGE, **{**AGREED, "method": str(card.id), "agreed": "yes", **changes})


def spend(counter: Counter, minor: int) -> None:
    in_transaction(lambda: make.spend(counter.agent, minor))


def test_without_a_card_the_page_says_how_to_keep_one(online: Counter) -> None:
    shown = online.get(PAGE).text

    assert "Nothing is saved yet that can be charged in CNY" in browsing.words(shown)
    assert "/agent/wallet/top-up?currency=CNY&amp;save=yes" in shown


def test_what_is_agreed_to_is_shown_before_it_is_agreed(online: Counter, card: SavedMethod) -> None:
    form = online.get(PAGE).text
    assert browsing.field_value(form, "threshold") == "500.00"
    assert browsing.field_value(form, "most_a_day") == "3"

    answer = online.post(PAGE, **AGREED, method=str(card.id))

    assert answer.status_code == 200
    words = browsing.words(answer.text)
    assert "may charge Visa ...4242 with CNY 1,000.00 whenever less than CNY 500.00 can be spent" in words
    assert "Limits a day: 3 ×, CNY 3,000.00 in all." in words
    assert "Agree: CNY 1,000.00 from Visa ...4242, whenever below CNY 500.00" in words
    assert in_transaction(lambda: wallets.automatic(online.agent.id, "CNY")) is None


def begin_by_hand(counter: Counter, amount: str) -> Payment:
    page = counter.browser.get("/agent/wallet/top-up").text
    answer = counter.post(
        "/agent/wallet/top-up",
        amount=amount,
        currency="CNY",
        method="card",
        idempotency_key=browsing.field_value(page, "idempotency_key"),
    )
    return in_transaction(lambda: payments.by_id(UUID(answer.location.rpartition("/")[2])))


def test_what_holds_the_first_charge_back_is_named_before_it_is_agreed(online: Counter, card: SavedMethod) -> None:
    spend(online, 160_000)
    begun = begin_by_hand(online, "300")

    page = online.post(PAGE, **AGREED, method=str(card.id)).text

    words = browsing.words(page)
    assert "nobody is charged while these top-ups may still be paid" in words
    assert f"{begun.reference} 22 Nov 2026, 14:18 · Credit or debit card CNY 300.00 until 15:03" in words
    assert f'href="/agent/wallet/top-ups/{begun.id}"' in page
    assert "within a minute" not in words


def test_a_charge_that_is_held_back_says_by_which_payment(online: Counter, card: SavedMethod) -> None:
    agree(online, card)
    spend(online, 160_000)
    begun = begin_by_hand(online, "300")

    words = online.words(LOW_BALANCE)

    assert "nobody is charged while these top-ups may still be paid" in words
    assert f"{begun.reference} 22 Nov 2026, 14:18 · Credit or debit card CNY 300.00 until 15:03" in words


def test_too_little_on_its_way_holds_nothing_back(online: Counter, card: SavedMethod) -> None:
    spend(online, 160_000)
    begin_by_hand(online, "99.99")

    words = browsing.words(online.post(PAGE, **AGREED, method=str(card.id)).text)

    assert "the first top-up follows within a minute, unless you begin one yourself" in words


def test_once_agreed_it_is_on_and_the_sentence_is_kept(online: Counter, card: SavedMethod) -> None:
    answer = agree(online, card)

    assert answer.status_code == 303
    standing = mandate(online)
    assert standing.is_on
    assert standing.consented_by == online.owner.id
    assert " ".join(standing.consent.split()).startswith(
        "LEB Communications (example) Ltd may charge Visa ...4242 with CNY 1,000.00 whenever less than CNY 500.00"
    )
    assert "Agreed to by Alice" in online.words(LOW_BALANCE)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "499.99"},
        {"amount": "1000000.01", "most": "2000000"},
        {"most": "999.99"},
        {"most_a_day": "0"},
        {"most_a_day": "21"},
        {"most_a_day": "x"},
        {"most_a_day": "²"},
        {"most_a_day": "-1"},
        {"threshold": "0"},
        {"threshold": ""},
        {"amount": "1e3"},
        {"method": ""},
        {"method": "0192f0c1-0000-7000-8000-000000000000"},
    ],
)
def test_refuses_what_cannot_be_agreed_to(online: Counter, card: SavedMethod, changes: dict[str, str]) -> None:
    answer = agree(online, card, **changes)

    assert answer.status_code == 422
    assert in_transaction(lambda: wallets.automatic(online.agent.id, "CNY")) is None


def test_what_is_not_offered_in_the_currency_is_not_charged(online: Counter, card: SavedMethod) -> None:
    with transaction():
        db.session.get_one(SavedMethod, card.id).method = Method.PAYPAL

    assert "Nothing is saved yet that can be charged in CNY" in online.words(PAGE)
    assert "Nothing is saved yet that can be charged in CNY" in online.words(LOW_BALANCE)
    assert agree(online, card).status_code == 422
    assert in_transaction(lambda: wallets.automatic(online.agent.id, "CNY")) is None


def test_another_agents_card_is_not_charged(online: Counter, card: SavedMethod, bob: FlaskClient) -> None:
    token = browsing.csrf_token(bob.get("/agent/clerks/").text)

    answer = bob.post(PAGE, data={"csrf_token": token, **AGREED, "method": str(card.id), "agreed": "yes"})

    assert answer.status_code == 422


def test_a_currency_without_a_wallet_is_not_found(counter: Counter) -> None:
    assert counter.get(f"{PAGE}?currency=JPY").status_code == 404
    assert counter.post(PAGE, currency="JPY", threshold="5").status_code == 404


def test_only_the_owner_settles_it(online: Counter, card: SavedMethod, clerk: FlaskClient) -> None:
    token = browsing.csrf_token(clerk.get("/agent/wallet/top-up").text)

    assert clerk.get(PAGE).status_code == 403
    for address in (PAGE, f"{PAGE}/off", f"{PAGE}/resume", f"/agent/wallet/saved-methods/{card.id}/remove"):
        assert clerk.post(address, data={"csrf_token": token, **AGREED}).status_code == 403
    assert "Remove" in online.words("/agent/wallet")
    assert "Remove" not in browsing.words(clerk.get("/agent/wallet").text)


def test_a_wallet_that_falls_short_is_topped_up_and_the_page_shows_it(
    online: Counter, card: SavedMethod, stub: StubProvider
) -> None:
    agree(online, card)
    spend(online, 160_000)

    in_transaction(refilling.sweep)
    work_all()

    assert online.wallet_minor() == 140_000
    page = online.words(LOW_BALANCE)
    assert "Automatic top-ups so far" in page
    assert "Automatic top-up on" in online.words("/agent/wallet")
    assert "Credit or debit card, automatic" in online.words("/agent/wallet")


def test_a_charge_that_nobody_knows_of_yet_says_so(online: Counter, card: SavedMethod, stub: StubProvider) -> None:
    agree(online, card)
    spend(online, 160_000)
    stub.failure = UnknownOutcome("no_answer_in_time")
    in_transaction(refilling.sweep)
    work_all()
    (payment,) = in_transaction(lambda: payments.open_top_ups(online.agent.id, "CNY"))

    words = online.words(f"/agent/wallet/top-ups/{payment.id}")

    assert "CNY 1,000.00 is being charged automatically." in words
    assert "Still on its way CNY 1,000.00" in online.words(LOW_BALANCE)


def test_a_pause_is_shown_everywhere_and_ended_with_one_button(
    online: Counter, card: SavedMethod, stub: StubProvider
) -> None:
    agree(online, card)
    standing = mandate(online)
    in_transaction(lambda: pausing.pause(refilling._locked(standing.id), TopUpPause.DECLINES))
    assert "Automatic top-up in CNY does not go on. Visa ...4242 was declined several times" in online.words("/agent/")

    assert online.post(f"{PAGE}/resume?currency=CNY").status_code == 303

    assert not mandate(online).is_paused
    assert "does not go on" not in online.words("/agent/")


def test_a_decline_says_when_it_is_tried_again(online: Counter, card: SavedMethod, stub: StubProvider) -> None:
    agree(online, card)
    spend(online, 160_000)
    stub.failure = Declined("insufficient_funds")
    in_transaction(refilling.sweep)
    work_all()

    assert "Visa ...4242 was declined; nothing was charged. It is tried again from 15:18" in online.words(LOW_BALANCE)
    assert clock.now().hour == 6


def test_it_is_switched_off_with_one_button(online: Counter, card: SavedMethod) -> None:
    agree(online, card)

    assert online.post(f"{PAGE}/off?currency=CNY").status_code == 303

    assert not mandate(online).is_on
    assert online.post(f"{PAGE}/off?currency=CNY").status_code == 404


def test_forgetting_the_card_pauses_it(online: Counter, card: SavedMethod) -> None:
    agree(online, card)

    assert online.post(f"/agent/wallet/saved-methods/{card.id}/remove").status_code == 303

    assert mandate(online).pause is TopUpPause.CARD_GONE
    assert "is no longer saved" in online.words(LOW_BALANCE)
