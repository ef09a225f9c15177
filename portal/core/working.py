"""Work the outbox: lease a row, call its handler, write down how it ended, and go on with the next."""

import logging
import time
from functools import partial
from uuid import UUID

from portal.core import outbox, queue, settings
from portal.core.db import Statement, db, execute_together, in_transaction
from portal.core.outbox import Leased

logger = logging.getLogger(__name__)

ONE_BELL = 20.0
"""Seconds one bell is worth: so long a worker goes on with due rows before it lets the broker have a word again."""


def work_through() -> None:
    """Do every row that is due, one after the other, for up to `ONE_BELL` seconds; what the broker calls."""
    end = time.monotonic() + ONE_BELL
    row = in_transaction(_lease_after)
    while row is not None:
        ending, is_last = _do(row), time.monotonic() >= end
        # The end of one row and the lease of the next are one commit: a receipt costs milliseconds, so commits count.
        row = in_transaction(partial(_lease_after, ending, is_last=is_last))
        if is_last:
            queue.ring()  # there may be more: the next bell goes on with it


def work(row_id: UUID) -> None:
    """Do the work of one row unless it is done, not due, or somebody else has it."""
    row = in_transaction(lambda: outbox.lease(row_id, seconds=_lease_seconds()))
    if row is not None:
        ending = _do(row)
        in_transaction(lambda: execute_together([ending]))


def _lease_after(*endings: Statement, is_last: bool = False) -> Leased | None:
    # Work is safe to do twice, so neither its end nor its lease need be on disk before we go on: a wait less each.
    leasing = [] if is_last else [outbox.leasing(None, seconds=_lease_seconds())]
    *_, last = execute_together([_WITHOUT_WAITING, *endings, *leasing])
    return last[0] if leasing and last else None


_WITHOUT_WAITING = Statement("SET LOCAL synchronous_commit = off", {})


def _lease_seconds() -> int:
    return settings.current().outbox_lease_seconds


def _do(row: Leased) -> Statement:
    """Do the work of a leased row; gives the statement that writes down how it ended."""
    if row.attempts > settings.current().outbox_attempts:
        # Nobody came back to write down how the last attempt went: whoever takes this up dies of it.
        return outbox.giving_up(row.id, why=row.last_error or "every worker that took this up died")
    try:
        outbox.HANDLERS[row.kind](row.subject_id)
    except outbox.TryLater as later:
        db.session.rollback()
        return outbox.postponing(row.id, wait=later.wait, why=str(later), is_failure=False)
    except Exception as error:
        db.session.rollback()
        logger.exception("%s failed", row.kind, extra={"row": str(row.id), "attempt": row.attempts})
        return _after_failure(row, f"{type(error).__name__}: {error}")
    return outbox.finishing(row.id)


def _after_failure(row: Leased, why: str) -> Statement:
    if row.attempts >= settings.current().outbox_attempts:
        return outbox.giving_up(row.id, why=why)
    return outbox.postponing(row.id, wait=outbox.backoff(row.attempts), why=why, is_failure=True)
