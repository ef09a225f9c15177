"""What is Stripe's own, against the stand-in, through Stripe's own library."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from portal.core import clock
from portal.core.money import Money
from portal.payments.providers.base import (
    Declined,
    DisputeState,
    Forged,
    Method,
    NoticeKind,
    PaymentState,
    RefundState,
    Retry,
    Surface,
)
from portal.payments.providers.stripe import credentials
from portal.payments.providers.stripe.provider import StripeProvider
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers.receiver import Receiver
from tests.payments.providers.stages import StripeStage


@pytest.fixture
def stage(sandbox: RunningSandbox, receiver: Receiver) -> StripeStage:
    return StripeStage(sandbox, receiver)


@pytest.fixture
def stripe(stage: StripeStage) -> StripeProvider:
    return stage.provider()


def test_its_library_is_loaded_with_its_adapter_only() -> None:
    code = (
        "import sys; import portal.payments.providers.base, portal.payments.providers.stripe.credentials;"
        "import portal.payments.providers.paypal.provider; sys.exit('stripe' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_refused_card_leaves_the_page_open_for_another(stage: StripeStage, stripe: StripeProvider) -> None:
    asking = stage.asking()
    begun = stripe.begin(asking)
    stage.break_down("refuse", "pay", asking.reference, reason="insufficient_funds")

    stage.pay(begun)
    refused = stripe.standing(reference=asking.reference, provider_id=begun.provider_id)
    stage.pay(begun)
    paid = stripe.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert refused
    assert paid
    assert (refused.state, refused.decline_code) == (PaymentState.PENDING, "insufficient_funds")
    assert (paid.state, paid.decline_code) == (PaymentState.SETTLED, None)


def test_asking_again_later_finds_the_page_though_its_end_has_moved(stage: StripeStage, stripe: StripeProvider) -> None:
    now = clock.now()
    asking = stage.asking(expires_at=now + timedelta(minutes=5))

    first = stripe.begin(asking)
    with clock.fixed(now + timedelta(minutes=3)):
        again = stripe.begin(asking)

    assert again == first


@pytest.mark.parametrize("minutes", [1, 60, 3 * 24 * 60])
def test_a_page_stands_as_long_as_stripe_lets_it(stage: StripeStage, stripe: StripeProvider, minutes: int) -> None:
    begun = stripe.begin(stage.asking(expires_at=clock.now() + timedelta(minutes=minutes)))

    left = begun.raw["expires_at"] - clock.now().timestamp()
    assert abs(left - {1: 31, 60: 60}.get(minutes, 24 * 60) * 60) < 10


def test_refuses_a_reference_that_was_begun_with_another_amount(stage: StripeStage, stripe: StripeProvider) -> None:
    asking = stage.asking(10_000)
    stripe.begin(asking)

    for other in (Money(10_001, "USD"), Money(10_000, "EUR")):
        with pytest.raises(Declined, match="reference_reused"):
            stripe.begin(replace(asking, amount=other))


@pytest.mark.parametrize("method", [Method.ALIPAY, Method.WECHAT_PAY])
def test_alipay_and_wechat_pay_go_through_the_same_page_and_are_never_kept(
    stage: StripeStage, stripe: StripeProvider, method: Method
) -> None:
    asking = stage.asking(10_000, "CNY", method=method, surface=Surface.QR, is_to_be_saved=True)

    begun = stripe.begin(asking)
    stage.pay(begun)
    standing = stripe.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert begun.qr_text == begun.go_to
    assert begun.raw["payment_method_types"] == [method.value]
    assert standing is not None
    assert (standing.state, standing.amount, standing.saved) == (PaymentState.SETTLED, Money(10_000, "CNY"), None)
    _, paid = stage.paid(stripe, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    with pytest.raises(Declined, match="method_not_reusable"):
        stripe.charge(paid.saved, stage.asking(method=method))
    with pytest.raises(Declined, match="currency_not_taken"):
        stripe.begin(stage.asking(10_000, "KRW", method=method))


def test_finds_payments_whose_id_was_lost(stage: StripeStage, stripe: StripeProvider) -> None:
    asking, paid = stage.paid(stripe, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    charging = stage.asking(3_000)
    charged = stripe.charge(paid.saved, charging)

    page = stripe.standing(reference=asking.reference, provider_id=None)
    charge = stripe.standing(reference=charging.reference, provider_id=None)
    by_event = stripe.standing(reference=asking.reference, provider_id=paid.capture_id)

    assert page == by_event == paid
    assert charge is not None
    assert charge.provider_id == charged.provider_id
    assert stage.refund_standing(stripe, asking, replace(paid, capture_id=None), "F-0") is None


def test_a_payment_of_another_reference_is_no_answer(stage: StripeStage, stripe: StripeProvider) -> None:
    _, paid = stage.paid(stripe)

    for provider_id in (paid.provider_id, paid.capture_id):
        with pytest.raises(Retry, match="unreadable_answer"):
            stripe.standing(reference="P-OF-SOMEBODY", provider_id=provider_id)


def test_keeps_a_card_with_a_label_its_owner_knows(stage: StripeStage, stripe: StripeProvider) -> None:
    _, kept = stage.paid(stripe, stage.asking(is_to_be_saved=True))
    _, not_kept = stage.paid(stripe)

    assert kept.saved is not None
    assert (kept.saved.label, kept.saved.expires) == ("Visa ...4242", "2030-04")
    assert not_kept.saved is None


def test_a_declined_charge_is_declined_however_often_it_is_sent(stage: StripeStage, stripe: StripeProvider) -> None:
    _, paid = stage.paid(stripe, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    asking = stage.asking(3_000)
    stage.break_down("refuse", "charge", asking.reference, reason="insufficient_funds")

    for _ in range(2):
        with pytest.raises(Declined, match="insufficient_funds") as refusal:
            stripe.charge(paid.saved, asking)

    assert refusal.value.provider_id
    standing = stripe.standing(reference=asking.reference, provider_id=refusal.value.provider_id)
    assert standing is not None
    assert (standing.state, standing.decline_code) == (PaymentState.DECLINED, "insufficient_funds")


def test_a_charge_of_a_card_nobody_keeps_is_declined(stage: StripeStage, stripe: StripeProvider) -> None:
    _, paid = stage.paid(stripe, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None

    with pytest.raises(Declined, match="resource_missing"):
        stripe.charge(replace(paid.saved, token="pm_unknown"), stage.asking(3_000))


def test_tells_of_another_currency_than_was_asked(stage: StripeStage, stripe: StripeProvider) -> None:
    asking = stage.asking(10_000)
    stage.break_down("other_currency", "pay", asking.reference)

    _, paid = stage.paid(stripe, asking)

    assert paid.amount == Money(10_000, "EUR")


def test_twenty_refunds_at_once_with_one_reference_are_one(stage: StripeStage) -> None:
    stripe = stage.provider(patience=20)
    asking, paid = stage.paid(stripe)
    given: list[str] = []
    reference = stage.reference("F")

    def refund() -> None:
        given.append(stage.refund(stripe, asking, paid, 500, reference).provider_id)

    threads = [threading.Thread(target=refund) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(given) == 20
    assert len(set(given)) == 1
    standing = stripe.standing(reference=asking.reference, provider_id=paid.provider_id)
    assert standing is not None
    assert standing.refunded_minor == 500


def test_a_refund_may_come_back_after_it_succeeded(stage: StripeStage, stripe: StripeProvider) -> None:
    asking, paid = stage.paid(stripe)
    reference = stage.reference("F")
    given = stage.refund(stripe, asking, paid, 2_000, reference)

    stage.at_the_control_page("fail", reference)
    after = stage.refund_standing(stripe, asking, paid, reference, given.provider_id)
    standing = stripe.standing(reference=asking.reference, provider_id=paid.provider_id)

    assert given.state is RefundState.SUCCEEDED
    assert (after.state, after.failure_code) == (RefundState.FAILED, "expired_or_canceled_card")
    assert standing is not None
    assert standing.refunded_minor == 0


def test_a_dispute_that_is_won_gives_the_money_back_but_not_the_fee(stage: StripeStage, stripe: StripeProvider) -> None:
    asking, _ = stage.paid(stripe)

    dispute_id = stage.at_the_control_page("dispute", asking.reference)["id"]
    stage.at_the_control_page("win", dispute_id)
    decided = stripe.dispute_standing(dispute_id)

    assert (decided.state, decided.fee) == (DisputeState.WON, Money(1_500, "USD"))
    with pytest.raises(Declined, match="resource_missing"):
        stripe.dispute_standing("dp_unknown")


def test_its_books_hold_every_move_and_the_payout_that_brought_it(stage: StripeStage, stripe: StripeProvider) -> None:
    stage.at_the_control_page("payout", "all")
    since = clock.now().replace(microsecond=0)
    asking, paid = stage.paid(stripe, stage.asking(10_000, "AUD"))
    stage.refund(stripe, asking, paid, 1_000, reference := stage.reference("F"))
    disputed, _ = stage.paid(stripe, stage.asking(5_000, "AUD"))
    stage.at_the_control_page("dispute", disputed.reference)
    stage.paid(stripe, stage.asking(100_000, "AUD"))

    payout = next(one for one in stage.at_the_control_page("payout", "all")["payouts"] if one["currency"] == "aud")
    lines = [
        line
        for line in stripe.bookings(since=since, until=clock.now() + timedelta(seconds=1))
        if line.gross.currency == "AUD"
    ]
    ours = {(line.kind, line.reference, line.gross.minor, line.fee.minor) for line in lines}

    assert {
        ("payment", asking.reference, 10_000, 320),
        ("refund", reference, -1_000, 0),
        ("payment", disputed.reference, 5_000, 175),
        ("dispute", disputed.reference, -5_000, 1_500),
        ("payout", None, -104_075, 0),
    } <= ours
    assert payout["amount"] == 104_075
    assert {line.payout_id for line in lines} == {payout["id"]}


@pytest.mark.parametrize(("change", "why"), [({"account": "acct_other"}, "foreign"), ({"livemode": True}, "foreign")])
def test_an_event_of_another_account_or_mode_is_refused(
    stage: StripeStage, stripe: StripeProvider, change: dict[str, object], why: str
) -> None:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "created": 1_795_000_000,
        "livemode": False,
        "data": {"object": {"id": "cs_1", "client_reference_id": "P-1"}},
    }
    good, bad = (json.dumps(body).encode() for body in (event, event | change))
    now = clock.now()

    notice = stripe.notice(headers=stage.signed_at(good, now), body=good, now=now)
    with pytest.raises(Forged) as forged:
        stripe.notice(headers=stage.signed_at(bad, now), body=bad, now=now)

    assert (notice.kind, notice.reference, notice.provider_id) == (NoticeKind.PAYMENT, "P-1", "cs_1")
    assert forged.value.parts["why"] == why


@pytest.mark.parametrize("header", ["t=x,v1=00", "v1=00", "t=1", "nonsense", "t=1,v1=", "t=1,v0=00", "t=1,v1=\u00fc"])
def test_a_signature_that_is_none_is_wrong(stripe: StripeProvider, header: str) -> None:
    with pytest.raises(Forged) as forged:
        stripe.notice(headers={"stripe-signature": header}, body=b"{}", now=clock.now())

    assert forged.value.parts["why"] == "wrong"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff\xfe", b'{"data":{"object":[]}}', b'{"id":1}'])
def test_a_signed_body_that_is_no_event_is_wrong(stage: StripeStage, stripe: StripeProvider, body: bytes) -> None:
    with pytest.raises(Forged):
        stripe.notice(headers=stage.signed_at(body, clock.now()), body=body, now=clock.now())


def test_a_wrong_key_is_told_as_such_and_loses_nothing(stage: StripeStage, stripe: StripeProvider) -> None:
    asking, paid = stage.paid(stripe)
    wrong = StripeProvider(replace(credentials.of_sandbox(stage.sandbox.url), secret_key="sk_test_of_yesterday"))

    with pytest.raises(Declined, match="credentials_refused"):
        wrong.test_connection()
    with pytest.raises(Retry, match="http_401"):
        stage.refund(wrong, asking, paid, 1_000, stage.reference("F"))
    with pytest.raises(Retry, match="http_401"):
        wrong.standing(reference=asking.reference, provider_id=paid.provider_id)


def test_a_page_that_is_not_json_is_no_standing(stage: StripeStage, stripe: StripeProvider) -> None:
    asking, paid = stage.paid(stripe)
    stage.break_down("error_page", "look_up", asking.reference)

    with pytest.raises(Retry):
        stripe.standing(reference=asking.reference, provider_id=paid.provider_id)


def test_is_told_of_what_happens_at_an_address_once(stage: StripeStage, stripe: StripeProvider) -> None:
    first = stripe.ensure_webhook("https://portal.example/hooks/stripe")
    second = stripe.ensure_webhook("https://portal.example/hooks/stripe")
    listed = httpx.get(
        f"{stage.sandbox.url}/stripe/v1/webhook_endpoints?limit=100",
        headers={"Authorization": "Bearer sk_test_sandbox"},
    ).json()["data"]
    ours = [row for row in listed if row["url"] == "https://portal.example/hooks/stripe"]
    for row in ours:
        httpx.delete(
            f"{stage.sandbox.url}/stripe/v1/webhook_endpoints/{row['id']}",
            headers={"Authorization": "Bearer sk_test_sandbox"},
        )

    assert (first, second) == ("whsec_sandbox", None)
    assert len(ours) == 1
    with pytest.raises(Declined, match="url_invalid"):
        stripe.ensure_webhook("ftp://portal.example")
