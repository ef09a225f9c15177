"""Have money given back through the provider it was paid through: once a reference, never more than was paid."""

from uuid import UUID

from sqlalchemy import func, select

from portal.audit import log
from portal.core import outbox
from portal.core.actor import Actor
from portal.core.db import db, existing
from portal.core.errors import Conflict
from portal.core.money import Money
from portal.payments import calls
from portal.payments.errors import MoreThanPaid, NothingPaid
from portal.payments.models import Payment, ProviderRefund, ProviderRefundState

LONGEST_REFERENCE = 28
"""Providers take 32 signs; a refund that is tried again after it failed has `-2`, `-3` ... behind it."""


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


def locked(refund_id: UUID) -> ProviderRefund:
    """Give a refund that nobody else tries again or gives another way meanwhile."""
    return db.session.get_one(ProviderRefund, refund_id, with_for_update=True, populate_existing=True)


def replace(refund_id: UUID) -> None:
    """Mark a refund that did not succeed as given another way, so that nobody has it tried again; counts as gone.

    Raises:
        Conflict: it succeeded, or was replaced before.
    """
    refund = locked(refund_id)
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
    payment = calls.locked(existing(db.session.get(ProviderRefund, refund_id)).payment_id)
    refund = locked(refund_id)
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
