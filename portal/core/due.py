"""Take up rows whose time has come; several clocks may run, and each row is taken by one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from portal.core.db import Model, db

AT_ONCE = 200
"""So many rows are locked in one transaction; the next beat takes the rest."""

Row = TypeVar("Row", bound=Model)


def take(model: type[Row], due_at: InstrumentedAttribute[datetime | None], *, now: datetime) -> Sequence[Row]:
    """Lock the rows that are due, those due for longest first; a row that somebody else has locked is left to them.

    The caller moves each row's `due_at` on and flushes: only that keeps the next sweep from taking it once more.
    """
    return db.session.scalars(
        select(model)
        .where(due_at <= now)
        .order_by(due_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
