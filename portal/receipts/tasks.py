"""What the worker does for receipts."""

from uuid import UUID

from portal.core import outbox
from portal.receipts import rendering


@outbox.handles("receipts.render")
def render(receipt_id: UUID) -> None:
    """Number, render and store a receipt, and mail the customer."""
    rendering.render(receipt_id)
