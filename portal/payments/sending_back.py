"""Send money back through its provider, and learn what became of it: a provider may take its time, fail, or forget."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from portal.core import clock, due, outbox
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.core.outbox import TryLater
from portal.payments import calls, purposes, registry, schedule
from portal.payments.errors import NothingPaid
from portal.payments.models import Payment, PaymentAct, ProviderRefund, ProviderRefundState
from portal.payments.providers import base
from portal.payments.providers.base import Declined, Provider, ProviderError, RefundStanding

ASK_AGAIN = timedelta(minutes=1)
PATIENCE = timedelta(hours=6)
"""A pending refund is asked about after a minute, then twice as long each time, at most so long."""

_ENDINGS = {
    base.RefundState.SUCCEEDED: ProviderRefundState.SUCCEEDED,
    base.RefundState.FAILED: ProviderRefundState.FAILED,
}
"""What a provider says became of a refund -> how ours ends; a pending one does not."""


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
    refunds = due.take(ProviderRefund, ProviderRefund.ask_at, now=now)
    for refund in refunds:
        refund.ask_at = schedule.next_look(succeeded_at=refund.ended_at or now, now=now)
    outbox.add_each("payments.refund", [refund.id for refund in refunds])
    db.session.flush()


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
        reference=_reference(refund),
        provider_id=refund.provider_id,
        payment_reference=payment.reference,
        payment_id=paid_as,
        amount=refund.amount,
        paid=settled,
        reason=refund.reason,
        asked_at_age=clock.now() - refund.asked_at,
        provider=registry.get(payment.provider),
    )


def _reference(refund: ProviderRefund) -> str:
    return refund.reference if refund.tries == 0 else f"{refund.reference}-{refund.tries + 1}"


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
    ended = _ENDINGS.get(standing.state) if standing else None
    if refund.state is ProviderRefundState.SUCCEEDED and ended is not ProviderRefundState.FAILED:
        return refund  # it still stands as it did: nothing to write down each day
    calls.record(
        request.payment_row, act, standing.state if standing else "unknown_there", standing.raw if standing else {}
    )
    if _is_of_this_try(request, refund) and _may_change(refund):
        # One that they do not know has no name there: it is asked for anew, under the same reference.
        refund.provider_id = standing.provider_id if standing else None
        if standing and ended:
            _end(refund, ended, standing.failure_code or "failed")
        db.session.flush()
    return refund


def _record_refusal(request: Request, act: PaymentAct, refusal: Declined) -> None:
    refund = _locked(request)
    calls.record(request.payment_row, act, refusal.reason_code, refusal.raw)
    if _is_of_this_try(request, refund) and refund.state is ProviderRefundState.PENDING:
        _end(refund, ProviderRefundState.FAILED, refusal.reason_code)


def _is_of_this_try(request: Request, refund: ProviderRefund) -> bool:
    # While an answer is on its way, another worker may see the refund fail, and finance have it tried again.
    return request.reference == _reference(refund)


def _end(refund: ProviderRefund, state: ProviderRefundState, failure_code: str) -> None:
    now = clock.now()
    has_succeeded = state is ProviderRefundState.SUCCEEDED
    refund.state, refund.ended_at = state, now
    refund.ask_at = schedule.next_look(succeeded_at=now, now=now) if has_succeeded else None
    refund.failure_code = None if has_succeeded else failure_code[:120]
    db.session.flush()
    if follows := purposes.REFUNDED.get(refund.kind):
        follows(refund)


def _locked(request: Request) -> ProviderRefund:
    # The payment first, as everywhere: refunds of a payment are counted under its lock.
    calls.locked(request.payment_row)
    return db.session.get_one(ProviderRefund, request.refund_id, populate_existing=True)


def _wait(request: Request) -> timedelta:
    return min(max(ASK_AGAIN, request.asked_at_age), PATIENCE)
