"""What is PayPal's own, against the stand-in."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.core import clock
from portal.core.money import Money
from portal.payments.providers.base import (
    Declined,
    DisputeState,
    Forged,
    NoticeKind,
    PaymentState,
    RefundState,
    Retry,
    Surface,
    UnknownOutcome,
)
from portal.payments.providers.paypal import bookings, calling, credentials
from portal.payments.providers.paypal.provider import PayPalProvider
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers.receiver import Receiver
from tests.payments.providers.stages import PayPalStage


@pytest.fixture
def stage(sandbox: RunningSandbox, receiver: Receiver) -> PayPalStage:
    return PayPalStage(sandbox, receiver)


@pytest.fixture
def paypal(stage: PayPalStage) -> PayPalProvider:
    return stage.provider()


def test_captures_what_its_payer_approved_once_however_many_ask(stage: PayPalStage) -> None:
    paypal = stage.provider(patience=20)
    asking = stage.asking()
    begun = paypal.begin(asking)
    stage.pay(begun)
    standings = []

    def ask() -> None:
        standings.append(paypal.standing(reference=asking.reference, provider_id=begun.provider_id))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(standings) == 8
    assert {standing.state for standing in standings} == {PaymentState.SETTLED}
    assert len({standing.capture_id for standing in standings}) == 1


@pytest.mark.parametrize("kind", ["drop", "error_after", "error_page"])
def test_a_capture_with_a_spoilt_answer_is_asked_for_again(
    stage: PayPalStage, paypal: PayPalProvider, kind: str
) -> None:
    asking = stage.asking()
    begun = paypal.begin(asking)
    stage.pay(begun)
    stage.break_down(kind, "capture", asking.reference)

    with pytest.raises(Retry):
        paypal.standing(reference=asking.reference, provider_id=begun.provider_id)
    again = paypal.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert again is not None
    assert (again.state, again.amount) == (PaymentState.SETTLED, Money(10_000, "USD"))


def test_a_refused_account_leaves_the_page_open_for_another(stage: PayPalStage, paypal: PayPalProvider) -> None:
    asking = stage.asking()
    begun = paypal.begin(asking)

    stage.pay(begun, "decline")
    refused = paypal.standing(reference=asking.reference, provider_id=begun.provider_id)
    stage.pay(begun)
    paid = paypal.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert refused is not None
    assert (refused.state, refused.decline_code) == (PaymentState.PENDING, "instrument_declined")
    assert paid is not None
    assert paid.state is PaymentState.SETTLED


def test_a_refusal_for_good_is_a_decline(stage: PayPalStage, paypal: PayPalProvider) -> None:
    asking = stage.asking()
    begun = paypal.begin(asking)
    stage.pay(begun)
    stage.break_down("refuse", "capture", asking.reference, reason="transaction_refused")

    standing = paypal.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert standing is not None
    assert (standing.state, standing.decline_code) == (PaymentState.DECLINED, "transaction_refused")


def test_a_closed_order_that_is_approved_all_the_same_is_never_captured(
    stage: PayPalStage, paypal: PayPalProvider
) -> None:
    asking = stage.asking()
    begun = paypal.begin(asking)
    paypal.close(reference=asking.reference, provider_id=begun.provider_id)

    stage.pay(begun)
    for _ in range(2):
        standing = paypal.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert standing is not None
    assert standing.state is PaymentState.EXPIRED
    assert standing.raw["status"] == "APPROVED"


def test_an_order_of_another_reference_is_no_answer(stage: PayPalStage, paypal: PayPalProvider) -> None:
    begun = paypal.begin(stage.asking())
    stage.pay(begun)

    with pytest.raises(Retry, match="unreadable_answer"):
        paypal.standing(reference="P-OF-SOMEBODY", provider_id=begun.provider_id)


def test_refuses_a_reference_that_was_begun_with_another_amount(stage: PayPalStage, paypal: PayPalProvider) -> None:
    asking = stage.asking(10_000)
    paypal.begin(asking)

    for other in (Money(10_001, "USD"), Money(10_000, "EUR")):
        with pytest.raises(Declined, match="reference_reused"):
            paypal.begin(replace(asking, amount=other))


def test_shows_its_page_as_a_code_to_be_scanned(stage: PayPalStage, paypal: PayPalProvider) -> None:
    begun = paypal.begin(stage.asking(surface=Surface.QR))

    assert begun.qr_text == begun.go_to


def test_refuses_what_it_does_not_take_before_anything_is_sent(stage: PayPalStage, paypal: PayPalProvider) -> None:
    lonely = stage.provider(sandbox_url="http://127.0.0.1:9")

    with pytest.raises(Declined, match="currency_not_taken"):
        lonely.begin(stage.asking(1_000, "KWD"))
    with pytest.raises(Declined, match="amount_not_expressible"):
        lonely.begin(stage.asking(12_345, "HUF"))


def test_keeps_an_account_with_a_label_its_owner_knows(stage: PayPalStage, paypal: PayPalProvider) -> None:
    _, kept = stage.paid(paypal, stage.asking(is_to_be_saved=True))
    _, not_kept = stage.paid(paypal)

    assert kept.saved is not None
    assert (kept.saved.label, kept.saved.expires) == ("PayPal p...@example.com", None)
    assert not_kept.saved is None


def test_a_charge_that_was_not_even_opened_has_moved_nothing(stage: PayPalStage, paypal: PayPalProvider) -> None:
    _, paid = stage.paid(paypal, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    asking = stage.asking(3_000)
    stage.break_down("drop", "begin", asking.reference)

    with pytest.raises(Retry, match="connection_lost"):
        paypal.charge(paid.saved, asking)

    assert paypal.charge(paid.saved, asking).state is PaymentState.SETTLED


def test_a_refused_charge_names_its_order(stage: PayPalStage, paypal: PayPalProvider) -> None:
    _, paid = stage.paid(paypal, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    asking = stage.asking(3_000)
    stage.break_down("refuse", "charge", asking.reference, reason="transaction_refused")

    with pytest.raises(Declined, match="transaction_refused") as refusal:
        paypal.charge(paid.saved, asking)
    standing = paypal.standing(reference=asking.reference, provider_id=refusal.value.provider_id)

    assert standing is not None
    assert standing.amount is None
    with pytest.raises(Declined, match="invalid_paypal_vault_id"):
        paypal.charge(replace(paid.saved, token="vault-unknown"), stage.asking(3_000))


def test_a_capture_whose_state_after_a_refusal_can_not_be_read_is_not_certain(
    stage: PayPalStage, paypal: PayPalProvider
) -> None:
    _, paid = stage.paid(paypal, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    asking = stage.asking(3_000)
    paypal.charge(paid.saved, asking)
    stage.break_down("busy", "look_up", asking.reference)

    # It was captured before, so PayPal refuses to capture it again: this is no proof that nothing moved.
    with pytest.raises(UnknownOutcome) as unknown:
        paypal.charge(paid.saved, asking)

    assert unknown.value.provider_id


def test_a_refund_of_unknown_outcome_needs_its_payment_to_be_found(stage: PayPalStage, paypal: PayPalProvider) -> None:
    with pytest.raises(Retry, match="payment_id_needed"):
        paypal.refund_standing(reference="F-1", provider_id=None, payment_reference="P-1")


def test_a_refund_sent_again_with_another_amount_is_refused(stage: PayPalStage, paypal: PayPalProvider) -> None:
    asking, paid = stage.paid(paypal)
    reference = stage.reference("F")
    stage.refund(paypal, asking, paid, 1_000, reference)

    with pytest.raises(Declined, match="reference_reused"):
        stage.refund(paypal, asking, paid, 1_001, reference)


def test_a_refund_may_fail_a_moment_later(stage: PayPalStage, paypal: PayPalProvider) -> None:
    asking, paid = stage.paid(paypal)
    reference = stage.reference("F")
    stage.break_down("failed", "refund", reference)

    given = stage.refund(paypal, asking, paid, 1_000, reference)
    after = stage.refund_standing(paypal, asking, paid, reference)
    standing = paypal.standing(reference=asking.reference, provider_id=paid.provider_id)

    assert given.state is RefundState.PENDING
    assert (after.state, after.failure_code) == (RefundState.FAILED, "echeck")
    assert standing is not None
    assert standing.refunded_minor == 0


def test_a_dispute_may_be_won(stage: PayPalStage, paypal: PayPalProvider) -> None:
    asking, _ = stage.paid(paypal)

    dispute_id = stage.at_the_control_page("dispute", asking.reference)["dispute_id"]
    stage.at_the_control_page("win", dispute_id)

    assert paypal.dispute_standing(dispute_id).state is DisputeState.WON


def test_its_books_hold_every_move(stage: PayPalStage, paypal: PayPalProvider) -> None:
    since = clock.now().replace(microsecond=0)
    asking, paid = stage.paid(paypal, stage.asking(10_000, "AUD"))
    stage.refund(paypal, asking, paid, 1_000, reference := stage.reference("F"))
    disputed, _ = stage.paid(paypal, stage.asking(5_000, "AUD"))
    stage.at_the_control_page("dispute", disputed.reference)
    stage.at_the_control_page("payout", "all")

    lines = [
        line
        for line in paypal.bookings(since=since, until=clock.now() + timedelta(seconds=1))
        if line.gross.currency == "AUD"
    ]

    assert {(line.kind, line.reference, line.gross.minor, line.fee.minor) for line in lines} == {
        ("payment", asking.reference, 10_000, 370),
        ("refund", reference, -1_000, 0),
        ("payment", disputed.reference, 5_000, 200),
        ("dispute", disputed.reference, -5_000, 0),
        ("fee", disputed.reference, -2_000, 0),
        ("payout", None, -6_430, 0),
    }


def test_long_times_are_asked_for_in_pieces() -> None:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)

    assert list(bookings.spans(since, until)) == [
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)),
        (datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)),
    ]


def test_books_that_do_not_reach_so_far_yet_are_not_taken_for_whole(
    paypal: PayPalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"transaction_details": [], "total_pages": 1, "last_refreshed_datetime": "2026-03-04T21:00:00Z"}
    monkeypatch.setattr(calling.Line, "get", lambda _line, _path: answer)

    with pytest.raises(Retry, match="not_ready"):
        paypal.bookings(since=datetime(2026, 3, 4, tzinfo=UTC), until=datetime(2026, 3, 5, tzinfo=UTC))


def test_a_webhook_is_checked_by_its_very_bytes(stage: PayPalStage, paypal: PayPalProvider) -> None:
    event = {
        "id": "WH-1",
        "event_type": "PAYMENT.CAPTURE.REFUNDED",
        "create_time": "2026-11-22T10:00:00Z",
        "resource": {"id": "refund-1", "invoice_id": "F-1", "custom_id": "P-1", "note": "größer 退款"},
    }
    # Odd spaces and signs that writing the JSON anew would change.
    body = json.dumps(event, ensure_ascii=False, indent=3).replace(": ", " :  ").encode()
    now = clock.now()

    notice = paypal.notice(headers=stage.signed_at(body, now), body=body, now=now)

    assert (notice.kind, notice.reference, notice.provider_id) == (NoticeKind.REFUND, "F-1", "refund-1")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id": "1"}', b"\xff", b'{"id":"1"},"webhook_id":"WH-SANDBOX"'])
def test_a_signed_body_that_is_no_event_is_refused(stage: PayPalStage, paypal: PayPalProvider, body: bytes) -> None:
    with pytest.raises(Forged):
        paypal.notice(headers=stage.signed_at(body, clock.now()), body=body, now=clock.now())


def test_a_webhook_that_can_not_be_checked_is_to_come_again(stage: PayPalStage) -> None:
    lonely = stage.provider(sandbox_url="http://127.0.0.1:9")
    body = b'{"id": "WH-1"}'

    with pytest.raises(Retry):
        lonely.notice(headers=stage.signed_at(body, clock.now()), body=body, now=clock.now())


def test_a_wrong_secret_is_told_as_such_and_loses_nothing(stage: PayPalStage, paypal: PayPalProvider) -> None:
    asking, paid = stage.paid(paypal)
    wrong = PayPalProvider(replace(credentials.of_sandbox(stage.sandbox.url), client_secret="of-yesterday"))

    with pytest.raises(Declined, match="credentials_refused"):
        wrong.test_connection()
    with pytest.raises(Retry, match="http_401"):
        stage.refund(wrong, asking, paid, 1_000, stage.reference("F"))


def test_a_token_is_fetched_once_and_anew_when_it_was_refused(
    stage: PayPalStage, paypal: PayPalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []
    fetch = calling.Line._fetch_token
    monkeypatch.setattr(calling.Line, "_fetch_token", lambda line: fetched.append(1) or fetch(line))
    monkeypatch.setattr(calling, "_tokens", {})

    stage.paid(paypal)
    used = len(fetched)
    own = credentials.of_sandbox(stage.sandbox.url)
    calling._tokens[own] = replace(calling._tokens[own], text="expired-early")
    with pytest.raises(Retry, match="http_401"):
        paypal.begin(stage.asking())
    paypal.begin(stage.asking())

    assert (used, len(fetched)) == (1, 2)


def test_is_told_of_what_happens_at_an_address_once(stage: PayPalStage, paypal: PayPalProvider) -> None:
    assert paypal.ensure_webhook(stage.receiver.url) == "WH-SANDBOX"
    assert paypal.ensure_webhook(stage.receiver.url) == "WH-SANDBOX"
    with pytest.raises(Declined):
        paypal.ensure_webhook("ftp://portal.example")


def test_its_secret_shows_nowhere(stage: PayPalStage) -> None:
    assert "sandbox-secret" not in repr(credentials.of_sandbox(stage.sandbox.url))
