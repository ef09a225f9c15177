"""Number receipts without gaps: one counter a year, locked while a number is taken."""

from typing import NamedTuple
from uuid import UUID

from portal.core import settings
from portal.core.db import Statement, execute_together

PREFIX = "LEB"


class Numbered(NamedTuple):
    """A receipt that has its number: what it says, and whether its file is there already."""

    number: str
    content: str
    is_ready: bool


def number(receipt_id: UUID) -> Numbered:
    """Give a receipt with its number: the next of the year it was issued in (operator's zone), or the one it has.

    Belongs in a short transaction of its own: the year's counter is locked until the commit.
    """
    ((given,), (receipt,)) = execute_together(
        [
            Statement(
                "SELECT number_receipt(%(id)s, %(prefix)s, %(zone)s) AS number",
                {"id": receipt_id, "prefix": PREFIX, "zone": settings.current().time_zone},
            ),
            Statement(
                "SELECT content, rendered_at IS NOT NULL AS is_ready FROM receipts WHERE id = %(id)s",
                {"id": receipt_id},
            ),
        ]
    )
    return Numbered(given.number, receipt.content, receipt.is_ready)
