"""Tell when every row up to an id can be seen.

Ids are given when a row is written, but rows appear when their transaction commits: a row with a smaller id may appear
after one with a greater. Whoever sums up to an id must first wait for all who were writing when it was the greatest.
"""

import time

from sqlalchemy import text

from portal.core.db import db

_POLL_SECONDS = 0.02

# A snapshot names the writers of every database of the server. Who writes in this one holds a lock in it.
_STILL_WRITING = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_snapshot_xip(CAST(:seen AS pg_snapshot)) AS writer
        JOIN pg_locks own ON own.locktype = 'transactionid' AND own.transactionid = CAST(writer AS xid)
                          AND own.mode = 'ExclusiveLock' AND own.granted
        JOIN pg_locks held ON held.pid = own.pid
        JOIN pg_database ON pg_database.oid = held.database AND datname = current_database()
    )
    """
)


def wait_for_writers(seen: str, *, seconds: float = 5.0) -> bool:
    """Wait until every other transaction that was writing in a snapshot has ended; False when one takes longer.

    Only those of this database count.

    Args:
        seen: `pg_current_snapshot()` as text, read together with the greatest id.
        seconds: how long to wait at most.
    """
    deadline = time.monotonic() + seconds
    while db.session.scalar(_STILL_WRITING, {"seen": seen}):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
