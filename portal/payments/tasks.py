"""What the worker does for payments."""

from uuid import UUID

from portal.core import outbox
from portal.core.outbox import TryLater
from portal.payments import noticing, sending_back, settling
from portal.payments.providers.base import Retry

NOT_REACHED = outbox.backoff(4)


@outbox.handles("payments.notice")
def look_into_notice(notice_id: UUID) -> None:
    """Ask the provider about what a webhook hints at."""
    noticing.look_into(notice_id)


@outbox.handles("payments.ask")
def ask(payment_id: UUID) -> None:
    """Ask the provider what became of a payment."""
    try:
        settling.ask(payment_id)
    except Retry as error:
        raise TryLater(NOT_REACHED, error.reason_code) from error


@outbox.handles("payments.refund")
def give_back(refund_id: UUID) -> None:
    """Have the provider give money back, or look whether the payer's bank sent it back."""
    sending_back.carry_out(refund_id)
