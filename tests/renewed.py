"""Have a card renewed and its receipt made in this process: the real acts, with the stand-in carriers at hand."""

import hashlib
from pathlib import Path

from portal.cards.models import Card
from portal.catalogue.models import PlanVersion
from portal.core import clock, ids, settings
from portal.core.db import db, in_transaction, transaction
from portal.demo.stand_in import StandIns
from portal.receipts import numbering, queries, storage
from portal.receipts.models import Receipt, ReceiptRoll
from portal.renewals import fulfilment, offers, placing
from portal.renewals.models import Renewal
from tests import make

PLAN_CODE = "JP-5G-30D"
"""A plan that the stand-in carrier sandbox-east sells, and so can deliver."""


def renew(card: Card, plan: PlanVersion) -> Renewal:
    """Renew a card from its agent's wallet, which must cover it, and have it delivered."""
    signed = offers.one(card, plan.code, now=clock.now()).signed
    placed = in_transaction(
        lambda: placing.place(
            agent_id=card.agent_id,
            card_id=card.id,
            signed_quote=signed,
            idempotency_key=str(ids.new_id()),
            actor=make.actor(),
        )
    )
    home: Path = settings.current().portal_home / "stand-ins"
    with StandIns(home).in_charge():
        fulfilment.fulfil(placed.id)
    return db.session.get_one(Renewal, placed.id)


def receipt_of(renewal: Renewal) -> Receipt:
    """Give the receipt of a delivered renewal."""
    receipt = queries.of_renewal(renewal.id)
    assert receipt is not None
    return receipt


def print_receipt(receipt: Receipt, pdf: bytes | None = None) -> bytes:
    """Number a receipt and keep a file of it as the worker would, without the cost of WeasyPrint."""
    pdf = pdf or f"%PDF-1.7 /URI (https://portal.example/verify/{receipt.verification_code})".encode()
    name = f"printed/{ids.new_id()}.pdf"
    storage.write(name, pdf)
    with transaction():
        numbering.number(receipt.id)
        db.session.refresh(receipt)
        receipt.file_name, receipt.file_size = name, len(pdf)
        receipt.file_sha256 = hashlib.sha256(pdf).hexdigest()
        receipt.rendered_at = clock.now()
    return pdf


def print_roll(receipt: Receipt, pdf: bytes) -> None:
    """Keep a file as the copy of a receipt on a thermal roll, which somebody has asked for."""
    name = f"printed/{ids.new_id()}.pdf"
    storage.write(name, pdf)
    with transaction():
        roll = db.session.get_one(ReceiptRoll, receipt.id)
        roll.file_name, roll.file_size, roll.file_sha256 = name, len(pdf), hashlib.sha256(pdf).hexdigest()
        roll.rendered_at = clock.now()
