"""Give the money of a refund back through the payment provider that it came through."""

from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core.actor import WORKER
from portal.core.db import db
from portal.payments import queries, refunding
from portal.payments.models import Payment, ProviderRefund
from portal.refunds.models import Refund, RefundState
from portal.renewals.models import Renewal

KIND = "refund"
"""What these are called at `payments.purposes.refunded`."""


def came_through_provider(renewal: Renewal) -> bool:
    """Tell whether the renewal was paid through a payment provider, not out of a wallet."""
    return renewal.source.startswith("clearing:")


def method_of(renewal: Renewal) -> str:
    """Name the method that paid, as receipts do: `wallet`, `customer_balance`, `card`, `alipay`."""
    if not came_through_provider(renewal):
        return "wallet" if renewal.source == "agent_wallet" else renewal.source
    return payment_of(renewal).method.value


def ask(renewal: Renewal, refund: Refund) -> None:
    """Leave it to the provider to give the money back; how it ended is told to `ending`."""
    refund.state = RefundState.PAYING_BACK
    db.session.flush()  # how it ended may be told at once
    refunding.give_back(
        payment_of(renewal).id,
        refund.amount,
        reference=refund.reference,
        reason=refund.reason.value,
        actor=WORKER,
        kind=KIND,
        subject_id=refund.id,
    )
    log.record(actor=WORKER, act="refunds.pay_back", subject=("refund", refund.id))


def asked_of(refund_id: UUID) -> ProviderRefund | None:
    """Give what the provider was asked for a refund; None while nothing was."""
    return db.session.scalar(
        select(ProviderRefund).where(ProviderRefund.kind == KIND, ProviderRefund.subject_id == refund_id)
    )


def payment_of(renewal: Renewal) -> Payment:
    """Give the payment that paid a renewal.

    Raises:
        LookupError: none did.
    """
    payment = queries.settled_of_subject(renewal.id)
    if payment is None:
        raise LookupError(f"renewal {renewal.id} came through {renewal.source}, but no payment settled it")
    return payment
