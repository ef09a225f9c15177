import hashlib
import re

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.actor import WORKER
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow
from portal.receipts import queries as receipts
from portal.receipts import storage
from portal.receipts.models import Receipt, ReceiptRoll
from portal.renewals import events
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from tests import browsing, renewed
from tests.web.agent.conftest import Counter

PDF = b"%PDF-1.7 a receipt"


def move(renewal_id, *states: RenewalState, **changes) -> None:
    def act():
        renewal = db.session.get_one(Renewal, renewal_id, populate_existing=True)
        for state in states:
            events.move(renewal, state, actor=WORKER)
        for name, value in changes.items():
            setattr(renewal, name, value)

    in_transaction(act)


def deliver(counter: Counter, renewal_id) -> None:
    move(
        renewal_id,
        RenewalState.SUBMITTING,
        RenewalState.DELIVERED,
        delivered_at=clock.now(),
        carrier_confirmation="SE-99179",
        before={"data_left_mb": 614, "data_total_mb": 10240, "valid_until": "2026-11-23T04:00:00+00:00"},
        after={"data_left_mb": 10854, "data_total_mb": 20480, "valid_until": "2026-12-23T04:00:00+00:00"},
    )


def issue(counter: Counter, renewal_id, *, is_ready: bool = True) -> None:
    def act():
        receipt = Receipt(
            renewal_id=renewal_id,
            customer_id=counter.customer.id,
            agent_id=counter.agent.id,
            content="{}",
            content_sha256="0" * 64,
            verification_code=str(renewal_id)[-20:],
        )
        if is_ready:
            receipt.number, receipt.year, receipt.serial = "LEB-2026-0000001", 2026, 1
            receipt.file_name = f"2026/11/{renewal_id}.pdf"
            receipt.file_sha256 = hashlib.sha256(PDF).hexdigest()
            receipt.file_size, receipt.rendered_at = len(PDF), clock.now()
            storage.write(receipt.file_name, PDF)
        db.session.add(receipt)

    in_transaction(act)


def test_a_paid_renewal_shows_its_steps_and_asks_again_by_itself(counter):
    renewal_id = counter.place()

    page = counter.get(f"/agent/renewals/{renewal_id}").text

    words = browsing.words(page)
    assert "Paid from wallet 14:18:00 · Alice" in words
    assert "Sending to the carrier" in words
    assert "Total CNY 105.00" in words
    assert f'hx-get="/agent/renewals/{renewal_id}/progress"' in page
    assert 'hx-trigger="every 2s"' in page


def test_the_piece_that_htmx_asks_for_says_what_was_earned_in_place(counter):
    renewal_id = counter.place()
    earned = re.compile(r'<p class="fine"\s+id="earned"\s+hx-swap-oob="true"')
    before = counter.get_piece(f"/agent/renewals/{renewal_id}/progress").text
    deliver(counter, renewal_id)
    after = counter.get_piece(f"/agent/renewals/{renewal_id}/progress").text

    assert earned.search(before)
    assert "You earn CNY 8.00 once it is delivered." in browsing.words(before)
    assert earned.search(after)
    assert "You earned CNY 8.00." in browsing.words(after)
    assert "hx-swap-oob" not in counter.get(f"/agent/renewals/{renewal_id}").text


def test_the_piece_that_htmx_asks_for_is_no_whole_page(counter):
    renewal_id = counter.place()

    piece = counter.get_piece(f"/agent/renewals/{renewal_id}/progress").text

    assert "<html" not in piece
    assert 'id="progress"' in piece


def test_while_it_is_delivered_it_waits_for_the_carrier(counter):
    renewal_id = counter.place()
    move(renewal_id, RenewalState.SUBMITTING)

    words = counter.words(f"/agent/renewals/{renewal_id}")

    assert "Sent to the carrier" in words
    assert "Waiting for the carrier" in words


