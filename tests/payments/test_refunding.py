"""Money goes back through its provider once a reference, never more than was paid, and a refusal is not forgotten."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.core.db import in_transaction
from portal.core.errors import Conflict
from portal.core.money import Money
from portal.core.outbox import TryLater
from portal.payments import purposes, refunding, settling
from portal.payments import queries as payments
from portal.payments.errors import MoreThanPaid, NothingPaid
from portal.payments.models import Payment, ProviderRefund, ProviderRefundState
from portal.payments.providers.base import Declined, RefundStanding, RefundState, UnknownOutcome
from portal.payments.refunding import RefundDiffers
from tests import make
from tests.payments import stage
from tests.payments.stub import StubProvider


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


@pytest.fixture
def paid(app: Flask, stub: StubProvider) -> Payment:
    payment = stage.top_up(stage.agent())
    stub.settle(payment.reference, cny(100_000))
    settling.ask(payment.id)
    return payment


def give_back(payment: Payment, minor: int, reference: str = "C-1", kind: str = "") -> ProviderRefund:
    return in_transaction(
        lambda: refunding.give_back(
            payment.id, cny(minor), reference=reference, reason="asked for", actor=make.actor(), kind=kind
        )
    )


def now(refund: ProviderRefund) -> ProviderRefund:
    return in_transaction(lambda: payments.refund_by_id(refund.id))


def test_succeeds(paid: Payment, stub: StubProvider) -> None:
    refund = give_back(paid, 40_000)

    refunding.carry_out(refund.id)

    assert now(refund).state is ProviderRefundState.SUCCEEDED
    assert now(refund).provider_id == "re_C-1"


def test_the_same_reference_is_one_refund(paid: Payment, stub: StubProvider) -> None:
    first, second = give_back(paid, 40_000), give_back(paid, 40_000)

    refunding.carry_out(first.id)
    refunding.carry_out(second.id)

    assert first.id == second.id
    assert stub.refunded == ["C-1"]


def test_the_same_reference_for_something_else_is_refused(paid: Payment) -> None:
    give_back(paid, 40_000)

    with pytest.raises(RefundDiffers):
        give_back(paid, 40_001)


def test_sums_never_exceed_what_was_paid(paid: Payment) -> None:
    give_back(paid, 60_000)

    with pytest.raises(MoreThanPaid) as refusal:
        give_back(paid, 40_001, "C-2")

    assert refusal.value.parts["left"] == cny(40_000)


@pytest.mark.parametrize("amount", [Money(0, "CNY"), Money(-1, "CNY"), Money(1, "USD")])
def test_refuses_other_amounts(paid: Payment, amount: Money) -> None:
    with pytest.raises(MoreThanPaid):
        in_transaction(lambda: refunding.give_back(paid.id, amount, reference="C-9", reason="", actor=make.actor()))


def test_what_was_not_paid_does_not_go_back(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())

    with pytest.raises(NothingPaid):
        give_back(payment, 1)


def test_a_lost_answer_is_asked_for_again_under_the_same_reference(paid: Payment, stub: StubProvider) -> None:
    refund = give_back(paid, 40_000)
    stub.failure = UnknownOutcome("no_answer_in_time")
    with pytest.raises(TryLater):
        refunding.carry_out(refund.id)
    stub.failure = None

    refunding.carry_out(refund.id)

    assert now(refund).state is ProviderRefundState.SUCCEEDED
    assert stub.refunded == ["C-1"]


def test_a_pending_one_is_asked_about_until_it_is_finished(paid: Payment, stub: StubProvider) -> None:
    stub.refund_state = RefundState.PENDING
    refund = give_back(paid, 40_000)
    with pytest.raises(TryLater) as later:
        refunding.carry_out(refund.id)
    stub.refunds["C-1"] = RefundStanding(RefundState.SUCCEEDED, "re_C-1", cny(40_000), None, {})

    refunding.carry_out(refund.id)

    assert later.value.wait == timedelta(minutes=1)
    assert now(refund).state is ProviderRefundState.SUCCEEDED


def test_one_that_is_declined_is_shown_and_tried_again_under_another_name(paid: Payment, stub: StubProvider) -> None:
    refund = give_back(paid, 40_000)
    stub.failure = Declined("insufficient_balance")
    refunding.carry_out(refund.id)
    assert [found.failure_code for found in in_transaction(payments.failed_refunds)] == ["insufficient_balance"]
    stub.failure = None

    in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))
    refunding.carry_out(refund.id)

    assert now(refund).state is ProviderRefundState.SUCCEEDED
    assert stub.refunded == ["C-1-2"]
    assert in_transaction(payments.failed_refunds) == []


def test_only_a_failed_one_is_tried_again(paid: Payment, stub: StubProvider) -> None:
    refund = give_back(paid, 40_000)

    with pytest.raises(Conflict):
        in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))


def test_a_failed_one_leaves_its_money_to_others_and_is_not_tried_again_above_what_is_left(
    paid: Payment, stub: StubProvider
) -> None:
    refund = give_back(paid, 60_000)
    stub.failure = Declined("no")
    refunding.carry_out(refund.id)

    give_back(paid, 50_000, "C-2")

    with pytest.raises(MoreThanPaid):
        in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))


def test_tells_whoever_asked_how_it_ended(paid: Payment, stub: StubProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[ProviderRefundState] = []
    monkeypatch.setitem(purposes.REFUNDED, "test", lambda refund: ends.append(refund.state))
    refund = give_back(paid, 40_000, kind="test")
    stub.failure = Declined("no")
    refunding.carry_out(refund.id)
    stub.failure = None
    in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))
    refunding.carry_out(refund.id)

    assert ends == [ProviderRefundState.FAILED, ProviderRefundState.SUCCEEDED]


def test_notices_find_it_by_our_reference_and_by_theirs(paid: Payment, stub: StubProvider) -> None:
    stub.refund_state = RefundState.PENDING
    refund = give_back(paid, 40_000)
    with pytest.raises(TryLater):
        refunding.carry_out(refund.id)

    found = [
        in_transaction(lambda r=reference, p=provider_id: refunding.by_reference("stripe", r, p))
        for reference, provider_id in [("C-1", None), ("C-1-2", None), (None, "re_C-1"), ("C-7", "re_7")]
    ]

    assert found == [refund.id, refund.id, refund.id, None]
