import zlib

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from portal.core.db import db, transaction
from portal.receipts import verification
from portal.receipts.models import Receipt
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from tests import browsing, make, renewed


@pytest.fixture
def receipt(app: Flask) -> Receipt:
    with transaction():
        alice = make.agent()
        make.money_in(alice, 100_000)
        card = make.card(make.customer(alice, name="张喆"), iccid="89852000263318806140")
        plan = make.plan(code=renewed.PLAN_CODE)
    issued = renewed.receipt_of(renewed.renew(card, plan))
    renewed.print_receipt(issued)
    return issued


@pytest.fixture
def visitor(client: FlaskClient) -> FlaskClient:
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def send_file(visitor: FlaskClient, content: bytes):
    token = browsing.csrf_token(visitor.get("/verify/").text).encode()
    # Written out, because the test client leaves the temporary file of a large upload open.
    head = b'--seam\r\nContent-Disposition: form-data; name="'
    body = head + b'csrf_token"\r\n\r\n' + token + b"\r\n"
    body += head + b'file"; filename="receipt.pdf"\r\n\r\n' + content + b"\r\n--seam--\r\n"
    return visitor.post("/verify/", data=body, content_type="multipart/form-data; boundary=seam")


def set_state(receipt: Receipt, state: RenewalState) -> None:
    with transaction():
        db.session.execute(update(Renewal).where(Renewal.id == receipt.renewal_id).values(state=state))
    db.session.expire_all()


def test_tells_number_date_sum_and_masked_card_without_signing_in(visitor, receipt):
    answer = visitor.get(f"/verify/{receipt.verification_code}")
    page = browsing.words(answer.text)

    assert answer.status_code == 200
    assert "Genuine" in page
    assert receipt.number in page
    assert "CNY 105.00" in page
    assert "8985 •••• 6140" in page


def test_tells_nothing_personal(visitor, receipt):
    page = visitor.get(f"/verify/{receipt.verification_code}").text

    assert "张喆" not in page
    assert "89852000263318806140" not in page
    assert "8985 2000 2633 1880 6140" not in page
    assert "Alice" not in page


def test_reads_a_code_in_any_case_and_with_the_signs_people_mistake(visitor, receipt):
    code = receipt.verification_code
    typed = f"{code[:5]} {code[5:]}".lower().replace("0", "o").replace("1", "l")

    answer = visitor.get("/verify/", query_string={"q": typed})

    assert answer.location == f"/verify/{code}"
    assert visitor.get(f"/verify/{code.lower()}").status_code == 200


@pytest.mark.parametrize("code", ["ABCDE", "00000000000000000000", "%3Cscript%3E", "LEB-2026-9999999", "x" * 500])
def test_says_in_words_that_a_code_is_unknown(visitor, code):
    answer = visitor.get(f"/verify/{code}")

    assert answer.status_code == 404
    assert "Unknown" in answer.text
    assert "<script>" not in answer.text.lower().replace("<script src", "")


def test_a_number_alone_tells_neither_sum_nor_card(visitor, receipt):
    page = browsing.words(visitor.get("/verify/", query_string={"q": receipt.number.lower()}).text)

    assert "Genuine" in page
    assert receipt.number in page
    assert "105.00" not in page
    assert "6140" not in page


def test_says_that_a_receipt_was_refunded(visitor, receipt):
    set_state(receipt, RenewalState.REFUNDED)

    page = browsing.words(visitor.get(f"/verify/{receipt.verification_code}").text)

    assert "Refunded" in page
    assert "Genuine" not in page


def test_says_that_a_receipt_was_refunded_in_part(visitor, receipt):
    set_state(receipt, RenewalState.PARTLY_REFUNDED)

    assert "partly refunded" in visitor.get(f"/verify/{receipt.verification_code}").text


def test_knows_its_own_file(visitor, receipt):
    pdf = f"%PDF-1.7 /URI (https://portal.example/verify/{receipt.verification_code})".encode()

    page = browsing.words(send_file(visitor, pdf).text)

    assert "to the last byte" in page
    assert receipt.number in page


def test_names_a_file_that_was_altered(visitor, receipt):
    address = f"https://portal.example/verify/{receipt.verification_code}".encode()
    altered = b"%PDF-1.7\nstream\n" + zlib.compress(b"/URI (" + address + b")") + b"\nendstream CNY 9,999.00"

    answer = send_file(visitor, altered)
    page = browsing.words(answer.text)

    assert "This file was altered" in page
    assert "CNY 105.00" in page


@pytest.mark.parametrize("content", [b"%PDF-1.7 nothing of ours", b"\x00" * 1000, b"stream\n" * 5000])
def test_says_that_a_file_is_not_ours(visitor, receipt, content):
    answer = send_file(visitor, content)

    assert answer.status_code == 404
    assert "Unknown file" in answer.text


def test_refuses_a_file_over_two_megabytes(visitor):
    answer = send_file(visitor, b"%PDF" + b"0" * verification.MAX_FILE_BYTES)

    assert answer.status_code == 422
    assert "larger than 2 MB" in answer.text


def test_asks_for_a_file_when_none_was_chosen(visitor):
    token = browsing.csrf_token(visitor.get("/verify/").text)

    answer = visitor.post("/verify/", data={"csrf_token": token})

    assert answer.status_code == 422
    assert "Choose the PDF file" in answer.text


def test_keeps_search_engines_away(visitor, receipt):
    assert 'name="robots" content="noindex"' in visitor.get(f"/verify/{receipt.verification_code}").text
