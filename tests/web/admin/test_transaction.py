import hashlib

import pytest

from portal.core import mail
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow
from portal.receipts import queries as receipts
from portal.receipts import storage
from portal.renewals import queries as renewals
from portal.wallets.models import TopUp
from tests import browsing

PDF = b"%PDF-1.7 a receipt"


def test_a_delivered_renewal_shows_everything_in_one_page(dana, house, carrier):
    renewal_id = house.deliver()

    words = dana.words(f"/admin/transactions/{renewal_id}")

    assert "Japan 10 GB / 30 days v1 CNY 100.00 Commission fee 5% CNY 5.00 Total CNY 105.00" in words
    assert "Tax included 5.66" in words
    assert "Alice, 203.0.113.7 at the counter" in words
    assert "Carol Chan carol@customers.example" in words
    assert "sandbox-east, SE-99120" in words
    assert "Before 614 MB until 23 Nov 2026" in words
    assert "After 10 GB until 23 Dec 2026" in words
    assert "balances · escrow nets to zero" in words
    assert "Hold 14:18:07 Agent wallet · Global Link Escrow 105.00" in words
    assert "Delivery 14:18:07 Escrow Revenue 94.34" in words
    assert "Escrow Tax payable 5.66" in words
    assert "Escrow Commission earned · Global Link 5.00" in words
    assert "Carrier cost Payable to carrier · sandbox-east 61.20" in words
    assert "Paid from the wallet, money in escrow 14:18:07 · Alice · 203.0.113.7 · request req-1" in words
    assert "Submitted to sandbox-east: confirmed after 0 ms" in words
    assert '"activation_code": "••••"' in words


def test_things_of_one_instant_stand_in_the_order_they_happened(dana, house, carrier):
    words = dana.words(f"/admin/transactions/{house.deliver()}")

    told = ["Paid from the wallet", "Delivery begun", "Submitted to sandbox-east", "Delivered, money given"]
    assert [words.index(part) for part in told] == sorted(words.index(part) for part in told)


def test_a_renewal_under_way_says_what_escrow_holds(dana, house):
    words = dana.words(f"/admin/transactions/{house.place()}")

    assert "balances · escrow holds CNY 105.00" in words


def test_a_refused_renewal_shows_the_reason_and_the_way_back_of_the_money(dana, house, carrier):
    carrier.refuses_with = "card_suspended"

    words = dana.words(f"/admin/transactions/{house.deliver()}")

    assert "card_suspended The card is suspended." in words
    assert "Return 14:18:07 Escrow Agent wallet · Global Link 105.00" in words
    assert "balances · escrow nets to zero" in words


def test_escrow_that_does_not_fit_is_told(dana, house, carrier):
    renewal_id = house.deliver()
    in_transaction(lambda: setattr(renewals.by_id(renewal_id), "state", "paid"))

    assert "escrow holds CNY 0.00, expected CNY 105.00" in dana.words(f"/admin/transactions/{renewal_id}")


def test_work_about_it_that_was_given_up_is_told(dana, house):
    renewal_id = house.place()
    row = db.session.query(OutboxRow).filter_by(subject_id=renewal_id).one()
    in_transaction(lambda: _fail(row))

    assert "Given up: Deliver a renewal · ConnectError: no route" in dana.words(f"/admin/transactions/{renewal_id}")


def _fail(row: OutboxRow) -> None:
    row.last_error, row.given_up_at, row.attempts = "ConnectError: no route", row.created_at, 20


def test_mails_about_it_are_told(dana, house):
    renewal_id = house.place()
    in_transaction(
        lambda: mail.send(
            "receipt_ready",
            recipient="carol@customers.example",
            language="en",
            subject="Your receipt",
            text="Here",
            about=("renewal", renewal_id),
        )
    )

    assert "Mail to carol@customers.example waits" in dana.words(f"/admin/transactions/{renewal_id}")


def test_the_receipt_is_handed_to_staff(fiona, house, carrier):
    renewal_id = house.deliver()
    assert fiona.get(f"/admin/transactions/{renewal_id}/receipt.pdf").status_code == 409

    in_transaction(lambda: _write(renewal_id))

    answer = fiona.get(f"/admin/transactions/{renewal_id}/receipt.pdf")
    assert answer.data == PDF
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="LEB-2026-0000001.pdf"'
    assert "no-store" in answer.headers["Cache-Control"]


def _write(renewal_id) -> None:
    receipt = receipts.of_renewal(renewal_id)
    receipt.number, receipt.year, receipt.serial = "LEB-2026-0000001", 2026, 1
    receipt.file_name, receipt.file_size = f"2026/11/{renewal_id}.pdf", len(PDF)
    receipt.file_sha256, receipt.rendered_at, receipt.render_ms = (
        hashlib.sha256(PDF).hexdigest(),
        receipt.issued_at,
        17,
    )
    storage.write(receipt.file_name, PDF)


def test_a_top_up_shows_its_bank_reference_and_its_entry(ada, house):
    top_up = db.session.query(TopUp).one()

    words = ada.words(f"/admin/transactions/{top_up.id}")

    assert f"{top_up.reference} Top-up" in words
    assert f"Bank reference {top_up.bank_reference}" in words
    assert "Received on 20 Nov 2026" in words
    assert "By Fiona" in words
    assert "Top-up 14:18:07 Bank Agent wallet · Global Link 1,000.00" in words


@pytest.mark.parametrize("odd", ["0192f0c1-0000-7000-8000-000000000000", "1", "R-0000-0000"])
@pytest.mark.parametrize("tail", ["", "/receipt.pdf"])
def test_what_does_not_stand_is_not_found(dana, house, odd, tail):
    assert dana.get(f"/admin/transactions/{odd}{tail}").status_code == 404


def test_raw_answers_stay_text(dana, house, carrier):
    carrier.refuses_with = "<script>alert(1)</script>"

    page = dana.page(f"/admin/transactions/{house.deliver()}")

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert browsing.words(page)
