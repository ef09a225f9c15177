"""How fast `flask ledger verify` proves the books: every rule over two million transfers and all renewals."""

import statistics
import time

from sqlalchemy import text

from benchmarks import volume
from benchmarks.stage import stage
from portal.core.db import db, in_transaction
from portal.renewals import verification

RENEWALS = 400_000
RUNS = 3

ALTER_ONE_ROW = """
    UPDATE ledger_transfers SET amount_minor = amount_minor + 1
    WHERE id = (SELECT min(id) FROM ledger_transfers WHERE id > (SELECT max(id) / 2 FROM ledger_transfers))
"""


def ledger_verify_per_s() -> float:
    """Give the transfers that one verification gets through in a second, all its rules together.

    Raises:
        AssertionError: it found something in books that are right, or missed the one row that was altered.
    """
    with stage() as played, played.app().app_context():
        volume.fill(renewals=RENEWALS)
        seconds = statistics.median(_seconds_to_verify() for _ in range(RUNS))
        transfers = db.session.scalar(text("SELECT count(*) FROM ledger_transfers")) or 0
        db.session.rollback()
        _check_that_one_altered_row_is_found()
        db.session.remove()
        db.engine.dispose()
    return transfers / seconds


def _seconds_to_verify() -> float:
    started = time.perf_counter()
    findings = in_transaction(verification.verify_everything)
    seconds = time.perf_counter() - started
    assert findings == [], findings
    return seconds


def _check_that_one_altered_row_is_found() -> None:
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    assert db.session.execute(text(ALTER_ONE_ROW)).rowcount == 1
    findings = verification.verify_everything()
    db.session.rollback()
    assert "entries" in {finding.rule for finding in findings}, findings
