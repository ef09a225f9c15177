"""Load the demo into an empty database: six weeks of business, each act by the code that does it every day."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from portal.accounts.models import User
from portal.agents.models import Agent
from portal.core import clock, settings
from portal.core.db import db
from portal.demo import papers
from portal.demo.stand_in import StandIns
from portal.demo.telling import Storyteller
from portal.ledger import chart


class RefusedInProduction(RuntimeError):
    """Demo accounts have printed passwords: a production portal never holds them."""


def load() -> bool:
    """Fill an empty database, all or nothing; False when it is not empty.

    Opens its transactions itself: a delivery needs several, as in the worker.

    Raises:
        RefusedInProduction: the portal runs in production.
    """
    portal_settings = settings.current()
    if portal_settings.is_production:
        raise RefusedInProduction
    if not _is_empty():
        return False
    papers.set_aside_earlier(portal_settings.invoices_dir)
    stand_ins = StandIns(portal_settings.portal_home / "sandbox")
    with stand_ins.in_charge(), _all_or_nothing():
        Storyteller(stand_ins, now=clock.now(), zone=portal_settings.time_zone).tell()
    papers.finish()
    return True


def _is_empty() -> bool:
    found = [db.session.scalar(select(table.id).limit(1)) for table in (User, Agent)]
    db.session.rollback()
    return not any(found)


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Make every commit of the block a savepoint of one transaction, so that a broken load leaves nothing behind."""
    db.session.remove()
    bound: Any = db.engines  # a session binds to a connection as well as to an engine
    engine = bound[None]
    try:
        with engine.begin() as connection:
            bound[None] = connection
            yield
    except BaseException:
        chart.forget_ids()  # those of the rolled-back accounts
        raise
    finally:
        db.session.remove()
        bound[None] = engine
