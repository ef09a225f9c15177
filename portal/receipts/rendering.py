"""Make a receipt's file: number, render, write, and tell the customer; every step may be done again."""

import hashlib
import time
from uuid import UUID

from portal.accounts import links
from portal.core import clock, letters, mail
from portal.core.db import db, in_transaction
from portal.customers.models import Customer
from portal.receipts import document, numbering, storage
from portal.receipts.content import ReceiptContent, from_canonical_json
from portal.receipts.models import Receipt


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
    name = file_name(number, content)
    storage.write(name, pdf)
    in_transaction(lambda: _record(receipt_id, name=name, pdf=pdf, render_ms=render_ms, content=content))


def file_name(number: str, content: ReceiptContent) -> str:
    """Tell where a receipt lies below `invoices/`: `<year>/<month>/<number>.pdf`, by its day of issue."""
    day = clock.day_of(content.issued_at, content.zone)
    return f"{day:%Y/%m}/{number}.pdf"


def _record(receipt_id: UUID, *, name: str, pdf: bytes, render_ms: int, content: ReceiptContent) -> None:
    receipt = db.session.get_one(Receipt, receipt_id, with_for_update=True, populate_existing=True)
    if receipt.is_ready:
        return
    receipt.file_name = name
    receipt.file_sha256 = hashlib.sha256(pdf).hexdigest()
    receipt.file_size = len(pdf)
    receipt.rendered_at = clock.now()
    receipt.render_ms = render_ms
    db.session.flush()  # the mail below must not be written for a receipt that cannot be marked ready
    _write_mail(receipt, content)


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
