"""Money goes back through its provider once a reference, never more than was paid, and a refusal is not forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.errors import Conflict
from portal.core.money import Money
from portal.core.outbox import OutboxRow, TryLater
from portal.payments import noticing, purposes, refunding, sending_back, settling
from portal.payments import queries as payments
from portal.payments.errors import MoreThanPaid, NothingPaid
from portal.payments.models import Payment, PaymentAct, ProviderRefund, ProviderRefundState
from portal.payments.providers.base import Declined, RefundStanding, RefundState, Retry, UnknownOutcome
from portal.payments.refunding import RefundDiffers
from tests import make
from tests.payments import stage
from tests.payments.stub import GOOD, StubProvider, told
from tests.working import work_all

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


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

    sending_back.carry_out(refund.id)

    assert now(refund).state is ProviderRefundState.SUCCEEDED
    assert now(refund).provider_id == "re_C-1"


def test_the_same_reference_is_one_refund(paid: Payment, stub: StubProvider) -> None:
    first, second = give_back(paid, 40_000), give_back(paid, 40_000)

    sending_back.carry_out(first.id)
    sending_back.carry_out(second.id)

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
        sending_back.carry_out(refund.id)
    stub.failure = None

    sending_back.carry_out(refund.id)

    assert now(refund).state is ProviderRefundState.SUCCEEDED
    assert stub.refunded == ["C-1"]


def test_a_pending_one_is_asked_about_until_it_is_finished(paid: Payment, stub: StubProvider) -> None:
    stub.refund_state = RefundState.PENDING
    refund = give_back(paid, 40_000)
    with pytest.raises(TryLater) as later:
        sending_back.carry_out(refund.id)
    stub.refunds["C-1"] = RefundStanding(RefundState.SUCCEEDED, "re_C-1", cny(40_000), None, {})

    sending_back.carry_out(refund.id)

    assert later.value.wait == timedelta(minutes=1)
    assert now(refund).state is ProviderRefundState.SUCCEEDED


def test_one_that_is_declined_is_shown_and_tried_again_under_another_name(paid: Payment, stub: StubProvider) -> None:
    refund = give_back(paid, 40_000)
    stub.failure = Declined("insufficient_balance")
    sending_back.carry_out(refund.id)
    assert [found.failure_code for found in in_transaction(payments.failed_refunds)] == ["insufficient_balance"]
    stub.failure = None

    in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))
    sending_back.carry_out(refund.id)

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
    sending_back.carry_out(refund.id)

    give_back(paid, 50_000, "C-2")

    with pytest.raises(MoreThanPaid):
        in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))


def test_tells_whoever_asked_how_it_ended(paid: Payment, stub: StubProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[ProviderRefundState] = []
    monkeypatch.setitem(purposes.REFUNDED, "test", lambda refund: ends.append(refund.state))
    refund = give_back(paid, 40_000, kind="test")
    stub.failure = Declined("no")
    sending_back.carry_out(refund.id)
    stub.failure = None
    in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))
    sending_back.carry_out(refund.id)

    assert ends == [ProviderRefundState.FAILED, ProviderRefundState.SUCCEEDED]
    sent_back(stub, "C-1-2")
    sending_back.carry_out(refund.id)
    assert ends[2:] == [ProviderRefundState.FAILED]


def sent_back(stub: StubProvider, reference: str = "C-1") -> None:
    """Have the payer's bank send back what a refund gave it."""
    stub.refunds[reference] = RefundStanding(
        RefundState.FAILED, f"re_{reference}", cny(40_000), "lost_or_stolen_card", {}
    )


@pytest.fixture
def given(paid: Payment, stub: StubProvider) -> Iterator[ProviderRefund]:
    """A refund of CNY 400.00 that succeeded at noon."""
    with clock.fixed(NOON):
        refund = give_back(paid, 40_000)
        sending_back.carry_out(refund.id)
        work_all()
        yield refund


def days_later(days: float) -> None:
    """Sweep and work as the clock and a worker do, so many days after noon."""
    with clock.fixed(NOON + timedelta(days=days)):
        in_transaction(sending_back.sweep)
        work_all()


def test_what_the_payers_bank_sent_back_is_seen_without_a_webhook(given: ProviderRefund, stub: StubProvider) -> None:
    sent_back(stub)
    days_later(0.9)
    assert now(given).state is ProviderRefundState.SUCCEEDED

    days_later(1)

    assert now(given).state is ProviderRefundState.FAILED
    assert [found.failure_code for found in in_transaction(payments.failed_refunds)] == ["lost_or_stolen_card"]


def test_what_the_payers_bank_sent_back_is_seen_by_its_webhook(given: ProviderRefund, stub: StubProvider) -> None:
    sent_back(stub)

    noticing.receive("stripe", headers=GOOD, body=told("evt_1", kind="refund", provider_id="re_C-1"))
    noticing.look_into(stage.notices()[-1])

    assert now(given).state is ProviderRefundState.FAILED


