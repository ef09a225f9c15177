"""Do the work that waits in the outbox, in this process, as the worker would."""

from sqlalchemy import select

from portal.core import working
from portal.core.db import db
from portal.core.outbox import OutboxRow


def work_all(*, rounds: int = 10) -> None:
    """Do every row that is due, and what they add, until nothing is due any more."""
    for _ in range(rounds):
        waiting = db.session.scalars(
            select(OutboxRow.id).where(OutboxRow.done_at.is_(None), OutboxRow.given_up_at.is_(None))
        ).all()
        db.session.rollback()
        if not waiting:
            return
        for row_id in waiting:
            working.work(row_id)
