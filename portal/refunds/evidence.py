"""Collect what proves that a disputed payment was earned: one ZIP with a manifest of hashes."""

import hashlib
import json
import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.core import clock, mailbox
from portal.core.db import db
from portal.core.mail import Mail
from portal.payments import queries as payments
from portal.payments.models import Payment
from portal.receipts import credit_notes
from portal.receipts import queries as receipts
from portal.refunds.models import Dispute
from portal.renewals import queries as renewals
from portal.renewals.models import CarrierAttempt, Renewal, RenewalEvent

_LINK = re.compile(r"https?://\S+")
"""Links in mails sign their reader in: a bank is no reader of them."""

_MOST_SIGN_INS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the ZIP."""

    name: str
    content: bytes


def collect(dispute: Dispute) -> bytes:
    """Put a dispute's evidence into a ZIP; the same rows at the same instant give the same bytes.

    Each piece is named in `manifest.json` with its SHA-256 and size.
    """
    pieces = [_json("dispute.json", _dispute(dispute)), _json("payment.json", _payment(dispute))]
    if dispute.renewal_id is not None:
        pieces += _about_renewal(renewals.by_id(dispute.renewal_id))
    manifest = {
        "dispute": dispute.reference,
        "collected_at": clock.now().isoformat(),
        "files": [
            {"name": piece.name, "sha256": hashlib.sha256(piece.content).hexdigest(), "bytes": len(piece.content)}
            for piece in pieces
        ],
    }
    return _zipped([_json("manifest.json", manifest), *pieces])


def _about_renewal(renewal: Renewal) -> list[Piece]:
    pieces = [
        _json("renewal.json", _renewal(renewal)),
        _json("events.json", [_event(event) for event in renewals.events_of(renewal.id)]),
        _json("delivery.json", [_attempt(attempt) for attempt in renewals.attempts_of(renewal.id)]),
        _json("sign_ins.json", [_sign_in(record) for record in _sign_ins(renewal)]),
    ]
    receipt = receipts.of_renewal(renewal.id)
    if receipt is not None:
        pieces.append(Piece("receipt.json", receipt.content.encode()))
        if receipt.is_ready:
            pieces.append(Piece(receipt.download_name, receipts.file_of(receipt)))
    pieces += [
        Piece(note.download_name, receipts.file_of(note))
        for note in credit_notes.of_renewal(renewal.id)
        if note.is_ready
    ]
    pieces += [_mail(nr, mail) for nr, mail in enumerate(mailbox.about(renewal.id), start=1)]
    return pieces


def _dispute(dispute: Dispute) -> dict[str, Any]:
    return {
        "reference": dispute.reference,
        "provider": dispute.provider,
        "provider_id": dispute.provider_id,
        "amount_minor": dispute.amount_minor,
        "currency": dispute.currency,
        "reason": dispute.reason,
        "opened_at": dispute.opened_at,
        "answer_until": dispute.answer_until,
        "told_by_provider": dispute.raw,
    }


def _payment(dispute: Dispute) -> dict[str, Any]:
    payment = db.session.get_one(Payment, dispute.payment_id)
    return {
        "reference": payment.reference,
        "method": payment.method.value,
        "provider_id": payment.provider_id,
        "capture_id": payment.capture_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "begun_at": payment.begun_at,
        "begun_by": payment.actor_name,
        "begun_from": payment.address,
        "settled_at": payment.settled_at,
        "calls": [
            {"at": call.at, "act": call.act.value, "outcome": call.outcome} for call in payments.calls_of(payment.id)
        ],
    }


def _renewal(renewal: Renewal) -> dict[str, Any]:
    return {
        "reference": renewal.reference,
        "customer": renewal.customer.name,
        "email": renewal.customer.email,
        "iccid": renewal.card.iccid,
        "plan": renewal.plan_version.name_en,
        "total_minor": renewal.total_minor,
        "currency": renewal.currency,
        "placed_at": renewal.placed_at,
        "placed_by": renewal.placed_by_name,
        "delivered_at": renewal.delivered_at,
        "carrier": renewal.carrier,
        "confirmation": renewal.carrier_confirmation,
        "before": renewal.before,
        "after": renewal.after,
    }


def _event(event: RenewalEvent) -> dict[str, Any]:
    who = {"kind": event.actor_kind.value, "name": event.actor_name, "address": event.address}
    return {"at": event.at, "state": event.state.value, "by": who}


def _attempt(attempt: CarrierAttempt) -> dict[str, Any]:
    return {
        "act": attempt.act.value,
        "began": attempt.started_at,
        "ended": attempt.ended_at,
        "outcome": attempt.outcome,
        "answer": attempt.answer,
    }


def _sign_ins(renewal: Renewal) -> list[AuditRecord]:
    return list(
        db.session.scalars(
            select(AuditRecord)
            .where(AuditRecord.actor_id == renewal.customer_id, AuditRecord.act == "sign_in")
            .order_by(AuditRecord.id.desc())
            .limit(_MOST_SIGN_INS)
        )
    )


def _sign_in(record: AuditRecord) -> dict[str, Any]:
    return {"at": record.at, "name": record.actor_name, "address": record.address}


def _mail(nr: int, mail: Mail) -> Piece:
    head = (
        f"To: {mail.recipient}\nSubject: {mail.subject}\nWritten: {mail.created_at.isoformat()}\n"
        f"Sent: {mail.sent_at.isoformat() if mail.sent_at else '-'}\nServer: {mail.server_answer or '-'}\n\n"
    )
    return Piece(f"mails/{nr:02d}-{mail.kind}.txt", (head + _LINK.sub("[link]", mail.text)).encode())


def _json(name: str, value: Any) -> Piece:
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=lambda instant: instant.isoformat())
    return Piece(name, (text + "\n").encode())


def _zipped(pieces: list[Piece]) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for piece in pieces:
            # ZipInfo's own date: the bytes tell what was collected, the manifest when.
            archive.writestr(zipfile.ZipInfo(piece.name), piece.content, zipfile.ZIP_DEFLATED)
    return held.getvalue()
