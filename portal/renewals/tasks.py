"""What the worker does for renewals."""

from uuid import UUID

from portal.core import outbox
from portal.renewals import fulfilment


@outbox.handles("renewals.fulfil")
def fulfil(renewal_id: UUID) -> None:
    """Have the carrier deliver a renewal, or give the money back."""
    fulfilment.fulfil(renewal_id)
