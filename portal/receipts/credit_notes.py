"""Credit notes: issued in the transaction that pays back, and found by those they belong to."""

import hashlib
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from portal.core import outbox
from portal.core.db import db, existing
from portal.receipts import credit_note
from portal.receipts.content import from_canonical_json
from portal.receipts.credit_note import Correction
from portal.receipts.models import CreditNote, Receipt


def issue(receipt: Receipt, correction: Correction, *, refund_id: UUID) -> CreditNote:
    """Freeze what a credit note says in the transaction that pays back, and leave number and file to the worker."""
    content = credit_note.correcting(from_canonical_json(receipt.content), correction)
    canonical = credit_note.to_canonical_json(content)
    note = CreditNote(
        refund_id=refund_id,
        renewal_id=receipt.renewal_id,
        receipt_id=receipt.id,
        customer_id=receipt.customer_id,
        agent_id=receipt.agent_id,
        content=canonical,
        content_sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        verification_code=content.verification_code,
        issued_at=content.issued_at,
    )
    db.session.add(note)
    db.session.flush()  # a second note for the refund must fail inside the transaction that pays back
    outbox.add("receipts.render_credit_note", note.id)
    return note


def of_renewal(renewal_id: UUID) -> list[CreditNote]:
    """List the credit notes of a renewal, oldest first."""
    return of_renewals([renewal_id])


def of_renewals(renewal_ids: Collection[UUID]) -> list[CreditNote]:
    """List the credit notes of several renewals, oldest first."""
    return list(
        db.session.scalars(select(CreditNote).where(CreditNote.renewal_id.in_(renewal_ids)).order_by(CreditNote.id))
    )


def of_refund(refund_id: UUID) -> CreditNote | None:
    """Give the credit note of a refund, once the money went back."""
    return db.session.scalar(select(CreditNote).where(CreditNote.refund_id == refund_id))


def by_id(note_id: UUID) -> CreditNote:
    """Give a credit note.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(CreditNote, note_id))


def by_verification_code(code: str) -> CreditNote | None:
    """Find a credit note by the code in its QR picture."""
    return db.session.scalar(select(CreditNote).where(CreditNote.verification_code == code))


def by_number(number: str) -> CreditNote | None:
    """Find a credit note by its number."""
    return db.session.scalar(select(CreditNote).where(CreditNote.number == number))


def by_file(sha256: str) -> CreditNote | None:
    """Find the credit note that a file of this SHA-256 (hex) is."""
    return db.session.scalar(select(CreditNote).where(CreditNote.file_sha256 == sha256))
