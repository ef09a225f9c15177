"""Work the outbox: lease a row, call its handler, write down how it ended, and go on with the next."""

import logging
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

from sqlalchemy import text

from portal.core import outbox, queue, settings
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow

logger = logging.getLogger(__name__)

ONE_BELL = 20.0
"""Seconds one bell is worth: so long a worker goes on with due rows before it lets the broker have a word again."""

Ending = Callable[[], None]
"""Writes down, in a transaction, how the work of a row ended."""


def work_through() -> None:
    """Do every row that is due, one after the other, for up to `ONE_BELL` seconds; what the broker calls."""
    end = time.monotonic() + ONE_BELL
    row = in_transaction(lambda: _lease(None))
    while row is not None:
        ending, is_last = _do(row), time.monotonic() >= end
        # The end of one row and the lease of the next are one commit: a receipt costs milliseconds, so commits count.
        row = in_transaction(partial(_end_and_lease, ending, is_last=is_last))
        if is_last:
            queue.ring()  # there may be more: the next bell goes on with it


def work(row_id: UUID) -> None:
    """Do the work of one row unless it is done, not due, or somebody else has it."""
    row = in_transaction(lambda: _lease(row_id))
    if row is not None:
        in_transaction(_do(row))


def _end_and_lease(ending: Ending, *, is_last: bool) -> OutboxRow | None:
    # Work is safe to do twice, so its end need not be on disk before the next begins: one wait for the disk less.
    db.session.execute(_WITHOUT_WAITING)
    ending()
    return None if is_last else _lease(None)


_WITHOUT_WAITING = text("SET LOCAL synchronous_commit = off")


def _lease(row_id: UUID | None) -> OutboxRow | None:
    row = outbox.lease(row_id, seconds=settings.current().outbox_lease_seconds)
    if row is not None:
        db.session.expunge(row)  # its values must outlive whatever the work rolls back
    return row


def _do(row: OutboxRow) -> Ending:
    if row.attempts > settings.current().outbox_attempts:
        # Nobody came back to write down how the last attempt went: whoever takes this up dies of it.
        return partial(outbox.give_up, row.id, why=row.last_error or "every worker that took this up died")
    try:
        outbox.HANDLERS[row.kind](row.subject_id)
    except outbox.TryLater as later:
        db.session.rollback()
        return partial(outbox.postpone, row.id, wait=later.wait, why=str(later), is_failure=False)
    except Exception as error:
        db.session.rollback()
        logger.exception("%s failed", row.kind, extra={"row": str(row.id), "attempt": row.attempts})
        return _after_failure(row, f"{type(error).__name__}: {error}")
    return partial(outbox.finish, row.id)


def _after_failure(row: OutboxRow, why: str) -> Ending:
    if row.attempts >= settings.current().outbox_attempts:
        return partial(outbox.give_up, row.id, why=why)
    return partial(outbox.postpone, row.id, wait=outbox.backoff(row.attempts), why=why, is_failure=True)
