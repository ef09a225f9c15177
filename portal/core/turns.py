"""Let writers of one thing go one after the other, where no single row stands for it."""

from sqlalchemy import func, select

from portal.core.db import db


def wait_for(name: str) -> None:
    """Wait until no other open transaction has the named turn, then keep it to the end of this one."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
