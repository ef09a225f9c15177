"""Money that had gone back to a payer and came back from their bank: held in escrow until somebody has it again.

What was refunded or returned stands as it was booked, with its papers; only where the money lies has changed.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from portal.core import clock
from portal.core.db import db
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.chart import AccountRef
from portal.payments.models import ProviderRefund
from portal.renewals import bookkeeping, fulfilment
from portal.renewals.bookkeeping import Account
from portal.renewals.models import Bounce, BounceEnd, Renewal


def come_back(renewal: Renewal, given: ProviderRefund) -> bool:
    """Take what had been given back through the provider into escrow; False where it lies there already.

    The renewal is locked.
    """
    if open_of(given.id) is not None:
        return False
    bounce = Bounce(
        renewal_id=renewal.id,
        provider_refund_id=given.id,
        payment_id=given.payment_id,
        currency=given.currency,
        amount_minor=given.amount_minor,
        reason_code=given.failure_code,
    )
    db.session.add(bounce)
    db.session.flush()  # the entry below names it
    account = fulfilment.account_of(renewal)
    journal.post(bookkeeping.bounce(account, bounce.amount_minor, bounce_id=bounce.id))
    return True


def end(renewal: Renewal, given: ProviderRefund, how: BounceEnd) -> bool:
    """Let what had come back go out of escrow; False where nothing lies there. The renewal is locked."""
    bounce = open_of(given.id)
    if bounce is None:
        return False
    bounce.ended_at, bounce.ended_as = clock.now(), how
    account = fulfilment.account_of(renewal)
    to = _account_of(account, renewal, how)
    journal.post(bookkeeping.end_bounce(account, bounce.amount_minor, bounce_id=bounce.id, to=to))
    db.session.flush()  # the row and the books move together
    return True


def open_of(provider_refund_id: UUID) -> Bounce | None:
    """Give what came back of a refund at a provider and lies in escrow now, if it does."""
    return db.session.scalar(
        select(Bounce)
        .where(Bounce.provider_refund_id == provider_refund_id, Bounce.ended_at.is_(None))
        .execution_options(populate_existing=True)
    )


def of_renewal(renewal_id: UUID) -> list[Bounce]:
    """List what ever came back of a renewal's money, the oldest first."""
    return list(db.session.scalars(select(Bounce).where(Bounce.renewal_id == renewal_id).order_by(Bounce.id)))


def of_refund(provider_refund_id: UUID) -> list[Bounce]:
    """List how often a refund at a provider came back, the oldest first."""
    return list(
        db.session.scalars(select(Bounce).where(Bounce.provider_refund_id == provider_refund_id).order_by(Bounce.id))
    )


def open_among(provider_refund_ids: Collection[UUID]) -> set[UUID]:
    """Tell which of these refunds at providers came back and lie in escrow now."""
    if not provider_refund_ids:
        return set()
    query = select(Bounce.provider_refund_id).where(
        Bounce.provider_refund_id.in_(provider_refund_ids), Bounce.ended_at.is_(None)
    )
    return set(db.session.scalars(query))


def held(renewal: Renewal) -> Money:
    """Add up what of a renewal came back and lies in escrow now."""
    found = [bounce.amount_minor for bounce in of_renewal(renewal.id) if bounce.is_open]
    return Money(sum(found), renewal.currency)


def _account_of(account: Account, renewal: Renewal, how: BounceEnd) -> AccountRef:
    match how:
        case BounceEnd.PAYER:
            return account.source
        case BounceEnd.WALLET:
            return chart.agent_wallet(renewal.agent_id)
        case BounceEnd.DISPUTE:
            # The dispute is written off where nobody bears it; this is what was kept for it.
            return chart.WRITE_OFF
