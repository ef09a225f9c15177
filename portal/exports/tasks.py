"""What the worker does for exports."""

from uuid import UUID

from portal.core import outbox
from portal.exports import making


@outbox.handles("exports.make")
def make(export_id: UUID) -> None:
    """Write the file that a user asked for."""
    making.make(export_id)
