"""What the worker does for reconciliation."""

from uuid import UUID

from portal.core import outbox
from portal.core.db import in_transaction
from portal.reconciliation import comparing, fetching


@outbox.handles("reconciliation.fetch")
def fetch(source_id: UUID) -> None:
    """Fetch a provider's or carrier's books, and compare them with ours."""
    fetching.fetch(source_id)


@outbox.handles("reconciliation.compare")
def compare(source_id: UUID) -> None:
    """Compare what is here already."""
    in_transaction(lambda: comparing.compare(source_id))
