"""`flask clock`: what is due is found here."""

import logging
import time

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from portal.core.db import db
from portal.core.errors import Busy
from portal.sweeping import Sweeper

logger = logging.getLogger(__name__)

CLOCK_BEAT = 2.0
"""Seconds between two sweeps: a receipt whose bell was lost arrives this much later."""


@click.command()
@click.option("--once", is_flag=True, help="Sweep one time and end.")
@with_appcontext
def clock(once: bool) -> None:
    """Sweep the outbox, seal the audit log, take daily snapshots. Two of them do no harm."""
    sweeper = Sweeper()
    while True:
        try:
            sweeper.sweep()
        except (OperationalError, Busy):
            if once:
                raise
            logger.warning("the database does not answer; the next sweep tries again")
            db.session.rollback()
        if once:
            return
        time.sleep(CLOCK_BEAT)
