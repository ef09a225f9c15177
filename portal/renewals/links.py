"""Pay links as pages read them."""

import re
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import contains_eager, joinedload

from portal.core.db import db, existing
from portal.core.errors import NotFound
from portal.payments.models import Payment, PaymentState
from portal.renewals.models import PayLink, Renewal
from portal.renewals.states import RenewalState

_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{20}")


def by_code(code: str) -> PayLink:
    """Give the link of a code, with its renewal, agent, customer, card and plan.

    Raises:
        NotFound: there is none.
    """
    if not _CODE.fullmatch(code):
        raise NotFound
    query = (
        select(PayLink)
        .where(PayLink.code == code)
        .options(
            joinedload(PayLink.renewal).options(
                joinedload(Renewal.agent),
                joinedload(Renewal.customer),
                joinedload(Renewal.card),
                joinedload(Renewal.plan_version),
            )
        )
        .execution_options(populate_existing=True)
    )
    return existing(db.session.scalar(query))


def of_renewal(renewal_id: UUID) -> PayLink | None:
    """Give the pay link of a renewal; None where a wallet paid."""
    return db.session.get(PayLink, renewal_id, populate_existing=True)


def of_renewals(renewal_ids: Collection[UUID]) -> dict[UUID, PayLink]:
    """Give the pay links of those renewals that have one, by renewal."""
    found = db.session.scalars(select(PayLink).where(PayLink.renewal_id.in_(renewal_ids)))
    return {link.renewal_id: link for link in found}


def payable_by_customers(customer_ids: Collection[UUID], *, now: datetime) -> list[PayLink]:
    """List a person's orders that wait for their payment and can still be paid, the newest first."""
    return _payable(Renewal.customer_id.in_(customer_ids), now=now)


def payable_for_card(card_id: UUID, *, agent_id: UUID, now: datetime) -> list[PayLink]:
    """List an agent's orders for a card that wait for a payment and can still be paid, the newest first."""
    return _payable((Renewal.card_id == card_id) & (Renewal.agent_id == agent_id), now=now)


def latest_payment(renewal_id: UUID) -> Payment | None:
    """Give the payment for a renewal that counts: the one that paid it, else the last that was begun."""
    return db.session.scalar(
        select(Payment)
        .where(Payment.subject_id == renewal_id)
        .order_by((Payment.state == PaymentState.SETTLED).desc(), Payment.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _payable(whose: ColumnElement[bool], *, now: datetime) -> list[PayLink]:
    # Where a payment is held its payer has paid: somebody at the operator's decides, and nobody is to pay again.
    held = select(Payment.id).where(Payment.subject_id == Renewal.id, Payment.state == PaymentState.HELD)
    query = (
        select(PayLink)
        .join(PayLink.renewal)
        .where(whose, Renewal.state == RenewalState.AWAITING_PAYMENT, PayLink.expires_at > now, ~held.exists())
        .options(contains_eager(PayLink.renewal).joinedload(Renewal.plan_version))
        .order_by(Renewal.id.desc())
        .limit(20)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))
