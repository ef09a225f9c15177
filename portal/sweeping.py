"""The clock's round: ring what is due, seal the audit log, take the day's snapshots, forget what has expired."""

from datetime import date, datetime, timedelta

from portal.accounts import codes, links, sessions
from portal.audit import sealing
from portal.core import clock, outbox, queue, settings
from portal.core.db import in_transaction
from portal.ledger import snapshots
from portal.payments import sending_back, settling
from portal.payouts import closing
from portal.receipts import storage
from portal.reconciliation import sources
from portal.refunds import disputing
from portal.wallets import refilling, thresholds

SEAL_EVERY = timedelta(minutes=1)


class Sweeper:
    """One clock process; it remembers when it last did what need not be done at every beat."""

    def __init__(self) -> None:
        self._sealed_at: datetime | None = None
        self._day_done: date | None = None

    def sweep(self) -> None:
        """Do one round; every part may be done by two clocks at once without harm."""
        now = clock.now()
        in_transaction(settling.sweep)
        if in_transaction(outbox.has_due):
            queue.ring()
        if self._sealed_at is None or now - self._sealed_at >= SEAL_EVERY:
            in_transaction(sealing.seal)
            self._sealed_at = now
            in_transaction(closing.close_due)
            in_transaction(sources.fetch_due)
            in_transaction(thresholds.sweep)
            in_transaction(refilling.sweep)
            in_transaction(sending_back.sweep)
            in_transaction(disputing.sweep)
            in_transaction(sources.ensure)
        today = clock.today(settings.current().time_zone)
        if self._day_done != today:
            in_transaction(snapshots.take)
            in_transaction(_forget_expired)
            storage.sweep_drafts(older_than=timedelta(hours=1))
            self._day_done = today


def _forget_expired() -> None:
    sessions.delete_expired()
    codes.delete_expired()
    links.delete_expired()
