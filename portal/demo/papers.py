"""The receipts and mails of the story, made with the clock held at the moments they belong to."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from portal.core import clock, working
from portal.core.db import db
from portal.core.mail import Mail
from portal.core.outbox import OutboxRow
from portal.receipts.models import Receipt

RENDERED_AFTER = timedelta(seconds=2)

MAILED_AFTER = timedelta(seconds=3)


def set_aside_earlier(invoices: Path) -> None:
    """Move the receipts of an earlier database out of the way: an empty one numbers from 1, and no file is replaced."""
    earlier = [year for year in invoices.glob("[0-9][0-9][0-9][0-9]") if year.is_dir()]
    if not earlier:
        return
    aside = invoices / f"earlier-{clock.now():%Y%m%dT%H%M%S}"
    aside.mkdir()
    for year in earlier:
        year.rename(aside / year.name)


def finish() -> None:
    """Number and render every receipt and send every mail, first to last; what fails is left to the worker."""
    receipts = db.session.execute(
        select(OutboxRow.id, Receipt.issued_at)
        .join(Receipt, Receipt.id == OutboxRow.subject_id)
        .where(OutboxRow.kind == "receipts.render", OutboxRow.done_at.is_(None))
        .order_by(Receipt.issued_at)
    ).all()
    db.session.rollback()
    for row_id, issued_at in receipts:
        with clock.fixed(issued_at + RENDERED_AFTER):
            working.work(row_id)
    mails = db.session.execute(
        select(OutboxRow.id, Mail.created_at)
        .join(Mail, Mail.id == OutboxRow.subject_id)
        .where(OutboxRow.kind == "mail.deliver", OutboxRow.done_at.is_(None))
        .order_by(Mail.created_at)
    ).all()
    db.session.rollback()
    for row_id, written_at in mails:
        with clock.fixed(written_at + MAILED_AFTER):
            working.work(row_id)
