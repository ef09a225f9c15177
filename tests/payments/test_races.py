"""Twenty at once: one notice, one credit, refunds within what was paid; and what happens without the guards."""

import threading
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import pytest
from flask import Flask

from portal.core.db import db, in_transaction, transaction
from portal.core.money import Money
from portal.payments import calls, noticing, purposes, refunding, settling
from portal.payments.errors import MoreThanPaid
from portal.payments.models import Payment, PaymentNotice, PaymentPurpose, PaymentState, ProviderRefund
from portal.renewals import verification
from tests import make
from tests.beside import all_at_once
from tests.payments import stage
from tests.payments.stub import StubProvider
from tests.working import work_all

pytestmark = pytest.mark.slow

Looked = TypeVar("Looked")


def unlocked(payment_id: UUID) -> Payment:
    """Read a payment as `calls.locked` does, without its lock."""
    return db.session.get_one(Payment, payment_id, populate_existing=True)


def meeting(look: Callable[..., Looked], *, times: int) -> Callable[..., Looked]:
    """Let so many look before any of them goes on."""
    all_have_looked = threading.Barrier(times)

    def look_and_meet(*about: object) -> Looked:
        seen = look(*about)
        all_have_looked.wait(20)
        return seen

    return look_and_meet


def test_one_webhook_delivered_by_twenty_at_once_credits_once(own_app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    answers = all_at_once(own_app, lambda: stage.tell(payment.reference), times=20)
    work_all()

    assert answers == [(200, "application/json", "{}")] * 20
    assert stage.count(PaymentNotice) == 1
    assert stage.balance(alice) == 100_000
    assert verification.verify_everything() == []


def test_twenty_webhooks_of_one_payment_looked_into_at_once_credit_once(own_app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))
    for number in range(20):
        stage.tell(payment.reference, f"evt_{number}")
    waiting = stage.notices()

    endings = all_at_once(own_app, lambda: noticing.look_into(waiting.pop()), times=20)

    assert endings == [None] * 20
    assert stage.now(payment).state is PaymentState.SETTLED
    assert stage.balance(alice) == 100_000
    assert verification.verify_everything() == []


@pytest.fixture
def sold(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Holds the payment each time that what was paid for is handed out."""
    handed_out: list[UUID] = []
    monkeypatch.setitem(purposes.SETTLES, PaymentPurpose.TOP_UP, lambda payment: handed_out.append(payment.id))
    return handed_out


def _settled_there(stub: StubProvider) -> UUID:
    payment = stage.top_up(stage.agent())
    stub.settle(payment.reference, Money(100_000, "CNY"))
    return payment.id


def test_a_payment_is_settled_once_by_twenty(own_app: Flask, stub: StubProvider, sold: list[UUID]) -> None:
    payment_id = _settled_there(stub)

    all_at_once(own_app, lambda: settling.ask(payment_id), times=20)

    assert sold == [payment_id]


def test_without_the_lock_it_would_be_settled_often(
    own_app: Flask, stub: StubProvider, sold: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = _settled_there(stub)
    monkeypatch.setattr(calls, "locked", meeting(unlocked, times=5))

    all_at_once(own_app, lambda: settling.ask(payment_id), times=5)

    assert sold == [payment_id] * 5


def _paid(stub: StubProvider) -> UUID:
    payment_id = _settled_there(stub)
    settling.ask(payment_id)
    return payment_id


def _give_back(own_app: Flask, payment_id: UUID, *, times: int) -> tuple[int, list[object]]:
    numbers = list(range(times))

    def give_back() -> None:
        number = numbers.pop()
        in_transaction(
            lambda: refunding.give_back(
                payment_id, Money(60_000, "CNY"), reference=f"C-{number}", reason="", actor=make.actor()
            )
        )

    endings = all_at_once(own_app, give_back, times=times)
    return stage.count(ProviderRefund), endings


def test_refunds_at_once_never_sum_above_the_payment(own_app: Flask, stub: StubProvider) -> None:
    count, endings = _give_back(own_app, _paid(stub), times=20)

    assert count == 1
    assert sum(isinstance(ending, MoreThanPaid) for ending in endings) == 19


def test_without_the_lock_they_would(own_app: Flask, stub: StubProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    payment_id = _paid(stub)
    monkeypatch.setattr(calls, "locked", unlocked)
    monkeypatch.setattr(refunding, "left_of", meeting(refunding.left_of, times=5))

    count, _endings = _give_back(own_app, payment_id, times=5)

    assert count == 5


def _next(acts: list[Callable[[], None]]) -> None:
    acts.pop()()


def test_a_top_up_settles_while_the_wallet_is_being_spent(own_app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    with transaction():
        make.money_in(alice, 10_000)
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))
    acts = [lambda: settling.ask(payment.id), *[lambda: in_transaction(lambda: make.spend(alice, 1_000))] * 19]

    endings = all_at_once(own_app, lambda: _next(acts), times=20)

    assert stage.balance(alice) == 10_000 + 100_000 - 1_000 * endings.count(None) + 1_000
    assert stage.balance(alice) >= 91_000
    assert verification.verify_everything() == []
