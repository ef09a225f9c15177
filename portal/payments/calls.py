"""A payment's row while something is written into it, and what providers answered and told about it."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, execute, existing
from portal.payments.models import Payment, PaymentAct, PaymentCall, PaymentState
from portal.payments.providers.base import Declined, Retry


def locked(payment_id: UUID) -> Payment:
    """Lock a payment to the end of the transaction and read it anew.

    Raises:
        NotFound: there is none.
    """
    query = (
        select(Payment)
        .where(Payment.id == payment_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return existing(db.session.scalar(query))


def record(payment_id: UUID, act: PaymentAct, outcome: str, answer: Any) -> None:
    """Keep what a provider answered."""
    db.session.add(PaymentCall(payment_id=payment_id, act=act, outcome=outcome[:120], answer=answer))


def record_refusal(payment_id: UUID, act: PaymentAct, refusal: Declined | Retry) -> Payment:
    """Keep that a provider moved nothing, for certain: a payment that was open is declined."""
    payment = locked(payment_id)
    record(payment_id, act, refusal.reason_code, refusal.raw)
    if payment.is_open:
        payment.provider_id = payment.provider_id or refusal.provider_id
        payment.decline_code = refusal.reason_code[:120]
        close(payment, PaymentState.DECLINED)
    return payment


def close(payment: Payment, state: PaymentState) -> None:
    """End a locked payment that nobody paid: it is asked about no more."""
    payment.state, payment.closed_at, payment.ask_at = state, clock.now(), None
    db.session.flush()


def mark_handled(notice_id: UUID) -> None:
    """Write down that what a webhook hinted at was looked into."""
    execute(
        "UPDATE payment_notices SET handled_at = %(now)s WHERE id = %(id)s AND handled_at IS NULL",
        {"now": clock.now(), "id": notice_id},
    )
