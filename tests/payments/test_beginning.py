"""A payment is written down before its provider is asked, and begun once a key."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.core import clock
from portal.core.db import in_transaction, transaction
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.payments import deciding, offers, settling
from portal.payments import queries as payments
from portal.payments.beginning import Choice
from portal.payments.errors import (
    MethodNotOffered,
    NotHeld,
    OtherPaymentBegun,
    PaymentNotBegun,
    ProviderUnavailable,
)
from portal.payments.models import Payment, PaymentChannel, PaymentState
from portal.payments.providers.base import Declined, Method, Retry, Surface
from portal.wallets import paying_in
from tests import make
from tests.payments import stage
from tests.payments.stub import StubInsideApp, StubProvider


def test_gives_the_page_where_the_payer_goes(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())

    assert payment.go_to == f"https://pay.example/{payment.reference}"
    assert payment.return_url == f"https://portal.example/agent/wallet/top-ups/{payment.id}"
    assert payment.state is PaymentState.BEGUN


def test_the_same_key_is_one_payment(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()

    first, second = stage.top_up(alice), stage.top_up(alice)

    assert first.id == second.id
    assert stub.begun == [first.reference]


def test_the_same_key_for_another_amount_is_refused(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    stage.top_up(alice)

    with pytest.raises(OtherPaymentBegun):
        stage.top_up(alice, 100_001)


def test_what_the_provider_refuses_is_declined(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    stub.failure = Declined("amount_too_small")

    with pytest.raises(PaymentNotBegun):
        stage.top_up(alice)

    declined = in_transaction(lambda: payments.matching().rows[0])
    assert (declined.state, declined.decline_code) == (PaymentState.DECLINED, "amount_too_small")


def test_a_provider_that_is_not_reached_may_be_tried_again_with_the_same_key(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    stub.failure = Retry("not_reached")
    with pytest.raises(ProviderUnavailable):
        stage.top_up(alice)
    stub.failure = None

    payment = stage.top_up(alice)

    assert payment.go_to
    assert stage.count(Payment) == 1


def test_what_is_not_offered_is_not_begun(app: Flask, stub: StubProvider) -> None:
    with transaction():
        alice = make.agent()

    with pytest.raises(MethodNotOffered):
        stage.top_up(alice)

    assert stage.count(Payment) == 0


def test_refuses_nothing_and_less(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()

    with pytest.raises(InvalidInput):
        stage.top_up(alice, 0)


def test_a_provider_is_only_offered_for_what_it_takes(app: Flask, stub: StubProvider) -> None:
    with pytest.raises(InvalidInput):
        in_transaction(
            lambda: offers.offer(
                currency="CNY", channel=PaymentChannel.AGENT, chosen={Method.PAYPAL: "stripe"}, actor=make.actor()
            )
        )


def test_what_is_no_longer_offered_is_gone(app: Flask, stub: StubProvider) -> None:
    stage.agent()
    in_transaction(lambda: offers.offer(currency="CNY", channel=PaymentChannel.AGENT, chosen={}, actor=make.actor()))

    assert in_transaction(lambda: offers.methods("CNY", PaymentChannel.AGENT)) == []
    assert [found.method for found in in_transaction(lambda: offers.methods("CNY", PaymentChannel.WEBSITE))] == [
        Method.CARD
    ]


def test_finance_accepts_a_held_payment_into_the_wallet_or_gives_it_back(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    kept, returned = stage.top_up(alice), stage.top_up(alice, key="k-2")
    for payment in (kept, returned):
        stub.settle(payment.reference, Money(90_000, "CNY"))
        settling.ask(payment.id)

    in_transaction(lambda: paying_in.accept_held(kept.id, actor=make.actor()))
    in_transaction(lambda: deciding.give_back(returned.id, actor=make.actor()))

    assert stage.balance(alice) == 90_000
    assert [stage.now(payment).state for payment in (kept, returned)] == [PaymentState.SETTLED, PaymentState.RETURNED]
    for act in (paying_in.accept_held, deciding.give_back):
        with pytest.raises(NotHeld):
            in_transaction(lambda act=act: act(kept.id, actor=make.actor()))


def test_a_surface_that_is_not_offered_is_refused(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()

    with pytest.raises(MethodNotOffered):
        paying_in.begin(
            agent_id=alice.id,
            amount=Money(1, "CNY"),
            choice=Choice(Method.ALIPAY, Surface.QR, "zh"),
            description="",
            actor=make.actor(),
            idempotency_key="k",
        )


def test_a_page_that_has_closed_is_opened_anew_for_the_same_payment(app: Flask, stub_inside_app: StubInsideApp) -> None:
    with transaction():
        alice = make.agent(currency="CNY")
        chosen = {Method.WECHAT_PAY: "stripe"}
        offers.offer(currency="CNY", channel=PaymentChannel.AGENT, chosen=chosen, actor=make.actor())
    stub_inside_app.opens_for = timedelta(minutes=4)
    began = clock.now()

    def press(after: timedelta) -> tuple[str, str | None]:
        with clock.fixed(began + after):
            payment = stage.top_up(alice, choice=Choice(Method.WECHAT_PAY, Surface.MOBILE, "zh"))
            return payment.reference, payment.go_to

    pressed = [press(timedelta(minutes=minutes)) for minutes in (0, 3, 5)]

    reference = stub_inside_app.begun[0]
    assert stub_inside_app.begun == [reference, reference]
    page = f"https://pay.example/{reference}"
    assert pressed == [(reference, f"{page}?1"), (reference, f"{page}?1"), (reference, f"{page}?2")]
