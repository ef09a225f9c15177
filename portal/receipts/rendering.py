"""Make a receipt's files: number, render, write, and tell the customer; every step may be done again."""

import hashlib
import time
from uuid import UUID

from portal.accounts import links
from portal.core import clock, letters, mail
from portal.core.db import db, in_transaction
from portal.customers.models import Customer
from portal.receipts import document, numbering, storage
from portal.receipts.content import ReceiptContent, from_canonical_json
from portal.receipts.errors import ReceiptNotReady
from portal.receipts.models import Printed, Receipt, ReceiptRoll


def render(receipt_id: UUID) -> None:
    """Number and render a receipt, write its file, mark it ready and write the customer's mail; once to effect."""
    receipt = in_transaction(lambda: numbering.number(receipt_id))
    if receipt.is_ready or receipt.number is None:
        return
    number = receipt.number
    content = from_canonical_json(receipt.content)
    began = time.perf_counter()
    pdf = document.render(content, number=number)
    render_ms = round((time.perf_counter() - began) * 1000)
    name = file_name(receipt, content)
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
    name = file_name(roll, content)
    storage.write(name, pdf)
    in_transaction(lambda: _record_roll(receipt_id, name=name, pdf=pdf))


def file_name(printed: Receipt | ReceiptRoll, content: ReceiptContent) -> str:
    """Tell where a receipt lies below `invoices/`: `<year>/<month>/<number>.pdf`, by its day of issue."""
    day = clock.day_of(content.issued_at, content.zone)
    return f"{day:%Y/%m}/{printed.download_name}"


def _record(receipt_id: UUID, *, name: str, pdf: bytes, render_ms: int, content: ReceiptContent) -> None:
    receipt = db.session.get_one(Receipt, receipt_id, with_for_update=True, populate_existing=True)
    if receipt.is_ready:
        return
    _keep(receipt, name=name, pdf=pdf)
    receipt.render_ms = render_ms
    db.session.flush()  # the mail below must not be written for a receipt that cannot be marked ready
    _write_mail(receipt, content)


def _record_roll(receipt_id: UUID, *, name: str, pdf: bytes) -> None:
    roll = db.session.get_one(ReceiptRoll, receipt_id, with_for_update={"of": ReceiptRoll}, populate_existing=True)
    if not roll.is_ready:
        _keep(roll, name=name, pdf=pdf)


def _keep(printed: Printed, *, name: str, pdf: bytes) -> None:
    printed.file_name = name
    printed.file_sha256 = hashlib.sha256(pdf).hexdigest()
    printed.file_size = len(pdf)
    printed.rendered_at = clock.now()


def _write_mail(receipt: Receipt, content: ReceiptContent) -> None:
    customer = db.session.get_one(Customer, receipt.customer_id)
    if customer.email is None:
        return
    # To the page that lists it: a link to the file would download it and leave the browser where the link was spent.
    link = links.address_for_customer(customer.id, email=customer.email)
    subject, text = letters.write(
        "receipt_ready", customer.locale, name=customer.name, number=receipt.number, content=content, link=link
    )
    mail.send(
        "receipt_ready",
        recipient=customer.email,
        language=customer.locale,
        subject=subject,
        text=text,
        about=("renewal", receipt.renewal_id),
    )
