"""Make a credit note's file: number, render, write, and tell the customer; every step may be done again."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from portal.accounts import links
from portal.core import clock, letters, settings
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.customers.models import Customer
from portal.receipts import document, rendering, storage
from portal.receipts.credit_note import CreditNoteContent, from_canonical_json
from portal.receipts.models import CreditNote, CreditNoteCounter

PREFIX = "CN"


def render(note_id: UUID) -> None:
    """Number and render a credit note, write its file, mark it ready and write the customer's mail; once to effect."""
    note = in_transaction(lambda: number(note_id))
    if note.is_ready or note.number is None:
        return
    content = from_canonical_json(note.content)
    pdf = document.render_credit_note(content, number=note.number)
    name = rendering.file_name(note.download_name, content)
    storage.write(name, pdf)
    in_transaction(lambda: _record(note_id, name=name, pdf=pdf, content=content))


def number(note_id: UUID) -> CreditNote:
    """Give a credit note with its number: the next of the year it was issued in (operator's zone), or the one it has.

    Belongs in a short transaction of its own: the year's counter is locked until the commit, and a rollback gives
    the serial back, so numbers have no gaps.
    """
    note = db.session.get_one(CreditNote, note_id, with_for_update=True, populate_existing=True)
    if note.number is None:
        note.year = clock.day_of(note.issued_at, settings.current().time_zone).year
        note.serial = _next_serial(note.year)
        note.number = f"{PREFIX}-{note.year}-{note.serial:07d}"
        db.session.flush()  # the unique number must hold before the counter's lock is given up
    return note


def _next_serial(year: int) -> int:
    taken = insert(CreditNoteCounter).values(year=year, last_serial=1)
    taken = taken.on_conflict_do_update(
        index_elements=["year"], set_={"last_serial": CreditNoteCounter.last_serial + 1}
    )
    return db.session.execute(taken.returning(CreditNoteCounter.last_serial)).scalar_one()


def _record(note_id: UUID, *, name: str, pdf: bytes, content: CreditNoteContent) -> None:
    note = db.session.get_one(CreditNote, note_id, with_for_update=True, populate_existing=True)
    if note.is_ready:
        return
    rendering.mark_ready(note, name=name, pdf=pdf)
    db.session.flush()  # the mail below must not be written for a note that cannot be marked ready
    _write_mail(note, content)


def _write_mail(note: CreditNote, content: CreditNoteContent) -> None:
    customer = db.session.get_one(Customer, note.customer_id)
    if customer.email is None:
        return
    letters.send(
        "credit_note_ready",
        recipient=customer.email,
        language=customer.locale,
        about=("renewal", note.renewal_id),
        name=customer.name,
        number=note.number,
        content=content,
        amount=Money(content.lines.total_minor, content.lines.currency),
        link=links.address_for_customer(customer.id, email=customer.email),
    )
