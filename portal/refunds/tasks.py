"""What the worker does for refunds."""

from uuid import UUID

from portal.core import outbox
from portal.core.outbox import TryLater
from portal.payments.providers.base import Retry
from portal.refunds import disputing, ending, refunding

NOT_REACHED = outbox.backoff(4)

TOLD_BY_PROVIDERS = (ending.ended, disputing.look_into)
"""Registered by their imports at `payments.purposes`."""


@outbox.handles("refunds.carry_out")
def carry_out(refund_id: UUID) -> None:
    """Ask the carrier, give the money back and issue the credit note, or hand over to the payment provider."""
    refunding.carry_out(refund_id)


@outbox.handles("refunds.ask_dispute")
def ask_dispute(dispute_id: UUID) -> None:
    """Ask the provider what stands with a dispute."""
    try:
        disputing.ask(dispute_id)
    except Retry as error:
        raise TryLater(NOT_REACHED, error.reason_code) from error
