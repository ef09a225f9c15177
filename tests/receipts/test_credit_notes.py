"""A credit note: a series of its own without gaps, frozen content, a PDF and a mail."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from portal.core import clock, settings
from portal.core.db import db, in_transaction
from portal.core.i18n import PaperLanguage
from portal.core.mail import Mail
from portal.receipts import credit_note, credit_notes, credit_printing, document, filing, queries, specimen, storage
from portal.receipts.credit_note import Correction, CreditedLines, CreditNoteContent
from portal.receipts.models import CreditNote
from tests.refunds.conftest import NOW, Office, StandIn, carrier, office

assert carrier
assert office
assert StandIn

LINES = CreditedLines(
    currency="CNY",
    base_minor=9_000,
    tax_minor=509,
    tax_bps=600,
    fee_minor=450,
    total_minor=9_450,
    paid_minor=9_450,
    credited_before_minor=0,
)


def content(**changes: object) -> CreditNoteContent:
    correction = Correction(
        receipt_number=specimen.NUMBER,
        refund_reference="F-7K3M-92QD",
        issued_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
        lines=LINES,
        paid_back_to="alipay",
        reason="not_working",
        verification_code="7K3M92QDABCDEFGHJKMP",
        portal_address="https://portal.leb.example",
    )
    return replace(credit_note.correcting(specimen.CONTENT, correction), **changes)  # type: ignore[arg-type]


def words(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_says_in_chinese_what_stays_paid() -> None:
    partly = replace(LINES, base_minor=4_762, tax_minor=270, fee_minor=238, total_minor=5_000)

    said = words(
        document.render_credit_note(content(lines=partly, language=PaperLanguage.ZH), number="CN-2026-0000001")
    )

    assert "退款后实付 CNY 44.50" in said
    assert "余额" not in said


def test_its_canonical_text_reads_back_as_the_same() -> None:
    text = credit_note.to_canonical_json(content())

    assert credit_note.from_canonical_json(text) == content()
    assert credit_note.to_canonical_json(credit_note.from_canonical_json(text)) == text


@pytest.mark.parametrize(
    "lines",
    [
        replace(LINES, total_minor=9_449),
        replace(LINES, credited_before_minor=1),
        replace(LINES, base_minor=0, fee_minor=0, total_minor=0),
    ],
)
def test_refuses_sums_that_do_not_add_up_or_exceed_what_was_paid(lines: CreditedLines) -> None:
    with pytest.raises(ValueError, match=r"total|positive"):
        content(lines=lines)


def test_the_paper_says_what_it_corrects_and_what_went_back() -> None:
    pdf = document.render_credit_note(content(), number="CN-2026-0000001")

    said = words(pdf)
    for wanted in (
        "CN-2026-0000001",
        "LEB-2026-0000123",
        "R-7K3M-92QD",
        "F-7K3M-92QD",
        "90.00",
        "4.50",
        "CNY 94.50",
        "7K3M92QDABCDEFGHJKMP",
        "退款凭证",
        "Credit note",
        "The service did not work",
    ):
        assert wanted in said
    assert len(PdfReader(BytesIO(pdf)).pages) == 1


def test_the_same_values_give_the_same_bytes_and_other_languages_others() -> None:
    first = document.render_credit_note(content(), number="CN-2026-0000001")

    assert document.render_credit_note(content(), number="CN-2026-0000001") == first
    english = words(document.render_credit_note(content(), number="CN-2026-0000001", language=PaperLanguage.EN))
    assert "Credit note" in english
    assert "退款凭证" not in english


@pytest.fixture
def notes(app: Flask, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[CreditNote]]:
    """Two credit notes of one renewal, numbered by nobody yet, and an empty folder for their files."""
    own = settings.current().model_copy(update={"invoices_dir": tmp_path})
    monkeypatch.setitem(app.extensions, "portal_settings", own)
    with clock.fixed(NOW):
        refunds = [office.refunded(3_000), office.refunded(2_000)]
        # Made at one instant of this clock, their ids do not tell which was first.
        yield [note for refund in refunds if (note := credit_notes.of_refund(refund.id))]


def test_numbers_follow_each_other_in_a_series_of_their_own(notes: list[CreditNote]) -> None:
    for note in (*notes, notes[0]):
        in_transaction(lambda note=note: credit_printing.number(note.id))

    assert [note.number for note in notes] == ["CN-2026-0000001", "CN-2026-0000002"]


def test_printing_keeps_a_file_and_writes_one_mail(notes: list[CreditNote]) -> None:
    for _ in range(2):
        credit_printing.render(notes[0].id)

    note = credit_notes.by_id(notes[0].id)
    assert note.file_name == "2026/11/CN-2026-0000001.pdf"
    assert queries.file_of(note) == storage.read(note.file_name)
    assert credit_notes.by_file(note.file_sha256 or "") is note
    mail = db.session.scalars(select(Mail).where(Mail.kind == "credit_note_ready")).one()
    assert "CN-2026-0000001" in mail.subject
    assert "30.00" in mail.subject
    assert filing.check() == []


def test_a_lost_file_is_made_again_byte_for_byte(notes: list[CreditNote]) -> None:
    credit_printing.render(notes[0].id)
    note = credit_notes.by_id(notes[0].id)
    (settings.current().invoices_dir / (note.file_name or "")).unlink()

    assert filing.check() == [("CN-2026-0000001", "the file is missing")]
    assert filing.check(restore=True) == []
