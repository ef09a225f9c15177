"""Ask for a receipt on a thermal roll; the worker prints it."""

from sqlalchemy.dialects.postgresql import insert

from portal.core import clock, outbox
from portal.core.db import db
from portal.receipts.errors import ReceiptNotReady
from portal.receipts.models import Receipt, ReceiptRoll


def request_roll(receipt: Receipt) -> None:
    """Have a receipt printed for a roll 80 mm wide; asking again changes nothing.

    Raises:
        ReceiptNotReady: the receipt itself is still being made.
    """
    if not receipt.is_ready:
        raise ReceiptNotReady
    is_first = db.session.scalar(
        insert(ReceiptRoll)
        .values(receipt_id=receipt.id, asked_at=clock.now())
        .on_conflict_do_nothing()
        .returning(ReceiptRoll.receipt_id)
    )
    if is_first:
        outbox.add("receipts.render_thermal", receipt.id)