def test_what_was_sent_back_is_given_again_under_another_name(given: ProviderRefund, stub: StubProvider) -> None:
    sent_back(stub)
    days_later(1)

    in_transaction(lambda: refunding.try_again(given.id, actor=make.actor()))
    sending_back.carry_out(given.id)

    assert now(given).state is ProviderRefundState.SUCCEEDED
    assert stub.refunded == ["C-1", "C-1-2"]


def test_it_is_looked_for_every_day_of_thirty_and_then_no_more(given: ProviderRefund, stub: StubProvider) -> None:
    due = []
    while (ask_at := now(given).ask_at) is not None:
        due.append((ask_at - NOON).days)
        with clock.fixed(ask_at):
            in_transaction(sending_back.sweep)

    assert due == list(range(1, 31))
    assert in_transaction(lambda: payments.calls_of(given.payment_id))[-1].act is PaymentAct.REFUND  # no line each day


def test_two_clocks_have_it_looked_for_once(given: ProviderRefund) -> None:
    with clock.fixed(NOON + timedelta(days=1)):
        in_transaction(sending_back.sweep)
        in_transaction(sending_back.sweep)

    kinds = in_transaction(lambda: db.session.scalars(select(OutboxRow.kind).where(OutboxRow.done_at.is_(None))).all())
    assert kinds == ["payments.refund"]


def test_an_answer_about_the_try_before_changes_nothing(
    given: ProviderRefund, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was long on its way; meanwhile finance saw the refund fail, and had it tried again."""
    sent_back(stub)
    answer_now = stub.refund_standing

    def answer_late(**asked: Any) -> RefundStanding | None:
        answer = answer_now(**asked)
        monkeypatch.setattr(stub, "refund_standing", answer_now)
        sending_back.carry_out(given.id)
        in_transaction(lambda: refunding.try_again(given.id, actor=make.actor()))
        sending_back.carry_out(given.id)
        return answer

    monkeypatch.setattr(stub, "refund_standing", answer_late)

    sending_back.carry_out(given.id)

    assert now(given).state is ProviderRefundState.SUCCEEDED
    assert now(given).provider_id == "re_C-1-2"


def answer_after_a_second_try(refund: ProviderRefund, stub: StubProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a refusal arrive so late that another worker had it before, and finance has the refund tried again."""
    refuse_now = stub.refund

    def refuse_late(**asked: Any) -> RefundStanding:
        monkeypatch.setattr(stub, "refund", refuse_now)
        stub.failure = Declined("insufficient_balance")
        sending_back.carry_out(refund.id)
        in_transaction(lambda: refunding.try_again(refund.id, actor=make.actor()))
        return refuse_now(**asked)

    monkeypatch.setattr(stub, "refund", refuse_late)
    sending_back.carry_out(refund.id)


def test_a_refusal_of_the_try_before_leaves_the_next_one_under_way(
    paid: Payment, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = give_back(paid, 40_000)

    answer_after_a_second_try(refund, stub, monkeypatch)

    assert now(refund).state is ProviderRefundState.PENDING


def test_without_a_look_at_the_try_a_late_refusal_would_end_the_next_one(
    paid: Payment, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = give_back(paid, 40_000)
    monkeypatch.setattr(sending_back, "_is_of_this_try", lambda request, refund: True)

    answer_after_a_second_try(refund, stub, monkeypatch)

    assert now(refund).state is ProviderRefundState.FAILED


def test_a_failure_of_the_try_before_leaves_the_next_one_under_way(
    given: ProviderRefund, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_back(stub)
    answer_now = stub.refund_standing

    def answer_late(**asked: Any) -> RefundStanding | None:
        monkeypatch.setattr(stub, "refund_standing", answer_now)
        sending_back.carry_out(given.id)
        in_transaction(lambda: refunding.try_again(given.id, actor=make.actor()))
        return answer_now(**asked)

    monkeypatch.setattr(stub, "refund_standing", answer_late)

    with pytest.raises(TryLater):
        sending_back.carry_out(given.id)

    assert now(given).state is ProviderRefundState.PENDING
    assert now(given).provider_id is None


def test_a_provider_that_is_down_is_asked_later(given: ProviderRefund, stub: StubProvider) -> None:
    stub.failure = Retry("not_reached")

    with pytest.raises(TryLater):
        sending_back.carry_out(given.id)

    assert now(given).state is ProviderRefundState.SUCCEEDED


def test_notices_find_it_by_our_reference_and_by_theirs(paid: Payment, stub: StubProvider) -> None:
    stub.refund_state = RefundState.PENDING
    refund = give_back(paid, 40_000)
    with pytest.raises(TryLater):
        sending_back.carry_out(refund.id)

    found = [
        in_transaction(lambda r=reference, p=provider_id: payments.refund_by_reference("stripe", r, p))
        for reference, provider_id in [("C-1", None), ("C-1-2", None), (None, "re_C-1"), ("C-7", "re_7")]
    ]

    assert found == [refund.id, refund.id, refund.id, None]
