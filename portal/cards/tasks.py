"""What the worker does for cards."""

from uuid import UUID

from portal.cards import usage
from portal.core import outbox


@outbox.handles("cards.read_usage")
def read_usage(card_id: UUID) -> None:
    """Ask a card's carrier what it has left; asked twice, it is read twice."""
    usage.read(card_id)
