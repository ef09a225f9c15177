"""Two payments for one renewal at the same moment, one payment told of by twenty, and a payment beside its end."""

import threading
from collections import Counter
from uuid import UUID

import pytest
from flask import Flask

from portal.core.actor import WORKER
from portal.core.db import db, in_transaction
from portal.core.outbox import TryLater
from portal.payments import settling
from portal.payments.beginning import Choice
from portal.payments.models import Payment
from portal.payments.providers.base import Method, Surface
from portal.renewals import cancelling, events, fulfilment, paying, verification
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState, StateRefused
from tests.beside import all_at_once
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting

pytestmark = pytest.mark.slow


@pytest.fixture
def waiting(own_app: Flask, stub: StubProvider) -> Waiting:  # noqa: F811
    counter = open_counter()
    online.offering()
    made = Waiting(counter, online.order(counter), stub)
    db.session.rollback()  # nothing of ours stays open beside the others
    return made


def paid_twice(waiting: Waiting) -> list[Payment]:
    """Have carol pay the same renewal at the computer and on the phone."""
    payments = [waiting.begin(), waiting.begin(Choice(Method.CARD, Surface.MOBILE, "en"))]
    for payment in payments:
        waiting.provider.settle(payment.reference, payment.amount)
    return payments


def endings(payments: list[Payment]) -> dict[str, int]:
    return dict(Counter(online.now(payment).state.value for payment in payments))


def settle_at_once(app: Flask, payments: list[Payment]) -> None:
    left = iter([payment.id for payment in payments])
    all_at_once(app, lambda: settling.ask(next(left)), times=len(payments))


def test_of_two_payments_at_once_one_goes_back(own_app: Flask, waiting: Waiting) -> None:
    payments = paid_twice(waiting)

    settle_at_once(own_app, payments)

    assert endings(payments) == {"settled": 1, "returned": 1}
    assert in_transaction(online.refunds)[0].amount_minor == 10_500
    assert in_transaction(verification.verify_everything) == []


def test_without_the_lock_both_are_kept(own_app: Flask, waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    payments = paid_twice(waiting)
    both_have_looked = threading.Barrier(2)

    def unlocked(renewal_id: UUID) -> Renewal:
        found = db.session.get_one(Renewal, renewal_id, populate_existing=True)
        both_have_looked.wait(10)
        return found

    monkeypatch.setattr(paying, "_locked", unlocked)

    settle_at_once(own_app, payments)

    assert endings(payments) == {"settled": 2}
    assert in_transaction(online.refunds) == []
    assert {finding.rule for finding in in_transaction(verification.verify_everything)} == {"payments"}


def test_one_payment_told_of_by_twenty_is_booked_once(own_app: Flask, waiting: Waiting) -> None:
    payment = waiting.begin()
    waiting.provider.settle(payment.reference, payment.amount)

    all_at_once(own_app, lambda: settling.ask(payment.id), times=20)

    assert in_transaction(lambda: online.transfers(waiting.ordered.id)) == [
        ("hold", "clearing:stripe", "escrow", 10_500)
    ]
    assert in_transaction(lambda: online.work(waiting.ordered.id)) == ["renewals.expire", "renewals.fulfil"]
    assert in_transaction(verification.verify_everything) == []


def test_a_payment_beside_its_cancellation_is_taken_or_goes_back(own_app: Flask, waiting: Waiting) -> None:
    payment = waiting.begin()
    waiting.provider.settle(payment.reference, payment.amount)
    acts = iter(
        [
            lambda: settling.ask(payment.id),
            lambda: in_transaction(lambda: cancelling.cancel(waiting.ordered.id, actor=waiting.counter.actor)),
        ]
    )

    def one_of_both() -> None:
        act = next(acts)
        act()

    endings_of_both = all_at_once(own_app, one_of_both, times=2)

    was_cancelled = not any(isinstance(ending, StateRefused) for ending in endings_of_both)
    state = in_transaction(lambda: waiting.renewal.state)
    assert state is (RenewalState.CANCELLED if was_cancelled else RenewalState.PAID)
    assert endings([payment]) == {"returned" if was_cancelled else "settled": 1}
    assert in_transaction(verification.verify_everything) == []


def test_a_refusal_looked_into_twice_sends_the_money_back_once(
    own_app: Flask, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting.pay()
    in_transaction(lambda: events.move(waiting.renewal, RenewalState.SUBMITTING, actor=WORKER))
    # No submission reaches the carrier for so long that it is taken to refuse.
    monkeypatch.setattr(fulfilment, "next_act", lambda *_args, **_kwargs: None)

    results = all_at_once(own_app, lambda: fulfilment.fulfil(waiting.ordered.id), times=8)

    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, TryLater)]
    assert len(in_transaction(online.refunds)) == 1
    online.carry_out_refunds()
    assert in_transaction(lambda: waiting.renewal.state) is RenewalState.RETURNED
    assert in_transaction(verification.verify_everything) == []
