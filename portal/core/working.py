"""Do one outbox row's work: lease it, call its handler, and write down how it ended."""

import logging
from datetime import timedelta
from uuid import UUID

from portal.core import outbox, settings
from portal.core.db import db, in_transaction

logger = logging.getLogger(__name__)


def work(row_id: str) -> None:
    """Do the work of a row unless it is done or somebody else has it; what fails waits for its next turn."""
    portal_settings = settings.current()
    row = in_transaction(lambda: outbox.lease(UUID(row_id), seconds=portal_settings.outbox_lease_seconds))
    if row is None:
        return
    db.session.expunge(row)  # its values must outlive whatever the work rolls back
    if row.attempts > portal_settings.outbox_attempts:
        # Nobody came back to write down how the last attempt went: whoever takes this up dies of it.
        why = row.last_error or "every worker that took this up died"
        in_transaction(lambda: outbox.give_up(row.id, why=why))
        return
    try:
        outbox.HANDLERS[row.kind](row.subject_id)
    except outbox.TryLater as later:
        wait, why = later.wait, str(later)
        in_transaction(lambda: outbox.postpone(row.id, wait=wait, why=why, is_failure=False))
    except Exception as error:
        db.session.rollback()
        logger.exception("%s failed", row.kind, extra={"row": str(row.id), "attempt": row.attempts})
        _write_failure(row, error, last_attempt=portal_settings.outbox_attempts)
    else:
        in_transaction(lambda: outbox.finish(row.id))


def _write_failure(row: outbox.OutboxRow, error: Exception, *, last_attempt: int) -> None:
    why = f"{type(error).__name__}: {error}"
    if row.attempts >= last_attempt:
        in_transaction(lambda: outbox.give_up(row.id, why=why))
    else:
        wait: timedelta = outbox.backoff(row.attempts)
        in_transaction(lambda: outbox.postpone(row.id, wait=wait, why=why, is_failure=True))
