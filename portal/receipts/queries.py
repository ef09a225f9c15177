"""Receipts as pages read them."""

import hashlib
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from portal.core import pages
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.pages import Page
from portal.receipts import storage
from portal.receipts.errors import ReceiptFileDiffers, ReceiptNotReady
from portal.receipts.models import CreditNote, Receipt, ReceiptRoll


def of_renewal(renewal_id: UUID) -> Receipt | None:
    """Give the receipt of a renewal, if it was delivered."""
    return db.session.scalar(select(Receipt).where(Receipt.renewal_id == renewal_id))


def renewals_of(receipt_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Give the renewals of the receipts among some ids."""
    rows = db.session.execute(select(Receipt.id, Receipt.renewal_id).where(Receipt.id.in_(receipt_ids)))
    return {row.id: row.renewal_id for row in rows}


def for_customers(customer_ids: Sequence[UUID], *, older: str | None = None, newer: str | None = None) -> Page[Receipt]:
    """Page through a person's receipts, newest first."""
    query = select(Receipt).where(Receipt.customer_id.in_(customer_ids))
    return pages.newest_first(query, Receipt.id, older=older, newer=newer)


def one_for_customers(customer_ids: Sequence[UUID], renewal_id: UUID) -> Receipt:
    """Give the receipt of a renewal to the person it belongs to.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    receipt = of_renewal(renewal_id)
    if receipt is None or receipt.customer_id not in customer_ids:
        raise NotFound
    return receipt


def by_verification_code(code: str) -> Receipt | None:
    """Find a receipt by the code in its QR picture."""
    return db.session.scalar(select(Receipt).where(Receipt.verification_code == code))


def by_number(number: str) -> Receipt | None:
    """Find a receipt by its number."""
    return db.session.scalar(select(Receipt).where(Receipt.number == number))


def by_file(sha256: str) -> Receipt | None:
    """Find the receipt that a file of this SHA-256 (hex) is, on a sheet or on a roll."""
    on_sheet = db.session.scalar(select(Receipt).where(Receipt.file_sha256 == sha256))
    return on_sheet or db.session.scalar(
        select(Receipt).join(ReceiptRoll, ReceiptRoll.receipt_id == Receipt.id).where(ReceiptRoll.file_sha256 == sha256)
    )


def roll_of(receipt: Receipt) -> ReceiptRoll | None:
    """Give a receipt's copy on a thermal roll, if somebody asked for one."""
    return db.session.get(ReceiptRoll, receipt.id, populate_existing=True)


def file_of(receipt: Receipt | ReceiptRoll | CreditNote) -> bytes:
    """Give the file of a receipt or credit note, checked against its kept hash.

    Raises:
        ReceiptNotReady: the worker has not made it yet.
        ReceiptFileDiffers: the stored bytes are not those that were written.
    """
    if not receipt.is_ready or receipt.file_name is None:
        raise ReceiptNotReady
    try:
        pdf = storage.read(receipt.file_name)
    except FileNotFoundError as error:
        raise ReceiptFileDiffers(number=receipt.number) from error
    if hashlib.sha256(pdf).hexdigest() != receipt.file_sha256:
        raise ReceiptFileDiffers(number=receipt.number)
    return pdf
