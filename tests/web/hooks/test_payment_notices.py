"""Webhooks of payment providers: kept once when genuine, refused and counted when not."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import noticing, registry
from portal.payments.errors import UnknownProvider
from portal.payments.models import PaymentNotice, PaymentState
from portal.payments.providers.base import Forged, Retry
from tests.payments import stage
from tests.payments.stub import GOOD, StubProvider, told


def test_a_genuine_one_is_kept_and_answered_as_the_provider_wants(
    app: Flask,
    client: FlaskClient,
    stub: StubProvider,
) -> None:
    answer = client.post("/hooks/stripe", data=told("evt_1", reference="P-1"), headers=GOOD)

    assert (answer.status_code, answer.text) == (200, "{}")
    assert stage.count(PaymentNotice) == 1


def test_the_same_one_again_is_answered_and_not_kept(
    app: Flask,
    client: FlaskClient,
    stub: StubProvider,
) -> None:
    statuses = [client.post("/hooks/stripe", data=told("evt_1"), headers=GOOD).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert stage.count(PaymentNotice) == 1


def test_a_forged_one_is_refused_and_counted(
    app: Flask,
    client: FlaskClient,
    stub: StubProvider,
) -> None:
    statuses = [
        client.post("/hooks/stripe", data=told("evt_1"), headers={"Stripe-Signature": sign}).status_code
        for sign in ("bad", "", "worse")
    ]

    assert statuses == [400, 400, 400]
    assert stage.count(PaymentNotice) == 0
    assert in_transaction(lambda: noticing.forged_since("2000-01-01")) == 3


def test_one_that_cannot_be_verified_now_is_asked_for_again(
    app: Flask,
    client: FlaskClient,
    stub: StubProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(**_: object) -> None:
        raise Retry("not_reached")

    monkeypatch.setattr(stub, "notice", unreachable)

    answer = client.post("/hooks/stripe", data=told("evt_1"), headers=GOOD)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_a_provider_that_is_none_is_not_found(app: Flask, client: FlaskClient) -> None:
    assert client.post("/hooks/nobody", data=b"{}").status_code == 404


def test_a_body_that_is_too_large_is_not_read(app: Flask, client: FlaskClient, stub: StubProvider) -> None:
    assert client.post("/hooks/stripe", data=b"x" * (512 * 1024 + 1), headers=GOOD).status_code == 413


def test_what_a_notice_says_is_not_believed(app: Flask, client: FlaskClient, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)

    client.post("/hooks/stripe", data=told("evt_1", reference=payment.reference), headers=GOOD)
    noticing.look_into(stage.notices()[0])

    assert stage.now(payment).state is PaymentState.BEGUN
    assert stub.asked == [payment.reference]


def test_a_genuine_one_credits_the_wallet_after_the_provider_was_asked(
    app: Flask,
    client: FlaskClient,
    stub: StubProvider,
) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    client.post("/hooks/stripe", data=told("evt_1", reference=payment.reference), headers=GOOD)
    noticing.look_into(stage.notices()[0])

    assert stage.balance(alice) == 100_000


@pytest.mark.parametrize("name", ["stripe", "paypal", "alipay", "wechat_pay"])
def test_every_real_provider_refuses_what_nobody_signed(app: Flask, client: FlaskClient, name: str) -> None:
    answer = client.post(f"/hooks/{name}", data=b'{"id": "evt_1"}', headers={"Content-Type": "application/json"})

    assert answer.status_code == 400


def test_without_credentials_and_sandbox_nobody_is_known(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions["portal_settings"], "sandbox_payments", False)

    with pytest.raises(UnknownProvider):
        in_transaction(lambda: registry.get("stripe"))


def test_forged_is_a_refusal() -> None:
    assert Forged.status == 400
