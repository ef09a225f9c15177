"""A receipt on a thermal roll: printed once when somebody first asks, kept like the sheet, and as genuine."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.core import settings
from portal.core.db import db, transaction
from portal.core.i18n import PaperLanguage
from portal.core.outbox import OutboxRow
from portal.receipts import document, filing, queries, rendering, requesting, storage, verification
from portal.receipts.content import Paper, from_canonical_json
from portal.receipts.errors import ReceiptNotReady
from portal.receipts.models import Receipt, ReceiptRoll
from portal.receipts.verification import Sameness
from tests import make, renewed


@pytest.fixture
def issued(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Receipt:
    """The receipt of a renewal in English, not printed yet; its files lie where no other test's do."""
    monkeypatch.setattr(settings.current(), "invoices_dir", tmp_path)
    with transaction():
        alice = make.agent()
        make.money_in(alice, 100_000)
        carol = make.customer(alice, name="Carol Chan")
        carol.receipt_language = PaperLanguage.EN
        card, plan = make.card(carol), make.plan(code=renewed.PLAN_CODE)
    return renewed.receipt_of(renewed.renew(card, plan))


@pytest.fixture
def receipt(issued: Receipt) -> Receipt:
    rendering.render(issued.id)
    db.session.refresh(issued)
    return issued


def printed(receipt: Receipt) -> ReceiptRoll:
    """Ask for a roll and print it as the worker would."""
    with transaction():
        requesting.request_roll(receipt)
    rendering.render_roll(receipt.id)
    roll = queries.roll_of(receipt)
    assert roll is not None
    return roll


def test_asking_twice_is_one_piece_of_work(receipt: Receipt) -> None:
    for _ in range(2):
        with transaction():
            requesting.request_roll(receipt)

    waiting = select(func.count()).select_from(OutboxRow).where(OutboxRow.kind == "receipts.render_thermal")
    assert db.session.scalar(waiting) == 1


def test_there_is_no_roll_before_the_receipt_is_ready(issued: Receipt) -> None:
    with pytest.raises(ReceiptNotReady), transaction():
        requesting.request_roll(issued)

    assert queries.roll_of(issued) is None


def test_lies_beside_the_sheet_and_says_what_was_frozen(receipt: Receipt) -> None:
    roll = printed(receipt)

    assert roll.file_name == str(receipt.file_name).removesuffix(".pdf") + "-80mm.pdf"
    assert storage.read(str(roll.file_name)) == document.render(
        from_canonical_json(receipt.content), number=str(receipt.number), language=PaperLanguage.EN, paper=Paper.THERMAL
    )
    assert storage.read(str(receipt.file_name)) == queries.file_of(receipt)


def test_printing_again_changes_nothing(receipt: Receipt) -> None:
    roll = printed(receipt)
    before = (roll.file_sha256, roll.rendered_at)

    rendering.render_roll(receipt.id)

    db.session.refresh(roll)
    assert (roll.file_sha256, roll.rendered_at) == before


def test_a_worker_killed_after_writing_leaves_a_file_that_the_next_one_keeps(receipt: Receipt) -> None:
    with transaction():
        requesting.request_roll(receipt)
    content = from_canonical_json(receipt.content)
    pdf = document.render(content, number=str(receipt.number), paper=Paper.THERMAL)
    storage.write(str(receipt.file_name).removesuffix(".pdf") + "-80mm.pdf", pdf)

    rendering.render_roll(receipt.id)

    assert queries.file_of(db.session.get_one(ReceiptRoll, receipt.id)) == pdf


@pytest.mark.parametrize("change", ["UPDATE receipt_rolls SET file_sha256 = NULL", "DELETE FROM receipt_rolls"])
def test_a_printed_roll_never_changes(receipt: Receipt, change: str) -> None:
    printed(receipt)

    with pytest.raises(IntegrityError, match="never changes"), transaction():
        db.session.execute(db.text(change))


def test_its_file_is_genuine(receipt: Receipt) -> None:
    pdf = queries.file_of(printed(receipt))

    same, altered = verification.by_file(pdf), verification.by_file(pdf + b"\n")

    assert (same.sameness, same.receipt) == (Sameness.SAME, receipt)
    assert (altered.sameness, altered.receipt) == (Sameness.ALTERED, receipt)


def test_a_lost_roll_is_named_and_made_again_byte_for_byte(receipt: Receipt) -> None:
    roll = printed(receipt)
    path = settings.current().invoices_dir / str(roll.file_name)
    lost = path.read_bytes()
    path.unlink()

    assert filing.check() == [(f"{receipt.number}-80mm", "the file is missing")]
    assert filing.check(restore=True) == []

    assert path.read_bytes() == lost
