"""What the worker does for receipts."""

from uuid import UUID

from portal.core import outbox
from portal.receipts import credit_printing, rendering


@outbox.handles("receipts.render")
def render(receipt_id: UUID) -> None:
    """Number, render and store a receipt, and mail the customer."""
    rendering.render(receipt_id)


@outbox.handles("receipts.render_credit_note")
def render_credit_note(credit_note_id: UUID) -> None:
    """Number, render and store a credit note, and mail the customer."""
    credit_printing.render(credit_note_id)


@outbox.handles("receipts.render_thermal")
def render_thermal(receipt_id: UUID) -> None:
    """Render and store a receipt for a thermal roll."""
    rendering.render_roll(receipt_id)
