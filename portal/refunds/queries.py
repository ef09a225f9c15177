"""Refunds as pages and commands read them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select

from portal.core import pages
from portal.core.db import db, existing
from portal.core.money import Money
from portal.core.pages import Page
from portal.payments.providers.base import DisputeState
from portal.refunds.models import CARRIED_OUT, OPEN, Dispute, Refund, RefundDestination, RefundState
from portal.renewals import bouncing
from portal.renewals import queries as renewals
from portal.renewals.models import BounceEnd, Renewal


def by_id(refund_id: UUID) -> Refund:
    """Give a refund.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Refund, refund_id))


def references_of(refund_ids: Collection[UUID]) -> dict[UUID, str]:
    """Give the references of the refunds among some ids."""
    rows = db.session.execute(select(Refund.id, Refund.reference).where(Refund.id.in_(refund_ids)))
    return {row.id: row.reference for row in rows}


def of_renewal(renewal_id: UUID) -> list[Refund]:
    """List the refunds of a renewal, oldest first."""
    return list(db.session.scalars(select(Refund).where(Refund.renewal_id == renewal_id).order_by(Refund.id)))


def done_of(renewal_id: UUID) -> list[Refund]:
    """List the refunds of a renewal that were carried out, in their order; those that came back among them."""
    return list(
        db.session.scalars(
            select(Refund)
            .where(Refund.renewal_id == renewal_id, Refund.state.in_(CARRIED_OUT))
            .order_by(Refund.number)
            .execution_options(populate_existing=True)
        )
    )


def open_of(renewal_id: UUID) -> Refund | None:
    """Give the refund of a renewal that is not finished, if there is one."""
    return db.session.scalar(select(Refund).where(Refund.renewal_id == renewal_id, Refund.state.in_(OPEN)))


def refunded(renewal: Renewal) -> Money:
    """Add up what of a renewal went back already."""
    return Money(sum(refund.amount_minor for refund in done_of(renewal.id)), renewal.currency)


def back_with_payer(renewal: Renewal) -> Money:
    """Add up what of a renewal whoever paid it has back.

    What went into an agent's wallet instead is not in it, nor what their bank sent back and they have not got again.
    """
    gone = [one.amount_minor for one in done_of(renewal.id) if one.destination is not RefundDestination.WALLET]
    bounces = bouncing.of_renewal(renewal.id)
    missing = [one.amount_minor for one in bounces if one.is_open or one.ended_as is BounceEnd.WALLET]
    return Money(sum(gone) - sum(missing), renewal.currency)


def refundable(renewal: Renewal) -> Money:
    """Tell what of a renewal can still go back: what was paid, less what went back and what payers dispute now."""
    left = renewal.total - refunded(renewal) - disputed(renewal)
    return max(left, Money(0, renewal.currency))


def disputed(renewal: Renewal) -> Money:
    """Add up what of a renewal's payment is disputed now."""
    amounts = db.session.scalars(
        select(Dispute.amount_minor).where(Dispute.renewal_id == renewal.id, Dispute.state == DisputeState.OPEN)
    )
    return Money(sum(amounts), renewal.currency)


def open_disputes(payment_ids: Collection[UUID]) -> list[Dispute]:
    """List the disputes about some payments that are not decided, oldest first."""
    if not payment_ids:
        return []
    query = select(Dispute).where(Dispute.payment_id.in_(payment_ids), Dispute.state == DisputeState.OPEN)
    return list(db.session.scalars(query.order_by(Dispute.id)))


def dispute_by_id(dispute_id: UUID) -> Dispute:
    """Give a dispute.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Dispute, dispute_id))


def disputes_by_ids(dispute_ids: Collection[UUID]) -> dict[UUID, Dispute]:
    """Give the disputes with these ids."""
    if not dispute_ids:
        return {}
    return {found.id: found for found in db.session.scalars(select(Dispute).where(Dispute.id.in_(dispute_ids)))}


def disputes(*, older: str | None = None, newer: str | None = None) -> Page[Dispute]:
    """List disputes, newest first."""
    return pages.newest_first(select(Dispute), Dispute.id, older=older, newer=newer)


def listed(*, states: Sequence[RefundState] = (), older: str | None = None, newer: str | None = None) -> Page[Refund]:
    """List refunds, newest first, of some states or of all."""
    query = select(Refund)
    if states:
        query = query.where(Refund.state.in_(states))
    return pages.newest_first(query, Refund.id, older=older, newer=newer)


def count(state: RefundState) -> int:
    """Count the refunds in a state."""
    return db.session.scalar(select(func.count()).where(Refund.state == state)) or 0


def count_open_disputes() -> int:
    """Count the disputes that are not decided."""
    return db.session.scalar(select(func.count()).where(Dispute.state == DisputeState.OPEN)) or 0


def renewal_of(refund: Refund) -> Renewal:
    """Give the renewal that a refund is of, with card, customer, plan and agent loaded."""
    return renewals.by_id(refund.renewal_id)
