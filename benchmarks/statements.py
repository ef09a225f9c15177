"""How long a month's statements take: closing it over a million renewals, and both files of a thousand agents."""

import time

from sqlalchemy import select, text

from benchmarks import volume
from benchmarks.stage import stage
from portal.core import clock, settings
from portal.core.db import db, in_transaction
from portal.payouts import closing, document, rendering, statement
from portal.payouts.models import Statement, StatementMonth
from portal.payouts.months import month_before

RENEWALS = 1_000_000
AGENTS = 1000


def statements_s() -> float:
    """Give the seconds that one worker needs for everything, from the ledger to the last file.

    Raises:
        AssertionError: a statement or a file is missing.
    """
    with stage() as played, played.app().app_context():
        zone = settings.current().time_zone
        this_month = clock.today(zone).replace(day=1)
        volume.fill(
            renewals=RENEWALS, agents=AGENTS, days=27, until=f"{clock.start_of(this_month, zone):%Y-%m-%d %H:%M%z}"
        )
        document.render(statement.from_json(_SPECIMEN))  # a worker prints one before it begins
        in_transaction(lambda: closing.begin(month_before(this_month)))
        month_id = db.session.scalars(select(StatementMonth.id)).one()
        started = time.perf_counter()
        made = closing.close(month_id)
        for statement_id in db.session.scalars(select(Statement.id)).all():
            db.session.rollback()
            rendering.render(statement_id)
        seconds = time.perf_counter() - started
        ready = db.session.scalar(text("SELECT count(*) FROM statements WHERE rendered_at IS NOT NULL"))
        db.session.remove()
        db.engine.dispose()
    assert made == ready == AGENTS, (made, ready)
    return seconds


_SPECIMEN = (
    '{"agent_name_en":"Specimen","agent_name_zh":"样本","issuer_name_en":"Specimen","issuer_name_zh":"样本",'
    '"licence_number":"0","made_at":"2026-01-01T00:00:00+00:00","month":"2025-12-01","parts":[],"zone":"UTC"}'
)