def test_an_unknown_outcome_says_that_nothing_is_lost(counter):
    renewal_id = counter.place()
    move(renewal_id, RenewalState.SUBMITTING, RenewalState.UNKNOWN)

    page = counter.get(f"/agent/renewals/{renewal_id}").text

    assert "nothing is sent twice" in page
    assert "every 2s" in page


def test_a_delivered_one_shows_the_card_before_and_after(counter):
    renewal_id = counter.place()
    deliver(counter, renewal_id)

    page = counter.get(f"/agent/renewals/{renewal_id}").text

    words = browsing.words(page)
    assert "Delivered 14:18:00 · confirmation SE-99179" in words
    assert "Before 614 MB until 23 Nov 2026" in words
    assert "After 10.59 GB until 23 Dec 2026" in words
    assert "Making the receipt" in words
    assert "every 2s" in page


def test_stops_asking_once_the_receipt_is_ready(counter):
    renewal_id = counter.place()
    deliver(counter, renewal_id)
    issue(counter, renewal_id)

    page = counter.get(f"/agent/renewals/{renewal_id}").text

    assert "Receipt ready" in page
    assert "LEB-2026-0000001" in page
    assert "every 2s" not in page


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("card_not_found", "does not know this card"),
        ("card_suspended", "has suspended this card"),
        ("card_expired_too_long", "expired too long ago"),
        ("plan_not_compatible", "does not work on this card"),
        ("plan_not_found", "does not sell this plan any more"),
        ("carrier_maintenance", "working on its systems"),
        ("submission_expired", "reached the carrier too late"),
        ("not_reached", "could not be reached"),
        ("something_new", "a reason that we do not know"),
    ],
)
def test_a_refused_one_says_why_and_that_no_money_was_kept(counter, code, words):
    renewal_id = counter.place()
    move(
        renewal_id,
        RenewalState.SUBMITTING,
        RenewalState.REFUSED,
        RenewalState.RETURNED,
        refusal_code=code,
        refusal_text="<b>carrier speaks</b>",
    )

    page = counter.get(f"/agent/renewals/{renewal_id}").text

    shown = browsing.words(page)
    assert words in shown
    assert "CNY 105.00 is back in your wallet; no money was kept." in shown
    assert "Money returned to the wallet" in shown
    assert "every 2s" not in page
    assert "carrier speaks" not in page


def test_sends_the_receipt_to_look_at_or_to_keep(counter):
    renewal_id = counter.place()
    deliver(counter, renewal_id)
    issue(counter, renewal_id)

    shown = counter.get(f"/agent/renewals/{renewal_id}/receipt.pdf")
    kept = counter.get(f"/agent/renewals/{renewal_id}/receipt.pdf?download")

    assert (shown.status_code, shown.mimetype, shown.data) == (200, "application/pdf", PDF)
    assert shown.headers["Content-Disposition"] == 'inline; filename="LEB-2026-0000001.pdf"'
    assert kept.headers["Content-Disposition"] == 'attachment; filename="LEB-2026-0000001.pdf"'


def test_there_is_no_receipt_before_delivery(counter):
    assert counter.get(f"/agent/renewals/{counter.place()}/receipt.pdf").status_code == 404


def test_a_receipt_that_is_still_being_made_says_so(counter):
    renewal_id = counter.place()
    deliver(counter, renewal_id)
    issue(counter, renewal_id, is_ready=False)

    answer = counter.get(f"/agent/renewals/{renewal_id}/receipt.pdf")

    assert answer.status_code == 409
    assert "still being made" in answer.text


def test_lists_renewals_and_finds_them(counter):
    renewal_id = counter.place()
    reference = db.session.scalars(select(Renewal.reference)).one()

    assert reference in counter.words("/agent/renewals/")
    for query in (
        f"q={reference}",
        f"q={reference.lower()}",
        "q=carol",
        "q=8985 2000",
        "state=paid",
        "state=under_way",
    ):
        assert str(renewal_id) in counter.get(f"/agent/renewals/?{query}").text, query
    for query in ("q=nobody", "state=delivered"):
        assert str(renewal_id) not in counter.get(f"/agent/renewals/?{query}").text, query


