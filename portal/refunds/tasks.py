"""What the worker does for refunds."""

from uuid import UUID

from portal.core import outbox
from portal.refunds import disputing, ending, refunding

TOLD_BY_PROVIDERS = (ending.ended, disputing.look_into)
"""Registered by their imports at `payments.purposes`."""


@outbox.handles("refunds.carry_out")
def carry_out(refund_id: UUID) -> None:
    """Ask the carrier, give the money back and issue the credit note, or hand over to the payment provider."""
    refunding.carry_out(refund_id)
