"""Finance decides on a renewal that was paid with another sum: it goes on with its total, or all of it goes back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from portal.core import clock, settings
from portal.core.db import in_transaction, transaction
from portal.core.money import Money
from portal.core.outbox import TryLater
from portal.demo.stand_in import StandIns
from portal.payments import deciding, settling
from portal.payments.errors import NotHeld, TooLate
from portal.payments.models import Payment, PaymentState
from portal.renewals import accepting, cancelling, fulfilment, verification
from portal.renewals.errors import PaidTooLittle
from portal.renewals.states import RenewalState
from tests import make, renewed
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import Counter
from tests.renewals.online import Waiting

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)


@pytest.fixture
def waiting(counter: Counter, stub: StubProvider) -> Iterator[Waiting]:  # noqa: F811
    """Alice has ordered a renewal that carol is to pay: CNY 105.00."""
    with transaction():
        counter.plan.plan.code = renewed.PLAN_CODE
    online.offering()
    with clock.fixed(NOW):
        yield Waiting(counter, online.order(counter), stub)


def held(waiting: Waiting, paid: Money) -> Payment:
    payment = waiting.begin()
    waiting.provider.settle(payment.reference, paid)
    settling.ask(payment.id)
    assert online.now(payment).state is PaymentState.HELD
    return payment


def accept(payment: Payment) -> None:
    in_transaction(lambda: accepting.accept_held(payment.id, actor=make.actor(name="Fiona")))


def test_a_renewal_that_was_paid_too_much_goes_on_and_the_rest_goes_back(waiting: Waiting) -> None:
    payment = held(waiting, Money(11_000, "CNY"))

    accept(payment)

    assert online.now(payment).state is PaymentState.SETTLED
    assert waiting.renewal.state is RenewalState.PAID
    assert online.transfers(waiting.ordered.id) == [("hold", "clearing:stripe", "escrow", 10_500)]
    (rest,) = online.refunds()
    assert (rest.reference, rest.amount) == (f"{payment.reference}-REST", Money(500, "CNY"))
    assert online.work(waiting.ordered.id) == ["renewals.expire", "renewals.fulfil"]
    assert in_transaction(verification.verify_everything) == []


def test_it_is_delivered_and_refunded_like_any_other(waiting: Waiting) -> None:
    accept(held(waiting, Money(11_000, "CNY")))
    online.carry_out_refunds()

    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)

    assert waiting.renewal.state is RenewalState.DELIVERED
    assert in_transaction(verification.verify_everything) == []


def test_what_the_carrier_refuses_goes_back_whole_beside_the_rest(waiting: Waiting) -> None:
    accept(held(waiting, Money(11_000, "CNY")))
    with transaction():
        waiting.counter.plan.plan.code = "SOLD-NOWHERE"

    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)
    online.carry_out_refunds()

    assert sorted(refund.amount.minor for refund in online.refunds()) == [500, 10_500]
    assert waiting.renewal.state is RenewalState.RETURNED
    assert in_transaction(verification.verify_everything) == []


@pytest.mark.parametrize("paid", [Money(10_499, "CNY"), Money(10_500, "USD")])
def test_refuses_less_than_the_total_and_another_currency(waiting: Waiting, paid: Money) -> None:
    payment = held(waiting, paid)

    with pytest.raises(PaidTooLittle):
        accept(payment)

    assert online.now(payment).state is PaymentState.HELD
    assert waiting.renewal.state is RenewalState.AWAITING_PAYMENT


def test_refuses_when_the_renewal_was_cancelled_meanwhile(waiting: Waiting) -> None:
    payment = held(waiting, Money(11_000, "CNY"))
    in_transaction(lambda: cancelling.cancel(waiting.ordered.id, actor=waiting.counter.actor))

    with pytest.raises(TooLate):
        accept(payment)

    assert online.now(payment).state is PaymentState.HELD
    in_transaction(lambda: deciding.give_back(payment.id, actor=make.actor(name="Fiona")))
    assert [refund.amount for refund in online.refunds()] == [Money(11_000, "CNY")]


def test_refuses_a_second_decision(waiting: Waiting) -> None:
    payment = held(waiting, Money(11_000, "CNY"))
    accept(payment)

    with pytest.raises(NotHeld):
        accept(payment)

    assert len(online.refunds()) == 1


def test_the_renewal_waits_for_the_decision_though_its_link_runs_out(waiting: Waiting) -> None:
    payment = held(waiting, Money(11_000, "CNY"))

    with clock.fixed(NOW + timedelta(hours=25)):
        with pytest.raises(TryLater):
            in_transaction(lambda: cancelling.expire(waiting.ordered.id))
        accept(payment)

    assert waiting.renewal.state is RenewalState.PAID


def test_a_rest_that_was_never_sent_back_is_found(waiting: Waiting) -> None:
    payment = held(waiting, Money(11_000, "CNY"))
    accept(payment)
    with transaction():
        (rest,) = online.refunds()
        rest.kind = ""

    (finding,) = in_transaction(verification.verify_everything)

    assert (finding.rule, waiting.ordered.reference in str(finding)) == ("payments", True)
