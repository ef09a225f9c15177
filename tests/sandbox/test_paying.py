"""The stand-in providers' pages and their place on the control page."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core.money import Money
from portal.sandbox import paying
from portal.sandbox.application import create_app


@pytest.fixture
def sandbox(tmp_path: Path) -> Flask:
    return create_app(tmp_path, demo=False)


@pytest.fixture
def client(sandbox: Flask) -> FlaskClient:
    return sandbox.test_client()


@pytest.mark.parametrize(
    ("amount", "language", "shown"),
    [
        (Money(105_000, "CNY"), "zh-CN", ["1050.00 CNY", "付款", "拒绝", "放弃", '<html lang="zh">']),
        (Money(1_501, "JPY"), "en", ["1501 JPY", "Pay", "Decline", "Abandon"]),
        (Money(10_550, "KWD"), "tlh", ["10.550 KWD", "Pay"]),
    ],
)
def test_shows_what_is_asked_and_three_buttons(sandbox: Flask, amount: Money, language: str, shown: list[str]) -> None:
    with sandbox.test_request_context():
        page = paying.page(
            provider="Stripe", description="<b>Top-up</b>", amount=amount, action="/stripe/pay/1", language=language
        )

    assert all(text in page for text in shown)
    assert re.findall(r'name="choice" value="(\w+)"', page) == ["pay", "decline", "abandon"]
    assert "<b>" not in page
    assert "<script" not in page
    assert "style=" not in page


@pytest.mark.parametrize(("state", "text"), [("settled", "has been paid"), ("closed", "can not be paid")])
def test_a_payment_that_is_over_has_no_buttons(sandbox: Flask, state: str, text: str) -> None:
    with sandbox.test_request_context():
        page = paying.page(
            provider="PayPal", description="Top-up", amount=Money(1, "USD"), action="/paypal/pay/1", state=state
        )

    assert text in page
    assert "<form" not in page


def test_sends_its_style_sheets(client: FlaskClient) -> None:
    for path in ("/pay.css", "/control.css"):
        sheet = client.get(path)
        assert (sheet.status_code, sheet.mimetype) == (200, "text/css")


def test_shows_every_provider_on_the_control_page_to_this_machine_only(client: FlaskClient) -> None:
    page = client.get("/control/payments/")

    assert page.status_code == 200
    assert all(f"<h2>{name}</h2>" in page.text for name in ("stripe", "paypal"))
    assert client.get("/control/payments/", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403
    assert client.post("/control/payments/stripe/payout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nobody/payout", 404),
        ("/stripe/dispute", 422),
        ("/paypal/win", 422),
        ("/stripe/sing", 422),
        ("/paypal/sing", 422),
    ],
)
def test_refuses_what_can_not_be_done(client: FlaskClient, path: str, status: int) -> None:
    assert client.post(f"/control/payments{path}", json={"id": "P-1"}).status_code == status


def test_nobody_but_the_key_is_served(client: FlaskClient) -> None:
    assert client.get("/stripe/v1/account").status_code == 401
    assert client.get("/stripe/v1/account", headers={"Authorization": "Bearer sk_test_other"}).status_code == 401
    assert client.get("/paypal/v2/checkout/orders/1").status_code == 401
    assert client.post("/paypal/v1/oauth2/token", headers={"Authorization": "Basic eDp5"}).status_code == 401
    assert client.get("/stripe/pay/cs_unknown").status_code == 404
    assert client.get("/paypal/pay/unknown").status_code == 404


def test_stripe_refuses_what_its_library_no_longer_sends(client: FlaskClient) -> None:
    answer = client.post(
        "/stripe/v1/checkout/sessions",
        data={"mode": "payment", "payment_method_types[0]": "card"},
        headers={"Authorization": "Bearer sk_test_sandbox"},
    )

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "parameter_unknown"
