"""A top-up and a refund through each real client library, with the sandbox behind it."""

import pytest
from flask import Flask

from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import noticing, offers, refunding, registry, sending_back, settling
from portal.payments import queries as payments
from portal.payments.beginning import Choice
from portal.payments.models import PaymentChannel, PaymentState, ProviderRefundState
from portal.payments.providers.base import Begun, Method, Surface
from portal.wallets import paying_in
from tests import make
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments import stage
from tests.payments.providers.conftest import receiver, sandbox, sandbox_process
from tests.payments.providers.receiver import Post, Receiver
from tests.payments.providers.stages import STAGES
from tests.payments.providers.wallet_stages import WALLET_STAGES

__all__ = ["receiver", "sandbox", "sandbox_process"]

pytestmark = pytest.mark.slow

WAYS = [
    (Method.CARD, "stripe", "USD", Surface.PAGE),
    (Method.PAYPAL, "paypal", "USD", Surface.PAGE),
    (Method.ALIPAY, "alipay", "CNY", Surface.PAGE),
    (Method.WECHAT_PAY, "wechat_pay", "CNY", Surface.MOBILE),
]


@pytest.mark.parametrize(("method", "name", "currency", "surface"), WAYS)
def test_a_top_up_is_paid_booked_and_given_back_in_part(
    app: Flask,
    sandbox: RunningSandbox,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    method: Method,
    name: str,
    currency: str,
    surface: Surface,
) -> None:
    settings = app.extensions["portal_settings"]
    monkeypatch.setattr(settings, "sandbox_url", sandbox.url)
    monkeypatch.setattr(registry, "notify_url", lambda _name: receiver.url)
    alice = in_transaction(lambda: make.agent(currency=currency))
    in_transaction(
        lambda: offers.offer(currency=currency, channel=PaymentChannel.AGENT, chosen={method: name}, actor=make.actor())
    )
    payer = (STAGES | WALLET_STAGES)[name](sandbox, receiver)

    payment = paying_in.begin(
        agent_id=alice.id,
        amount=Money(10_000, currency),
        choice=Choice(method, surface, "en"),
        description="Wallet top-up",
        actor=make.actor(),
        idempotency_key="k-1",
    )
    settling.ask(payment.id)
    assert stage.now(payment).state is PaymentState.BEGUN
    payer.pay(Begun(payment.provider_id or "", payment.go_to, payment.qr_text, {}))
    told = receiver.wait_for(lambda post: _is_about(post, payment.reference, name))
    status, _type, _body = noticing.receive(name, headers=told.headers, body=told.body)
    noticing.look_into(stage.notices()[-1])

    assert status in (200, 204)
    assert stage.now(payment).state is PaymentState.SETTLED
    assert stage.balance(alice, currency) == 10_000

    refund = in_transaction(
        lambda: refunding.give_back(
            payment.id, Money(4_000, currency), reference="C-1", reason="asked for", actor=make.actor()
        )
    )
    sending_back.carry_out(refund.id)
    assert in_transaction(lambda: payments.refund_by_id(refund.id)).state is ProviderRefundState.SUCCEEDED


def _is_about(post: Post, reference: str, name: str) -> bool:
    if name == "wechat_pay":  # what it tells is encrypted
        return any(header.lower() == "wechatpay-signature" for header in post.headers)
    return any(wanted.encode() in post.body for wanted in (reference, reference.replace("-", "_")))
