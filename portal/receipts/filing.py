"""Check the files of receipts against their kept hashes, and make lost ones anew."""

from collections.abc import Iterator

from sqlalchemy import select

from portal.core.db import db
from portal.receipts import credit_note, document, queries, storage
from portal.receipts.content import from_canonical_json
from portal.receipts.errors import ReceiptFileDiffers
from portal.receipts.models import CreditNote, Receipt, ReceiptRoll

Paper = Receipt | ReceiptRoll | CreditNote

Broken = tuple[str, str]
"""A receipt's or credit note's number, `-80mm` behind it where it is the roll, and what is wrong with the file."""


def check(*, restore: bool = False) -> list[Broken]:
    """List the receipts and credit notes whose file is missing or altered; `restore` makes missing ones again first.

    A receipt's content is frozen and rendering is reproducible, so a restored file has the bytes of the lost one. One
    that was altered is left for somebody to look at.
    """
    broken: list[Broken] = []
    for receipt in _printed():
        if restore and not _is_there(receipt):
            _write_again(receipt)
        if (what := _fault(receipt)) is not None:
            broken.append((receipt.download_name.removesuffix(".pdf"), what))
    return broken


def _printed() -> Iterator[Paper]:
    yield from db.session.scalars(select(Receipt).where(Receipt.rendered_at.is_not(None)).order_by(Receipt.id))
    yield from db.session.scalars(
        select(ReceiptRoll).where(ReceiptRoll.rendered_at.is_not(None)).order_by(ReceiptRoll.receipt_id)
    )
    yield from db.session.scalars(select(CreditNote).where(CreditNote.rendered_at.is_not(None)).order_by(CreditNote.id))


def _is_there(receipt: Paper) -> bool:
    return receipt.file_name is not None and storage.exists(receipt.file_name)


def _write_again(receipt: Paper) -> None:
    if receipt.number is None or receipt.file_name is None:
        return
    if isinstance(receipt, CreditNote):
        said = credit_note.from_canonical_json(receipt.content)
        storage.write(receipt.file_name, document.render_credit_note(said, number=receipt.number))
    else:
        content = from_canonical_json(receipt.content)
        storage.write(receipt.file_name, document.render(content, number=receipt.number, paper=receipt.paper))


def _fault(receipt: Paper) -> str | None:
    if not _is_there(receipt):
        return "the file is missing"
    try:
        queries.file_of(receipt)
    except ReceiptFileDiffers:
        return "the file was altered"
    return None
