"""Payments as pages read them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.core.db import db, existing
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.core.pages import Page, newest_first
from portal.payments.models import (
    Payment,
    PaymentAccount,
    PaymentAct,
    PaymentCall,
    PaymentPurpose,
    PaymentState,
    ProviderRefund,
    ProviderRefundState,
)
from portal.payments.providers import base


def by_id(payment_id: UUID) -> Payment:
    """Give a payment.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Payment, payment_id, populate_existing=True))


def by_ids(payment_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """Give the payments with these ids, for a list that names them."""
    if not payment_ids:
        return {}
    return {found.id: found for found in db.session.scalars(select(Payment).where(Payment.id.in_(payment_ids)))}


def for_agent(agent_id: UUID, payment_id: UUID) -> Payment:
    """Give an agent's payment.

    Raises:
        NotFound: there is none, or it is another agent's.
    """
    found = by_id(payment_id)
    if found.agent_id != agent_id:
        raise NotFound
    return found


def of_subject(subject_id: UUID) -> list[Payment]:
    """List the payments begun for a top-up or renewal, the newest first."""
    return list(
        db.session.scalars(
            select(Payment)
            .where(Payment.subject_id == subject_id)
            .order_by(Payment.id.desc())
            .execution_options(populate_existing=True)
        )
    )


def by_subjects(subject_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """Give the latest payment begun for each of several top-ups or renewals; those without one are left out."""
    found = db.session.scalars(select(Payment).where(Payment.subject_id.in_(subject_ids)).order_by(Payment.id))
    return {payment.subject_id: payment for payment in found}


def references_of(payment_ids: Collection[UUID]) -> dict[UUID, str]:
    """Give the references of the payments among some ids."""
    rows = db.session.execute(select(Payment.id, Payment.reference).where(Payment.id.in_(payment_ids)))
    return {row.id: row.reference for row in rows}


def references_of_refunds(refund_ids: Collection[UUID]) -> dict[UUID, tuple[str, UUID]]:
    """Give the references of what goes back through providers among some ids, each with the id of its payment."""
    query = select(ProviderRefund.id, ProviderRefund.reference, ProviderRefund.payment_id)
    rows = db.session.execute(query.where(ProviderRefund.id.in_(refund_ids)))
    return {row.id: (row.reference, row.payment_id) for row in rows}


def settled_of_subject(subject_id: UUID) -> Payment | None:
    """Give the payment that paid for a renewal or a top-up, if one did."""
    return next((found for found in of_subject(subject_id) if found.is_paid), None)


def open_top_ups(agent_id: UUID, currency: str) -> list[Payment]:
    """List an agent's top-ups in a currency that may still be paid, or are held, the newest first."""
    return list(
        db.session.scalars(
            select(Payment)
            .where(
                Payment.agent_id == agent_id,
                Payment.currency == currency,
                Payment.purpose == PaymentPurpose.TOP_UP,
                Payment.state.in_([PaymentState.BEGUN, PaymentState.HELD]),
            )
            .order_by(Payment.id.desc())
            .limit(10)
        )
    )


def top_ups_on_their_way(agent_id: UUID, currency: str) -> Money:
    """Sum what an agent's top-ups in a currency ask for that may still be paid, or wait for finance to decide."""
    found = db.session.scalar(
        select(func.sum(Payment.amount_minor)).where(
            Payment.agent_id == agent_id,
            Payment.currency == currency,
            Payment.purpose == PaymentPurpose.TOP_UP,
            Payment.state.in_([PaymentState.BEGUN, PaymentState.HELD]),
        )
    )
    return Money(int(found or 0), currency)


def matching(
    *,
    text: str = "",
    state: PaymentState | None = None,
    provider: str = "",
    older: str | None = None,
    newer: str | None = None,
) -> Page[Payment]:
    """Page through payments, the newest first; a text is our reference or the provider's id."""
    query = select(Payment)
    if text:
        words = text.strip()
        query = query.where(
            (Payment.reference == words.upper()) | (Payment.provider_id == words) | (Payment.capture_id == words)
        )
    if state is not None:
        query = query.where(Payment.state == state)
    if provider:
        query = query.where(Payment.provider == provider)
    return newest_first(query, Payment.id, older=older, newer=newer)


def calls_of(payment_id: UUID) -> list[PaymentCall]:
    """List what was asked about a payment and answered, the oldest first."""
    return list(
        db.session.scalars(select(PaymentCall).where(PaymentCall.payment_id == payment_id).order_by(PaymentCall.id))
    )


def times_unpaid_since(payment_id: UUID, since: datetime) -> int:
    """Count how often the provider was asked about a payment since an instant, and said that it is not paid yet."""
    query = select(func.count()).where(
        PaymentCall.payment_id == payment_id,
        PaymentCall.act == PaymentAct.ASK,
        PaymentCall.outcome == base.PaymentState.PENDING,
        PaymentCall.at >= since,
    )
    return db.session.scalar(query) or 0


def refunds_of(payment_id: UUID) -> list[ProviderRefund]:
    """List what goes back of a payment, the oldest first."""
    return list(
        db.session.scalars(
            select(ProviderRefund)
            .where(ProviderRefund.payment_id == payment_id)
            .order_by(ProviderRefund.id)
            .execution_options(populate_existing=True)
        )
    )


def refund_by_id(refund_id: UUID) -> ProviderRefund:
    """Give a refund with its payment.

    Raises:
        NotFound: there is none.
    """
    query = select(ProviderRefund).where(ProviderRefund.id == refund_id).options(joinedload(ProviderRefund.payment))
    return existing(db.session.scalar(query))


def refund_by_reference(provider: str, reference: str | None, provider_id: str | None) -> UUID | None:
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


def failed_refunds() -> list[ProviderRefund]:
    """List the refunds that a provider would not give, with their payments, the oldest first."""
    return list(
        db.session.scalars(
            select(ProviderRefund)
            .where(ProviderRefund.state == ProviderRefundState.FAILED)
            .options(joinedload(ProviderRefund.payment))
            .order_by(ProviderRefund.id)
            .limit(50)
        )
    )


def count_failed_refunds() -> int:
    """Count the refunds that a provider would not give."""
    query = select(func.count()).where(ProviderRefund.state == ProviderRefundState.FAILED)
    return db.session.scalar(query) or 0


def held() -> int:
    """Count the payments that finance has to decide on."""
    return db.session.scalar(select(func.count()).where(Payment.state == PaymentState.HELD)) or 0


def accounts() -> dict[str, PaymentAccount]:
    """Give the accounts at providers that were ever entered, by provider."""
    return {
        account.provider: account
        for account in db.session.scalars(select(PaymentAccount).execution_options(populate_existing=True))
    }