@pytest.mark.parametrize("odd", ["state=gone", "older=x", "newer=%C3%A9", "q=%25_"])
def test_takes_odd_filters_for_none(counter, odd):
    assert counter.get(f"/agent/renewals/?{odd}").status_code == 200


def test_hides_alices_renewals_from_bob(counter, bob):
    counter.place()

    assert "Carol" not in bob.get("/agent/renewals/?q=carol").text


def test_shows_html_in_a_name_as_text(counter):
    in_transaction(lambda: setattr(db.session.merge(counter.customer), "name", "<img src=x onerror=alert(1)>"))
    renewal_id = counter.place()

    for path in (
        "/agent/renewals/",
        f"/agent/renewals/{renewal_id}",
        "/agent/",
        f"/agent/cards/{counter.card.id}/renew",
    ):
        assert "<img src=x" not in counter.get(path).text, path


def test_a_clerks_renewal_bears_the_clerks_name(counter, clerk):
    page = clerk.get(f"/agent/cards/{counter.card.id}/renew?plan=JP-10G-30D").text
    form = {name: browsing.field_value(page, name) for name in ("csrf_token", "quote", "idempotency_key")}

    answer = clerk.post(f"/agent/cards/{counter.card.id}/renew", data=form)

    assert "Chen" in clerk.get(answer.location).text


def test_the_first_to_ask_for_a_roll_has_it_printed_and_waits_for_it(counter):
    renewal_id = counter.place()
    deliver(counter, renewal_id)
    issue(counter, renewal_id)
    address = f"/agent/renewals/{renewal_id}/receipt.pdf?paper=thermal"
    assert address in counter.get(f"/agent/renewals/{renewal_id}").text

    first, again, piece = counter.get(address), counter.get(address), counter.get_piece(address)

    assert (first.status_code, again.status_code, piece.status_code) == (202, 202, 200)
    assert "Your receipt is being made" in first.text
    assert 'hx-trigger="every 1s"' in piece.text
    assert "<html" not in piece.text
    assert [row.kind for row in db.session.query(OutboxRow) if "receipts" in row.kind] == ["receipts.render_thermal"]


def test_sends_the_roll_once_it_is_printed(counter):
    renewal_id = counter.place()
    deliver(counter, renewal_id)
    issue(counter, renewal_id)
    address = f"/agent/renewals/{renewal_id}/receipt.pdf?paper=thermal"
    counter.get(address)
    renewed.print_roll(receipts.of_renewal(renewal_id), PDF)

    piece, answer = counter.get_piece(address), counter.get(address)

    assert "Your receipt is ready to print" in piece.text
    assert "every 1s" not in piece.text
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/pdf", PDF)
    assert answer.headers["Content-Disposition"] == 'inline; filename="LEB-2026-0000001-80mm.pdf"'


def test_there_is_no_roll_of_a_receipt_that_is_still_being_made(counter):
    renewal_id = counter.place()
    deliver(counter, renewal_id)
    issue(counter, renewal_id, is_ready=False)

    assert counter.get(f"/agent/renewals/{renewal_id}/receipt.pdf?paper=thermal").status_code == 409
    assert db.session.query(ReceiptRoll).count() == 0


def test_bob_has_no_roll_of_alices_receipt_printed(counter, bob):
    renewal_id = counter.place()
    deliver(counter, renewal_id)
    issue(counter, renewal_id)

    assert bob.get(f"/agent/renewals/{renewal_id}/receipt.pdf?paper=thermal").status_code == 404
    assert db.session.query(ReceiptRoll).count() == 0


def test_the_group_and_its_states_are_told_apart_in_chinese(counter):
    counter.browser.set_cookie("language", "zh")

    page = counter.get("/agent/renewals/").text

    assert ">进行中</option>" in page
    assert page.count(">处理中</option>") == 1
