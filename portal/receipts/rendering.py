"""Make a receipt's files: number, render, write, and tell the customer; every step may be done again."""

import hashlib
import time
from typing import Any
from uuid import UUID

from portal.accounts import links
from portal.core import clock, letters
from portal.core.db import db, execute, in_transaction
from portal.receipts import document, numbering, storage
from portal.receipts.content import ReceiptContent, from_canonical_json
from portal.receipts.credit_note import CreditNoteContent
from portal.receipts.errors import ReceiptNotReady
from portal.receipts.models import CreditNote, ReceiptRoll


def render(receipt_id: UUID) -> None:
    """Number and render a receipt, write its file, mark it ready and write the customer's mail; once to effect."""
    receipt = in_transaction(lambda: numbering.number(receipt_id))
    if receipt.is_ready:
        return
    content = from_canonical_json(receipt.content)
    began = time.perf_counter()
    pdf = document.render(content, number=receipt.number)
    render_ms = round((time.perf_counter() - began) * 1000)
    name = file_name(f"{receipt.number}.pdf", content)
    storage.write(name, pdf)
    in_transaction(lambda: _record(receipt_id, name=name, pdf=pdf, render_ms=render_ms, content=content))


def render_roll(receipt_id: UUID) -> None:
    """Render a receipt for a thermal roll, write its file beside the sheet's and mark it ready; once to effect.

    Raises:
        ReceiptNotReady: the receipt has no number yet.
    """
    roll = in_transaction(lambda: db.session.get_one(ReceiptRoll, receipt_id, populate_existing=True))
    if roll.is_ready:
        return
    if roll.number is None:
        raise ReceiptNotReady
    content = from_canonical_json(roll.content)
    pdf = document.render(content, number=roll.number, paper=roll.paper)
    name = file_name(roll.download_name, content)
    storage.write(name, pdf)
    in_transaction(lambda: _record_roll(receipt_id, name=name, pdf=pdf))


def file_name(download_name: str, content: ReceiptContent | CreditNoteContent) -> str:
    """Tell where a file lies below `invoices/`: `<year>/<month>/<number>.pdf`, by the day of issue on the paper."""
    day = clock.day_of(content.issued_at, content.zone)
    return f"{day:%Y/%m}/{download_name}"


def mark_ready(paper: ReceiptRoll | CreditNote, *, name: str, pdf: bytes) -> None:
    """Write down which file a roll or credit note has, and the hash that proves it."""
    paper.file_name = name
    paper.file_sha256 = hashlib.sha256(pdf).hexdigest()
    paper.file_size = len(pdf)
    paper.rendered_at = clock.now()


_RECORD = """
    WITH receipt AS (
        UPDATE receipts SET file_name = %(name)s, file_sha256 = %(sha256)s, file_size = %(size)s,
                            rendered_at = %(now)s, render_ms = %(render_ms)s
        WHERE id = %(id)s AND rendered_at IS NULL
        RETURNING number, renewal_id, customer_id
    )
    SELECT receipt.number, receipt.renewal_id, customers.id AS customer_id, customers.name, customers.email,
           customers.locale
    FROM receipt JOIN customers ON customers.id = receipt.customer_id
"""


def _record(receipt_id: UUID, *, name: str, pdf: bytes, render_ms: int, content: ReceiptContent) -> None:
    marked = execute(
        _RECORD,
        {
            "id": receipt_id,
            "name": name,
            "sha256": hashlib.sha256(pdf).hexdigest(),
            "size": len(pdf),
            "now": clock.now(),
            "render_ms": render_ms,
        },
    )
    if marked and marked[0].email:
        _write_mail(marked[0], content)


def _record_roll(receipt_id: UUID, *, name: str, pdf: bytes) -> None:
    roll = db.session.get_one(ReceiptRoll, receipt_id, with_for_update={"of": ReceiptRoll}, populate_existing=True)
    if not roll.is_ready:
        mark_ready(roll, name=name, pdf=pdf)


def _write_mail(receipt: Any, content: ReceiptContent) -> None:
    # To the page that lists it: a link to the file would download it and leave the browser where the link was spent.
    link = links.address_for_customer(receipt.customer_id, email=receipt.email)
    letters.send(
        "receipt_ready",
        recipient=receipt.email,
        language=receipt.locale,
        about=("renewal", receipt.renewal_id),
        name=receipt.name,
        number=receipt.number,
        content=content,
        link=link,
    )
