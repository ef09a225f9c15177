"""Pay links as pages read them."""

import re
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.core.db import db, existing
from portal.core.errors import NotFound
from portal.payments.models import Payment, PaymentState
from portal.renewals.models import PayLink, Renewal

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


def latest_payment(renewal_id: UUID) -> Payment | None:
    """Give the payment for a renewal that counts: the one that paid it, else the last that was begun."""
    return db.session.scalar(
        select(Payment)
        .where(Payment.subject_id == renewal_id)
        .order_by((Payment.state == PaymentState.SETTLED).desc(), Payment.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
