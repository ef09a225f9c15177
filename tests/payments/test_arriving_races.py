"""Twenty at once have the database settle: one does, and what holds that without one guard or the other."""

from collections import Counter

import pytest
from flask import Flask

from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments import settling
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentCall, PaymentState
from portal.payments.providers.base import Method, Surface
from portal.renewals import verification
from portal.wallets.models import TopUp
from tests import functions
from tests.beside import all_at_once
from tests.payments import stage
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting

pytestmark = pytest.mark.slow


def test_a_payment_is_settled_once_by_twenty(own_app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    first, second = stage.top_up(alice, 5_000, key="k-0"), stage.top_up(alice, key="k-1")
    for payment in (first, second):
        stub.settle(payment.reference, payment.amount)
    settling.ask(first.id)

    endings = all_at_once(own_app, lambda: settling.ask(second.id), times=20)

    assert endings == [None] * 20
    assert stage.balance(alice) == 105_000
    assert stage.count(TopUp) == 2
    assert in_transaction(verification.verify_everything) == []


def test_without_the_lock_the_key_of_the_entry_still_lets_one_through(own_app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    first, second = stage.top_up(alice, 5_000, key="k-0"), stage.top_up(alice, key="k-1")
    for payment in (first, second):
        stub.settle(payment.reference, payment.amount)
    settling.ask(first.id)
    functions.allow_meeting()
    functions.define(_without_the_lock("settle_payment", times=5))

    endings = all_at_once(own_app, lambda: settling.ask(second.id), times=5)

    assert endings == [None] * 5
    assert stage.balance(alice) == 105_000
    assert stage.count(PaymentCall) == 2 + 1 + 5


def paid_twice(stub: StubProvider) -> list[Payment]:
    """Have carol pay one renewal at the computer and on the phone, after another that opened the accounts."""
    counter = open_counter()
    online.offering()
    Waiting(counter, online.order(counter), stub).pay()
    waiting = Waiting(counter, online.order(counter), stub)
    payments = [waiting.begin(), waiting.begin(Choice(Method.CARD, Surface.MOBILE, "en"))]
    for payment in payments:
        stub.settle(payment.reference, payment.amount)
    db.session.rollback()  # nothing of ours stays open beside the others
    return payments


def settle_at_once(app: Flask, payments: list[Payment]) -> dict[PaymentState, int]:
    left = iter([payment.id for payment in payments])
    all_at_once(app, lambda: settling.ask(next(left)), times=len(payments))
    return dict(Counter(online.now(payment).state for payment in payments))


def test_of_two_payments_for_one_renewal_one_goes_back(own_app: Flask, stub: StubProvider) -> None:
    endings = settle_at_once(own_app, paid_twice(stub))

    assert endings == {PaymentState.SETTLED: 1, PaymentState.RETURNED: 1}
    assert in_transaction(online.refunds)[0].amount == Money(10_500, "CNY")
    assert in_transaction(verification.verify_everything) == []


def test_without_the_lock_and_the_key_both_are_kept(own_app: Flask, stub: StubProvider) -> None:
    payments = paid_twice(stub)
    functions.allow_meeting()
    unguarded = _without_the_lock("pay_renewal", times=2)
    assert "<> 'posted'" in unguarded
    functions.define(unguarded.replace("<> 'posted'", "= 'no_account'"))

    endings = settle_at_once(own_app, payments)

    assert endings == {PaymentState.SETTLED: 2}
    assert {finding.rule for finding in in_transaction(verification.verify_everything)} == {"payments"}


def _without_the_lock(function: str, *, times: int) -> str:
    """Give a function that locks nothing, and goes on once so many have looked."""
    if function == "settle_payment":
        sql = functions.rewritten(function, "    FOR NO KEY UPDATE;", ";")
        return sql.replace("    is_booked := CASE", f"    PERFORM meet({times});\n    is_booked := CASE")
    sql = functions.rewritten(function, "    PERFORM FROM renewals WHERE id = renewal FOR NO KEY UPDATE;\n", "")
    return sql.replace("    IF post_entry(", f"    PERFORM meet({times});\n    IF post_entry(")
