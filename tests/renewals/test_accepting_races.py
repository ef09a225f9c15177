"""Two people of finance decide on one held payment at the same moment: one of them does."""

import threading
from collections import Counter
from uuid import UUID

import pytest
from flask import Flask

from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments import deciding, settling
from portal.payments.models import Payment, PaymentPurpose
from portal.renewals import accepting, verification
from tests import make
from tests.beside import all_at_once
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting

pytestmark = pytest.mark.slow


@pytest.fixture
def held(own_app: Flask, stub: StubProvider) -> Payment:  # noqa: F811
    """CNY 110.00 came for a renewal of 105.00."""
    counter = open_counter()
    online.offering()
    payment = Waiting(counter, online.order(counter), stub).begin()
    stub.settle(payment.reference, Money(11_000, "CNY"))
    settling.ask(payment.id)
    db.session.rollback()  # nothing of ours stays open beside the others
    return payment


def decide_twice(app: Flask, payment_id: UUID, *acts: object) -> dict[str, int]:
    left = iter(acts)

    def decide() -> object:
        act = next(left)
        return in_transaction(lambda: act(payment_id, actor=make.actor(name="Fiona")))  # type: ignore[operator]

    return dict(Counter(type(ending).__name__ for ending in all_at_once(app, decide, times=len(acts))))


def test_it_is_accepted_or_given_back(own_app: Flask, held: Payment) -> None:
    assert decide_twice(own_app, held.id, accepting.accept_held, deciding.give_back) == {"NoneType": 1, "NotHeld": 1}

    sums = sorted(refund.amount_minor for refund in in_transaction(online.refunds))
    assert (online.now(held).state.value, sums) in [("settled", [500]), ("returned", [11_000])]
    assert in_transaction(verification.verify_everything) == []


def test_without_its_lock_both_find_it_held_and_the_renewals_own_stops_the_second(
    own_app: Flask, held: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_looked = threading.Barrier(2)

    def unlocked(payment_id: UUID, _purpose: PaymentPurpose | None = None) -> Payment:
        found = db.session.get_one(Payment, payment_id, populate_existing=True)
        both_have_looked.wait(10)
        return found

    monkeypatch.setattr(deciding, "held", unlocked)

    assert decide_twice(own_app, held.id, accepting.accept_held, accepting.accept_held) == {"NoneType": 1, "TooLate": 1}
