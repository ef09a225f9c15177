"""Number receipts without gaps: one counter a year, locked while a number is taken."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.core import clock, settings
from portal.core.db import db
from portal.receipts.models import Receipt, ReceiptCounter

PREFIX = "LEB"


def number(receipt_id: UUID) -> Receipt:
    """Give a receipt with its number: the next of the year it was issued in (operator's zone), or the one it has.

    Belongs in a short transaction of its own: the year's counter is locked until the commit, and a rollback gives
    the serial back, so numbers have no gaps.
    """
    receipt = db.session.get_one(Receipt, receipt_id, with_for_update=True, populate_existing=True)
    if receipt.number is not None:
        return receipt
    year = clock.day_of(receipt.issued_at, settings.current().time_zone).year
    serial = _next_serial(year)
    receipt.year, receipt.serial = year, serial
    receipt.number = f"{PREFIX}-{year}-{serial:07d}"
    db.session.flush()  # the unique number must hold before the counter's lock is given up
    return receipt


def _next_serial(year: int) -> int:
    taken = insert(ReceiptCounter).values(year=year, last_serial=1)
    taken = taken.on_conflict_do_update(index_elements=["year"], set_={"last_serial": ReceiptCounter.last_serial + 1})
    serial = db.session.scalar(taken.returning(ReceiptCounter.last_serial))
    if serial is None:
        raise LookupError(year)
    return serial


def last_serials() -> dict[int, int]:
    """Tell the last serial of every year."""
    return {row.year: row.last_serial for row in db.session.scalars(select(ReceiptCounter))}
