"""Give money back through the provider it was paid through: once a reference, never more than was paid."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from portal.audit import log
from portal.core import clock, outbox
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.core.errors import Conflict, NotFound
from portal.core.money import Money
from portal.core.outbox import TryLater
from portal.payments import calls, purposes, registry, schedule
from portal.payments.errors import MoreThanPaid, NothingPaid
from portal.payments.models import Payment, PaymentAct, ProviderRefund, ProviderRefundState
from portal.payments.providers import base
from portal.payments.providers.base import Declined, Provider, ProviderError, RefundStanding

LONGEST_REFERENCE = 28
"""Providers take 32 signs; a refund that is tried again after it failed has `-2`, `-3` ... behind it."""

ASK_AGAIN = timedelta(minutes=1)
PATIENCE = timedelta(hours=6)
"""A pending refund is asked about after a minute, then twice as long each time, at most so long."""

SWEPT_AT_ONCE = 200


class RefundDiffers(Conflict):
    """The reference stands for a refund of another payment or amount."""

    code = "refund_differs"


def give_back(
    payment_id: UUID,
    amount: Money,
    *,
    reference: str,
    reason: str,
    actor: Actor,
    kind: str = "",
    subject_id: UUID | None = None,
) -> ProviderRefund:
    """Have the provider give money back; the same reference gives the first one.

    It is called in the transaction of whoever books it.
    The caller posts what the books say of it; `kind` names the act that is told how it ended (`purposes.refunded`).
    The reference is at most 28 letters, digits and `-`.

    Raises:
        MoreThanPaid: it and what went back before sum above what was paid.
        NothingPaid: the payment was not paid.
        RefundDiffers: the reference stands for something else.
    """
    if len(reference) > LONGEST_REFERENCE:
        raise ValueError(f"too long a reference: {reference}")
    payment = calls.locked(payment_id)  # two refunds of a payment go one after the other
    standing = db.session.scalar(select(ProviderRefund).where(ProviderRefund.reference == reference))
    if standing is not None:
        if (standing.payment_id, standing.amount) != (payment_id, amount):
            raise RefundDiffers
        return standing
    left = left_of(payment)
    if amount.minor <= 0 or amount.currency != left.currency or left < amount:
        raise MoreThanPaid(left=left)
    refund = ProviderRefund(
        payment_id=payment_id,
        payment=payment,
        reference=reference,
        kind=kind,
        subject_id=subject_id,
        currency=amount.currency,
        amount_minor=amount.minor,
        reason=reason[:200],
        state=ProviderRefundState.PENDING,
        tries=0,
        **actor.columns,
    )
    db.session.add(refund)
    db.session.flush()  # the next refund of this payment must count it
    outbox.add("payments.refund", refund.id)
    log.record(
        actor=actor,
        act="payments.give_back",
        subject=("payment", payment_id),
        after={"reference": reference, "amount_minor": amount.minor, "currency": amount.currency, "reason": reason},
    )
    return refund


def left_of(payment: Payment) -> Money:
    """Tell how much of a payment did not go back yet; pending refunds count as gone.

    Raises:
        NothingPaid: the payment was not paid.
    """
    settled = payment.settled
    if settled is None:
        raise NothingPaid
    gone = db.session.scalar(
        select(func.coalesce(func.sum(ProviderRefund.amount_minor), 0)).where(
            ProviderRefund.payment_id == payment.id, ProviderRefund.state != ProviderRefundState.FAILED
        )
    )
    return settled - Money(int(gone or 0), settled.currency)


def replace(refund_id: UUID) -> None:
    """Mark a refund that did not succeed as given another way, so that nobody has it tried again; counts as gone.

    Raises:
        Conflict: it succeeded, or was replaced before.
    """
    refund = db.session.get_one(ProviderRefund, refund_id, with_for_update=True, populate_existing=True)
    if refund.state not in (ProviderRefundState.FAILED, ProviderRefundState.PENDING):
        raise Conflict
    refund.state = ProviderRefundState.REPLACED
    db.session.flush()  # it must not be tried again while the money goes the other way


def replace_all_of(payment_id: UUID) -> None:
    """Mark every refund of a payment that did not succeed as given another way; the payment is locked."""
    waiting = (ProviderRefundState.FAILED, ProviderRefundState.PENDING)
    for refund_id in db.session.scalars(
        select(ProviderRefund.id).where(ProviderRefund.payment_id == payment_id, ProviderRefund.state.in_(waiting))
    ):
        replace(refund_id)


def try_again(refund_id: UUID, *, actor: Actor) -> None:
    """Ask once more for a refund that the provider would not give.

    Raises:
        NotFound: there is none.
        Conflict: it did not fail.
        MoreThanPaid: something else went back since.
    """
    refund = db.session.get(ProviderRefund, refund_id)
    if refund is None:
        raise NotFound
    payment = calls.locked(refund.payment_id)
    db.session.refresh(refund)
    if refund.state is not ProviderRefundState.FAILED:
        raise Conflict
    left = left_of(payment)
    if left < refund.amount:
        raise MoreThanPaid(left=left)
    before = refund.failure_code
    refund.state, refund.failure_code, refund.ended_at = ProviderRefundState.PENDING, None, None
    # What failed has its own name at the provider; the next try is another one there.
    refund.tries, refund.provider_id = refund.tries + 1, None
    db.session.flush()
    outbox.add("payments.refund", refund.id)
    log.record(
        actor=actor,
        act="payments.refund_again",
        subject=("payment", payment.id),
        before={"failure_code": before},
        after={"reference": refund.reference, "tries": refund.tries},
    )


@dataclass(frozen=True, slots=True)
class Request:
    """A refund as its provider is asked for it."""

    refund_id: UUID
    payment_row: UUID
    reference: str
    provider_id: str | None
    payment_reference: str
    payment_id: str
    amount: Money
    paid: Money
    reason: str
    asked_at_age: timedelta
    provider: Provider


def sweep() -> None:
    """Have every refund looked at again that succeeded of late and is due, and tell when it is due next."""
    now = clock.now()
    due = db.session.scalars(
        select(ProviderRefund)
        .where(ProviderRefund.ask_at <= now)
        .order_by(ProviderRefund.ask_at)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for refund in due:
        outbox.add("payments.refund", refund.id)
        refund.ask_at = schedule.next_look(succeeded_at=refund.ended_at or now, now=now)
    db.session.flush()  # two clocks ask once


def carry_out(refund_id: UUID) -> None:
    """Ask the provider to give money back, or what became of that; no transaction around it.

    One that succeeded is asked about too: the payer's bank may have sent it back.

    Raises:
        TryLater: it is not finished, or the provider was not reached.
    """
    request = in_transaction(lambda: _request(refund_id))
    if request is None:
        return
    act = PaymentAct.REFUND if request.provider_id is None else PaymentAct.ASK_REFUND
    try:
        standing = _asked(request)
    except Declined as error:
        refusal = error
        in_transaction(lambda: _record_refusal(request, act, refusal))
        return
    except ProviderError as error:
        failure = error
        in_transaction(lambda: calls.record(request.payment_row, act, failure.reason_code, failure.raw))
        # The same reference sent again gives nothing back twice, whatever became of the first.
        raise TryLater(_wait(request), failure.reason_code) from error
    refund = in_transaction(lambda: _record(request, act, standing))
    if refund.state is ProviderRefundState.PENDING:
        raise TryLater(_wait(request), "pending")


def by_reference(provider: str, reference: str | None, provider_id: str | None) -> UUID | None:
    """Find the refund that a notice speaks of, by our reference (with or without the number of its try) or theirs."""
    if reference:
        wanted = [reference, reference.rpartition("-")[0]]
        found = db.session.scalar(select(ProviderRefund.id).where(ProviderRefund.reference.in_(wanted)))
        if found is not None:
            return found
    if not provider_id:
        return None
    return db.session.scalar(
        select(ProviderRefund.id)
        .join(Payment, Payment.id == ProviderRefund.payment_id)
        .where(Payment.provider == provider, ProviderRefund.provider_id == provider_id)
    )


def _request(refund_id: UUID) -> Request | None:
    refund = db.session.get(ProviderRefund, refund_id, populate_existing=True)
    if refund is None or not _may_change(refund):
        return None
    payment = db.session.get_one(Payment, refund.payment_id, populate_existing=True)
    settled = payment.settled
    paid_as = payment.capture_id or payment.provider_id
    if settled is None or paid_as is None:
        raise NothingPaid
    return Request(
        refund_id=refund_id,
        payment_row=payment.id,
        reference=refund.reference if refund.tries == 0 else f"{refund.reference}-{refund.tries + 1}",
        provider_id=refund.provider_id,
        payment_reference=payment.reference,
        payment_id=paid_as,
        amount=refund.amount,
        paid=settled,
        reason=refund.reason,
        asked_at_age=clock.now() - refund.asked_at,
        provider=registry.get(payment.provider),
    )


def _may_change(refund: ProviderRefund) -> bool:
    # One that succeeded is asked about by its name there, and never asked for anew.
    has_succeeded = refund.state is ProviderRefundState.SUCCEEDED and refund.provider_id is not None
    return has_succeeded or refund.state is ProviderRefundState.PENDING


def _asked(request: Request) -> RefundStanding | None:
    if request.provider_id is None:
        return request.provider.refund(
            reference=request.reference,
            payment_reference=request.payment_reference,
            payment_id=request.payment_id,
            amount=request.amount,
            paid=request.paid,
            reason=request.reason,
        )
    return request.provider.refund_standing(
        reference=request.reference,
        provider_id=request.provider_id,
        payment_reference=request.payment_reference,
        payment_id=request.payment_id,
    )


def _record(request: Request, act: PaymentAct, standing: RefundStanding | None) -> ProviderRefund:
    refund = _locked(request)
    if refund.state is ProviderRefundState.SUCCEEDED:
        # Under another name it was tried again meanwhile, and the answer is about the try before.
        is_same = standing is not None and standing.provider_id == refund.provider_id
        if standing is not None and is_same and standing.state is base.RefundState.FAILED:
            calls.record(request.payment_row, act, standing.state, standing.raw)
            _end(refund, ProviderRefundState.FAILED, standing.failure_code or "failed")
        return refund
    calls.record(
        request.payment_row, act, standing.state if standing else "unknown_there", standing.raw if standing else {}
    )
    if refund.state is not ProviderRefundState.PENDING:
        return refund
    if standing is None:
        refund.provider_id = None  # they do not know it: it is asked for anew, under the same reference
    else:
        refund.provider_id = standing.provider_id
        if standing.state is base.RefundState.SUCCEEDED:
            _end(refund, ProviderRefundState.SUCCEEDED)
        elif standing.state is base.RefundState.FAILED:
            _end(refund, ProviderRefundState.FAILED, standing.failure_code or "failed")
    db.session.flush()
    return refund


def _record_refusal(request: Request, act: PaymentAct, refusal: Declined) -> None:
    refund = _locked(request)
    calls.record(request.payment_row, act, refusal.reason_code, refusal.raw)
    if refund.state is ProviderRefundState.PENDING:
        _end(refund, ProviderRefundState.FAILED, refusal.reason_code)


def _end(refund: ProviderRefund, state: ProviderRefundState, failure_code: str | None = None) -> None:
    now = clock.now()
    refund.state, refund.ended_at = state, now
    has_succeeded = state is ProviderRefundState.SUCCEEDED
    refund.ask_at = schedule.next_look(succeeded_at=now, now=now) if has_succeeded else None
    refund.failure_code = failure_code[:120] if failure_code else None
    db.session.flush()
    if follows := purposes.REFUNDED.get(refund.kind):
        follows(refund)


def _locked(request: Request) -> ProviderRefund:
    # The payment first, as everywhere: refunds of a payment are counted under its lock.
    calls.locked(request.payment_row)
    return db.session.get_one(ProviderRefund, request.refund_id, populate_existing=True)


def _wait(request: Request) -> timedelta:
    return min(max(ASK_AGAIN, request.asked_at_age), PATIENCE)
