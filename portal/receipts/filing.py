"""Check the files of receipts against their kept hashes, and make lost ones anew."""

from sqlalchemy import select

from portal.core.db import db
from portal.receipts import document, queries, storage
from portal.receipts.content import from_canonical_json
from portal.receipts.errors import ReceiptFileDiffers
from portal.receipts.models import Receipt

Broken = tuple[str, str]
"""A receipt's number, and what is wrong with its file."""


def check(*, restore: bool = False) -> list[Broken]:
    """List the receipts whose file is missing or altered; with `restore`, missing ones are made again first.

    A receipt's content is frozen and rendering is reproducible, so a restored file has the bytes of the lost one. One
    that was altered is left for somebody to look at.
    """
    broken: list[Broken] = []
    for receipt in db.session.scalars(select(Receipt).where(Receipt.rendered_at.is_not(None)).order_by(Receipt.id)):
        if restore and not _is_there(receipt):
            _write_again(receipt)
        if (what := _fault(receipt)) is not None:
            broken.append((receipt.number or str(receipt.id), what))
    return broken


def _is_there(receipt: Receipt) -> bool:
    return receipt.file_name is not None and storage.exists(receipt.file_name)


def _write_again(receipt: Receipt) -> None:
    if receipt.number and receipt.file_name:
        storage.write(receipt.file_name, document.render(from_canonical_json(receipt.content), number=receipt.number))


def _fault(receipt: Receipt) -> str | None:
    if not _is_there(receipt):
        return "the file is missing"
    try:
        queries.file_of(receipt)
    except ReceiptFileDiffers:
        return "the file was altered"
    return None
