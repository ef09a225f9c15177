"""What the worker does for statements."""

from uuid import UUID

from portal.core import outbox
from portal.payouts import closing, rendering


@outbox.handles("payouts.close_month")
def close_month(month_id: UUID) -> None:
    """Write every agent's statement of a month."""
    closing.close(month_id)


@outbox.handles("payouts.render_statement")
def render_statement(statement_id: UUID) -> None:
    """Make the files of a statement."""
    rendering.render(statement_id)
