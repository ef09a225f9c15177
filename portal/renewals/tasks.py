"""What the worker does for renewals."""

from uuid import UUID

from portal.core import outbox
from portal.core.db import in_transaction
from portal.renewals import cancelling, fulfilment, returning

__all__ = ["expire", "fulfil", "returning"]


@outbox.handles("renewals.fulfil")
def fulfil(renewal_id: UUID) -> None:
    """Have the carrier deliver a renewal, or give the money back."""
    fulfilment.fulfil(renewal_id)


@outbox.handles("renewals.expire")
def expire(renewal_id: UUID) -> None:
    """Cancel a renewal that nobody paid in time."""
    in_transaction(lambda: cancelling.expire(renewal_id))
