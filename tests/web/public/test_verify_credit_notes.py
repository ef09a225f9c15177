"""A refunded receipt names its credit notes, and a credit note has a page of its own."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import settings
from portal.core.db import in_transaction
from portal.receipts import credit_notes, credit_printing, queries
from portal.receipts.models import CreditNote
from tests import browsing
from tests.refunds.conftest import Office, carrier, office
from tests.web.public.test_verify import send_file

assert carrier
assert office


@pytest.fixture
def visitor(client: FlaskClient) -> FlaskClient:
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def note(app: Flask, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CreditNote:
    own = settings.current().model_copy(update={"invoices_dir": tmp_path})
    monkeypatch.setitem(app.extensions, "portal_settings", own)
    refund = office.refunded(3_000)
    found = credit_notes.of_refund(refund.id)
    assert found is not None
    in_transaction(lambda: credit_printing.number(found.id))
    return found


def test_the_refunded_receipt_says_so_with_the_notes_number(visitor: FlaskClient, note: CreditNote) -> None:
    receipt = queries.of_renewal(note.renewal_id)
    assert receipt is not None

    page = browsing.words(visitor.get(f"/verify/{receipt.verification_code}").text)

    assert "Genuine, partly refunded" in page
    assert note.number in page


def test_the_notes_code_tells_number_receipt_sum_and_masked_card(visitor: FlaskClient, note: CreditNote) -> None:
    page = browsing.words(visitor.get(f"/verify/{note.verification_code}").text)

    assert "Genuine credit note" in page
    assert note.number in page
    assert "CNY 30.00" in page
    assert "Carol" not in page


@pytest.mark.parametrize("path", ["/verify/?q={}", "/verify/{}"])
def test_a_number_alone_tells_neither_sum_nor_card(visitor: FlaskClient, note: CreditNote, path: str) -> None:
    page = browsing.words(visitor.get(path.format(note.number)).text)

    assert "Genuine credit note" in page
    assert "30.00" not in page


def test_an_unknown_number_is_unknown(visitor: FlaskClient, note: CreditNote) -> None:
    assert visitor.get("/verify/CN-2026-0000099").status_code == 404


def test_its_file_is_known_and_an_altered_one_is_named(visitor: FlaskClient, note: CreditNote) -> None:
    credit_printing.render(note.id)
    pdf = queries.file_of(credit_notes.by_id(note.id))

    same, altered = send_file(visitor, pdf), send_file(visitor, pdf + b"\n")

    assert "to the last byte" in browsing.words(same.text)
    assert "This file was altered" in browsing.words(altered.text)
