"""What the portal relies on with every payment provider, over HTTP against the real sandbox process."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.core import clock
from portal.core.money import Money
from portal.payments.payers import TellsPayers
from portal.payments.providers.base import (
    Declined,
    DisputeState,
    Forged,
    NoticeKind,
    PaymentState,
    Provider,
    RefundState,
    Retry,
    Surface,
    UnknownOutcome,
)
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers.receiver import Post, Receiver
from tests.payments.providers.stages import STAGES, Stage, shown
from tests.payments.providers.wallet_stages import WALLET_STAGES

NOBODY_LISTENS = "http://127.0.0.1:9"


EVERY_STAGE = STAGES | WALLET_STAGES


@pytest.fixture(params=EVERY_STAGE)
def stage(request: pytest.FixtureRequest, sandbox: RunningSandbox, receiver: Receiver) -> Stage:
    return EVERY_STAGE[request.param](sandbox, receiver)


@pytest.fixture
def provider(stage: Stage) -> Provider:
    return stage.provider()


@pytest.fixture
def notice_of(stage: Stage, provider: Provider) -> Iterator:
    """Wait for the webhook of a kind about a reference, and read it as the portal does."""

    def wait(reference: str, kind: NoticeKind):
        def is_about(post: Post) -> bool:
            try:
                notice = provider.notice(headers=post.headers, body=post.body, now=clock.now())
            except Forged:
                return False
            found.append(notice)
            return (notice.reference, notice.kind) == (reference, kind)

        found: list = []
        post = stage.receiver.wait_for(is_about)
        return post, found[-1]

    return wait


def test_a_payment_settles_with_exactly_what_was_paid_and_its_fee(stage: Stage, provider: Provider) -> None:
    asking = stage.asking(10_000)

    begun = provider.begin(asking)
    before = provider.standing(reference=asking.reference, provider_id=begun.provider_id)
    stage.pay(begun)
    after = provider.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert before is None or before.state is PaymentState.PENDING
    assert after is not None
    assert after.state is PaymentState.SETTLED
    assert after.amount == Money(10_000, stage.currency)
    assert after.fee in {None, Money(stage.fee_minor, stage.currency)}
    assert after.settled_at is not None
    assert abs(after.settled_at - clock.now()) < timedelta(minutes=1)
    assert after.refunded_minor in {0, None}
    assert after.raw


def test_the_payer_comes_back_to_the_portal_having_paid_or_not(stage: Stage, provider: Provider) -> None:
    paid = stage.pay(provider.begin(stage.asking()))
    abandoned = stage.pay(provider.begin(stage.asking()), "abandon")

    assert paid.status_code == 303
    assert paid.headers["Location"].startswith("https://portal.example/return")
    assert abandoned.headers["Location"].startswith("https://portal.example/")


def test_a_declined_payment_brings_no_money(stage: Stage, provider: Provider) -> None:
    asking = stage.asking()
    begun = provider.begin(asking)

    stage.pay(begun, "decline")
    standing = provider.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert standing is None or standing.state in {PaymentState.PENDING, PaymentState.DECLINED, PaymentState.EXPIRED}
    assert standing is None or (standing.amount, standing.fee) == (None, None)


def test_a_closed_payment_can_not_be_paid(stage: Stage, provider: Provider) -> None:
    asking = stage.asking()
    begun = provider.begin(asking)
    stage.open(begun)

    closed = provider.close(reference=asking.reference, provider_id=begun.provider_id)
    stage.pay(begun)
    standing = provider.standing(reference=asking.reference, provider_id=begun.provider_id)

    assert closed is None or closed.state is PaymentState.EXPIRED
    assert standing is None or standing.state is PaymentState.EXPIRED


def test_closing_tells_when_the_payer_was_faster(stage: Stage, provider: Provider) -> None:
    asking = stage.asking()
    begun = provider.begin(asking)
    stage.pay(begun)

    closed = provider.close(reference=asking.reference, provider_id=begun.provider_id)

    assert closed is not None
    assert closed.state is PaymentState.SETTLED
    assert closed.amount == asking.amount


def test_beginning_twice_with_one_reference_gives_one_payment(stage: Stage, provider: Provider) -> None:
    asking = stage.asking()

    first, second = provider.begin(asking), provider.begin(asking)
    stage.pay(first)
    standing = provider.standing(reference=asking.reference, provider_id=second.provider_id)

    assert first.provider_id == second.provider_id
    assert standing is not None
    assert standing.state is PaymentState.SETTLED


def test_has_never_heard_of_a_reference_it_was_not_given(stage: Stage, provider: Provider) -> None:
    assert provider.standing(reference=stage.reference(), provider_id=None) is None


def test_tells_what_was_really_paid_even_if_it_is_not_what_was_asked(stage: Stage, provider: Provider) -> None:
    asking = stage.asking(10_000)
    stage.break_down("other_amount", "pay", asking.reference)

    _, standing = stage.paid(provider, asking)

    assert standing.amount == Money(9_999, stage.currency)


def test_tells_of_a_refund_in_full_and_in_part(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)

    part = stage.refund(provider, asking, paid, 2_500, stage.reference("F"))
    rest = stage.refund(provider, asking, paid, 7_500, stage.reference("F"))
    standing = provider.standing(reference=asking.reference, provider_id=paid.provider_id)

    assert part.amount == Money(2_500, stage.currency)
    assert rest.amount == Money(7_500, stage.currency)
    assert standing is not None
    assert standing.state is PaymentState.SETTLED
    assert standing.refunded_minor in {10_000, None}
    assert standing.amount == Money(10_000, stage.currency)


def test_refunding_twice_with_one_reference_gives_one_refund(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)
    reference = stage.reference("F")

    first = stage.refund(provider, asking, paid, 4_000, reference)
    second = stage.refund(provider, asking, paid, 4_000, reference)
    asked = stage.refund_standing(provider, asking, paid, reference)
    standing = provider.standing(reference=asking.reference, provider_id=paid.provider_id)

    assert first.provider_id == second.provider_id == asked.provider_id
    assert asked.state is RefundState.SUCCEEDED
    assert standing is not None
    assert standing.refunded_minor in {4_000, None}


def test_refuses_to_refund_more_than_is_left(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)
    stage.refund(provider, asking, paid, 9_000, stage.reference("F"))
    reference = stage.reference("F")

    with pytest.raises(Declined) as refusal:
        stage.refund(provider, asking, paid, 1_001, reference)

    assert refusal.value.reason_code
    assert stage.refund_standing(provider, asking, paid, reference) is None


@pytest.mark.parametrize(("act", "state"), [("settle", RefundState.SUCCEEDED), ("fail", RefundState.FAILED)])
def test_a_pending_refund_is_pending_until_it_is_not(
    stage: Stage, provider: Provider, act: str, state: RefundState
) -> None:
    asking, paid = stage.paid(provider)
    reference = stage.reference("F")
    stage.break_down("pending", "refund", reference)

    given = stage.refund(provider, asking, paid, 1_000, reference)
    stage.at_the_control_page(act, reference)
    after = stage.refund_standing(provider, asking, paid, reference, given.provider_id)

    assert given.state is RefundState.PENDING
    assert after.state is state
    assert (after.failure_code is None) is (state is RefundState.SUCCEEDED)


def test_a_refund_that_succeeded_may_be_sent_back_by_the_payers_bank(stage: Stage, provider: Provider) -> None:
    if not stage.banks_send_refunds_back:
        return
    asking, paid = stage.paid(provider)
    reference = stage.reference("F")
    given = stage.refund(provider, asking, paid, 1_000, reference)

    before = stage.refund_standing(provider, asking, paid, reference, given.provider_id)
    stage.at_the_control_page("fail", reference)
    after = stage.refund_standing(provider, asking, paid, reference, given.provider_id)

    assert (before.state, after.state) == (RefundState.SUCCEEDED, RefundState.FAILED)
    assert after.provider_id == given.provider_id
    assert after.failure_code


@pytest.mark.parametrize("kind", ["drop", "error_after", "error_page", "late"])
def test_a_refund_with_a_spoilt_answer_may_have_been_given_and_is_given_once(stage: Stage, kind: str) -> None:
    provider = stage.provider(patience=0.8)
    asking, paid = stage.paid(provider)
    reference = stage.reference("F")
    stage.break_down(kind, "refund", reference, seconds=1.5)

    with pytest.raises(UnknownOutcome) as unknown:
        stage.refund(provider, asking, paid, 1_000, reference)
    asked = stage.refund_standing(provider, asking, paid, reference)
    stage.refund(provider, asking, paid, 1_000, reference)
    standing = provider.standing(reference=asking.reference, provider_id=paid.provider_id)

    assert unknown.value.reason_code
    assert asked is not None
    assert asked.amount == Money(1_000, stage.currency)
    assert standing is not None
    assert standing.refunded_minor in {1_000, None}


def test_a_refund_that_broke_before_anything_was_done_is_not_known_of(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)
    reference = stage.reference("F")
    stage.break_down("error_before", "refund", reference)

    with pytest.raises(UnknownOutcome):
        stage.refund(provider, asking, paid, 1_000, reference)

    assert stage.refund_standing(provider, asking, paid, reference) is None


def test_says_retry_when_a_call_was_not_taken(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)
    reference = stage.reference("F")
    stage.break_down("busy", "refund", reference)

    with pytest.raises(Retry):
        stage.refund(provider, asking, paid, 1_000, reference)

    assert stage.refund_standing(provider, asking, paid, reference) is None


def test_says_retry_when_nobody_listens(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)
    lonely = stage.provider(sandbox_url=NOBODY_LISTENS)

    with pytest.raises(Retry, match="not_reached"):
        stage.refund(lonely, asking, paid, 1_000, stage.reference("F"))
    with pytest.raises(Retry):
        lonely.standing(reference=asking.reference, provider_id=paid.provider_id)
    with pytest.raises(Retry):
        lonely.close(reference=asking.reference, provider_id=paid.provider_id)
    with pytest.raises(Retry):
        lonely.test_connection()


def test_a_question_without_an_answer_is_asked_again(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)
    stage.break_down("error_after", "look_up", asking.reference)

    with pytest.raises(Retry):
        provider.standing(reference=asking.reference, provider_id=paid.provider_id)


def test_says_who_is_connected(provider: Provider) -> None:
    assert provider.test_connection()


def test_a_webhook_tells_of_the_payment_and_is_the_same_event_when_it_comes_twice(
    stage: Stage, provider: Provider, notice_of
) -> None:
    asking = stage.asking()
    stage.break_down("twice", "notify", asking.reference)

    stage.paid(provider, asking)
    post, notice = notice_of(asking.reference, NoticeKind.PAYMENT)
    again = provider.notice(headers=post.headers, body=post.body, now=clock.now())

    assert notice.event_id == again.event_id
    assert notice.word
    assert abs(notice.occurred_at - clock.now()) < timedelta(minutes=1)


def test_a_webhook_without_a_good_signature_is_refused(stage: Stage, provider: Provider, notice_of) -> None:
    asking, _ = stage.paid(provider)
    post, _ = notice_of(asking.reference, NoticeKind.PAYMENT)
    now = clock.now()

    for bad, why in (
        (stage.unsigned(post), {"missing"}),
        (stage.tampered(post, asking.reference), {"wrong"}),
        (stage.by_somebody_else(post), {"wrong", "foreign"}),
        (stage.resigned(post, now - timedelta(seconds=302)), {"stale"}),
    ):
        with pytest.raises(Forged) as forged:
            provider.notice(headers=bad.headers, body=bad.body, now=now)
        assert forged.value.parts["why"] in why


def test_the_own_way_of_signing_in_these_tests_is_the_providers(stage: Stage, provider: Provider, notice_of) -> None:
    asking, _ = stage.paid(provider)
    post, notice = notice_of(asking.reference, NoticeKind.PAYMENT)

    fresh = stage.resigned(post, clock.now() - timedelta(seconds=290))
    again = provider.notice(headers=fresh.headers, body=fresh.body, now=clock.now())

    assert replace(again, raw={}) == replace(notice, raw={})


def test_a_saved_method_is_charged_once_a_reference(stage: Stage, provider: Provider) -> None:
    if not provider.can_charge_saved:
        pytest.skip(f"{stage.name} keeps nothing")
    _, paid = stage.paid(provider, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    asking = stage.asking(3_000)

    first = provider.charge(paid.saved, asking)
    second = provider.charge(paid.saved, asking)
    asked = provider.standing(reference=asking.reference, provider_id=first.provider_id)

    assert first.state is second.state is PaymentState.SETTLED
    assert first.provider_id == second.provider_id
    assert first.amount == Money(3_000, stage.currency)
    assert asked is not None
    assert asked.state is PaymentState.SETTLED
    assert paid.saved.label
    assert paid.saved.token not in shown(paid.raw) + shown(first.raw)


def test_a_charge_may_want_its_owner(stage: Stage, provider: Provider) -> None:
    if not provider.can_charge_saved:
        pytest.skip(f"{stage.name} keeps nothing")
    _, paid = stage.paid(provider, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    asking = stage.asking(3_000)
    stage.break_down("refuse", "charge", asking.reference, reason="authentication_required")

    with pytest.raises(Declined) as refusal:
        provider.charge(paid.saved, asking)

    assert refusal.value.reason_code == "authentication_required"


@pytest.mark.parametrize("kind", ["drop", "error_after", "late"])
def test_a_charge_with_a_spoilt_answer_can_be_asked_for(stage: Stage, kind: str) -> None:
    provider = stage.provider(patience=0.8)
    if not provider.can_charge_saved:
        pytest.skip(f"{stage.name} keeps nothing")
    _, paid = stage.paid(provider, stage.asking(is_to_be_saved=True))
    assert paid.saved is not None
    asking = stage.asking(3_000)
    stage.break_down(kind, "charge", asking.reference, seconds=1.5)

    with pytest.raises(UnknownOutcome) as unknown:
        provider.charge(paid.saved, asking)
    asked = provider.standing(reference=asking.reference, provider_id=unknown.value.provider_id)
    again = provider.charge(paid.saved, asking)

    assert asked is not None
    assert asked.state is PaymentState.SETTLED
    assert again.provider_id == asked.provider_id


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1_501), ("KWD", 10_550)])
def test_currencies_of_other_exponents_are_exact_or_refused(
    stage: Stage, provider: Provider, currency: str, minor: int
) -> None:
    asking = stage.asking(minor, currency)
    taken = provider.currencies(stage.method)
    if taken is not None and currency not in taken:
        with pytest.raises(Declined):
            provider.begin(asking)
        return

    _, paid = stage.paid(provider, asking)
    given = stage.refund(provider, asking, paid, minor, stage.reference("F"))

    assert paid.amount == Money(minor, currency)
    assert given.amount == Money(minor, currency)


def test_a_dispute_is_told_of_and_decided(stage: Stage, provider: Provider, notice_of) -> None:
    if not stage.tells_of_disputes:
        with pytest.raises(Declined):
            provider.dispute_standing("none")
        return
    asking, paid = stage.paid(provider)

    dispute_id = stage.at_the_control_page("dispute", asking.reference)["id"]
    opened = provider.dispute_standing(dispute_id)
    stage.at_the_control_page("lose", dispute_id)
    decided = provider.dispute_standing(dispute_id)
    stage.receiver.wait_for(lambda post: dispute_id.encode() in post.body)

    assert (opened.state, decided.state) == (DisputeState.OPEN, DisputeState.LOST)
    assert opened.amount == Money(10_000, stage.currency)
    assert opened.payment_id == paid.capture_id
    assert opened.answer_before is not None
    with pytest.raises(Declined):
        stage.refund(provider, asking, paid, 1_000, stage.reference("F"))


def test_names_the_disputes_that_were_opened_since(stage: Stage, provider: Provider) -> None:
    before = clock.now() - timedelta(minutes=1)
    if not stage.tells_of_disputes:
        assert provider.disputes(since=before) == []
        return
    asking, _ = stage.paid(provider)
    dispute_id = stage.at_the_control_page("dispute", asking.reference)["id"]

    assert dispute_id in provider.disputes(since=before)
    assert dispute_id in provider.disputes(since=before - timedelta(days=400))
    assert dispute_id not in provider.disputes(since=clock.now() + timedelta(minutes=1))


def test_keeps_no_secret_in_what_is_kept_of_a_failure(stage: Stage, provider: Provider) -> None:
    asking, paid = stage.paid(provider)

    with pytest.raises(Declined) as refusal:
        stage.refund(provider, asking, paid, 10_001, stage.reference("F"))

    text = shown(refusal.value.raw) + refusal.value.message
    assert "sk_test" not in text
    assert "Bearer" not in text


def test_is_offered_inside_an_app_only_where_the_app_tells_who_pays(provider: Provider) -> None:
    surfaces = {surface for found in provider.methods.values() for surface in found}

    assert (Surface.IN_APP in surfaces) is isinstance(provider, TellsPayers)
