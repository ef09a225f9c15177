import pytest

from portal.accounts import links
from portal.accounts.models import Role
from portal.core import ids, settings
from portal.core.db import db, transaction
from portal.receipts.models import ReceiptRoll
from tests import browsing, make, renewed


def test_sends_the_very_file(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)
    receipt = renewed.receipt_of(renewal)
    pdf = renewed.print_receipt(receipt)

    answer = hers.get(f"/my/receipts/{renewal.id}.pdf")

    assert answer.status_code == 200
    assert answer.data == pdf
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{receipt.number}.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_asks_for_patience_while_the_file_is_being_made(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)

    answer = hers.get(f"/my/receipts/{renewal.id}.pdf")

    assert answer.status_code == 409
    assert "Your receipt is being made" in answer.text


@pytest.mark.parametrize("method", ["get", "head"])
def test_finds_no_receipt_of_another_customer(hers, carol, method):
    with transaction():
        other_card = make.card(make.customer(carol.agent))
    renewal = renewed.renew(other_card, carol.plan)
    renewed.print_receipt(renewed.receipt_of(renewal))

    assert getattr(hers, method)(f"/my/receipts/{renewal.id}.pdf").status_code == 404


def test_finds_no_receipt_that_was_never_issued(hers):
    assert hers.get(f"/my/receipts/{ids.new_id()}.pdf").status_code == 404


@pytest.mark.parametrize("name", ["x.pdf", "..%2f..%2fetc%2fpasswd.pdf", "LEB-2026-0000001.pdf"])
def test_finds_nothing_under_a_file_name(hers, name):
    assert hers.get(f"/my/receipts/{name}").status_code == 404


def test_does_not_hand_out_a_file_that_was_altered_on_the_disk(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)
    receipt = renewed.receipt_of(renewal)
    renewed.print_receipt(receipt)
    (settings.current().invoices_dir / str(receipt.file_name)).write_bytes(b"%PDF-1.7 CNY 0.01")

    answer = hers.get(f"/my/receipts/{renewal.id}.pdf")

    assert answer.status_code == 500
    assert answer.mimetype == "text/html"


def test_asks_strangers_to_sign_in_and_brings_them_back(client, carol):
    renewal = renewed.renew(carol.card, carol.plan)

    answer = client.get(f"/my/receipts/{renewal.id}.pdf")

    assert answer.location == f"/my/sign-in?next=/my/receipts/{renewal.id}.pdf"


def test_refuses_the_agents_own_user(client, carol):
    renewal = renewed.renew(carol.card, carol.plan)
    with transaction():
        alice = make.user(role=Role.AGENT_OWNER, of=carol.agent)
    browsing.sign_in(client, alice)

    assert client.get(f"/my/receipts/{renewal.id}.pdf").status_code == 403


def test_a_mailed_link_leads_to_the_receipt_once_the_button_is_pressed(client, carol):
    renewal = renewed.renew(carol.card, carol.plan)
    pdf = renewed.print_receipt(renewed.receipt_of(renewal))
    page = f"/my/receipts/{renewal.id}.pdf"
    link = links.address_for_customer(carol.customer.id, email="carol@customers.example", page=page)
    path = link.removeprefix("https://portal.example")

    looked = client.get(path)
    entered = client.post(path, data={"csrf_token": browsing.csrf_token(looked.text)})

    assert "Carol Chan" in looked.text
    assert entered.location == page
    assert client.get(page).data == pdf


def test_has_a_receipt_printed_for_a_roll_and_sends_it(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)
    receipt = renewed.receipt_of(renewal)
    renewed.print_receipt(receipt)
    address = f"/my/receipts/{renewal.id}.pdf?paper=thermal"
    assert address in hers.get("/my/").text

    waiting = hers.get(address)
    renewed.print_roll(receipt, b"%PDF-1.7 a roll")
    sent = hers.get(address)

    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "2")
    assert "Your receipt is being made" in waiting.text
    assert (sent.status_code, sent.data) == (200, b"%PDF-1.7 a roll")
    assert sent.headers["Content-Disposition"] == f'attachment; filename="{receipt.number}-80mm.pdf"'


def test_a_roll_waits_for_its_receipt(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)

    assert hers.get(f"/my/receipts/{renewal.id}.pdf?paper=thermal").status_code == 409
    assert db.session.query(ReceiptRoll).count() == 0


def test_has_no_roll_printed_of_another_customers_receipt(hers, carol):
    with transaction():
        other_card = make.card(make.customer(carol.agent))
    renewal = renewed.renew(other_card, carol.plan)
    renewed.print_receipt(renewed.receipt_of(renewal))

    assert hers.get(f"/my/receipts/{renewal.id}.pdf?paper=thermal").status_code == 404
    assert db.session.query(ReceiptRoll).count() == 0


def test_asks_strangers_to_sign_in_before_a_roll_is_printed(client, carol):
    renewal = renewed.renew(carol.card, carol.plan)
    renewed.print_receipt(renewed.receipt_of(renewal))

    assert "/my/sign-in" in client.get(f"/my/receipts/{renewal.id}.pdf?paper=thermal").location
    assert db.session.query(ReceiptRoll).count() == 0
