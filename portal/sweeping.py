"""The clock's round: ring what is due, seal the audit log, take the day's snapshots, forget what has expired."""

import logging
from datetime import date, datetime, timedelta
from uuid import UUID

from portal.accounts import codes, links, sessions
from portal.audit import sealing
from portal.core import clock, outbox, queue, settings
from portal.core.db import in_transaction
from portal.ledger import snapshots

logger = logging.getLogger(__name__)

RING_AGAIN_AFTER = timedelta(seconds=30)
"""A bell that was rung this long ago and led to nothing was lost; before, it may still stand in the queue."""

SEAL_EVERY = timedelta(minutes=1)


class Sweeper:
    """One clock process: remembers what it rang, so that a busy queue is not filled with the same bells."""

    def __init__(self) -> None:
        self._rung: dict[UUID, datetime] = {}
        self._sealed_at: datetime | None = None
        self._day_done: date | None = None

    def sweep(self) -> None:
        """Do one round; every part may be done by two clocks at once without harm."""
        now = clock.now()
        self._ring(now)
        if self._sealed_at is None or now - self._sealed_at >= SEAL_EVERY:
            in_transaction(sealing.seal)
            self._sealed_at = now
        today = clock.today(settings.current().time_zone)
        if self._day_done != today:
            in_transaction(snapshots.take)
            in_transaction(_forget_expired)
            self._day_done = today

    def _ring(self, now: datetime) -> None:
        due = in_transaction(outbox.due_rows)
        self._rung = {row_id: at for row_id, at in self._rung.items() if now - at < RING_AGAIN_AFTER}
        for row_id in due:
            if row_id not in self._rung:
                queue.ring(row_id)
                self._rung[row_id] = now


def _forget_expired() -> None:
    sessions.delete_expired()
    codes.delete_expired()
    links.delete_expired()
