"""Alipay through python-alipay-sdk against the sandbox over HTTP."""

import json
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest

from portal.core import clock, ids
from portal.payments.providers.alipay import credentials
from portal.payments.providers.alipay.provider import AlipayProvider
from portal.payments.providers.base import (
    OUTSIDE_APPS,
    Forged,
    Method,
    PaymentState,
    Provider,
    RefundState,
    Surface,
    UnknownOutcome,
)
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers.wallet_contract import PRICE, Stage, WalletContract, hook


@pytest.fixture
def stage(sandbox: RunningSandbox) -> Stage:
    provider = AlipayProvider(credentials.of_sandbox(sandbox.url), act_seconds=1, ask_seconds=1)
    return Stage(provider, sandbox, Method.ALIPAY)


class TestAlipay(WalletContract):
    surfaces: ClassVar = [Surface.PAGE, Surface.MOBILE, Surface.QR]
    declined = PaymentState.EXPIRED
    breakdown = "ACQ.SYSTEM_ERROR"
    empty = "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    own_key, their_key = "app_private_key", "alipay_public_key"
    another_app: ClassVar = {"app_id": "2021000000000002"}

    def made(self, sandbox: RunningSandbox, **changes: str) -> Provider:
        return AlipayProvider(replace(credentials.of_sandbox(sandbox.url), **changes), act_seconds=1, ask_seconds=1)

    def altered(self, body: bytes) -> bytes:
        return body.replace(b"total_amount=100.50", b"total_amount=100.51")


def test_signs_the_page_for_its_surface(stage: Stage) -> None:
    asking = stage.asking(Surface.MOBILE)

    sent = dict(parse_qsl(urlsplit(stage.begin(asking)).query))

    assert sent["method"] == "alipay.trade.wap.pay"
    assert sent["return_url"] == "http://127.0.0.1:9/back?of=1"
    content = json.loads(sent["biz_content"])
    assert content == {
        "out_trade_no": asking.reference.replace("-", "_"),
        "total_amount": "100.50",
        "subject": "日本 10GB 30天 } renewal {",
        "time_expire": asking.expires_at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S"),
        "product_code": "QUICK_WAP_WAY",
        "quit_url": "http://127.0.0.1:9/cancel",
    }


def test_leads_the_payer_back_to_our_page(stage: Stage) -> None:
    answer = stage.choose(stage.begin(stage.asking(Surface.PAGE)), "pay")

    assert answer.headers["location"].startswith("http://127.0.0.1:9/back?of=1&out_trade_no=")


@pytest.mark.parametrize("surface", sorted(OUTSIDE_APPS))
def test_what_no_payer_came_to_is_unknown_to_alipay_and_dies_by_itself(stage: Stage, surface: Surface) -> None:
    asking = stage.asking(surface)
    stage.begin(asking)

    assert stage.provider.standing(reference=asking.reference, provider_id=None) is None
    assert stage.provider.close(reference=asking.reference, provider_id=None) is None


def test_a_payment_given_back_whole_shows_that(stage: Stage) -> None:
    asking, _ = stage.paid()
    stage.refund(asking, 10_000, ids.reference("RF"))
    assert stage.standing(asking.reference).refunded_minor is None

    stage.refund(asking, 50, ids.reference("RF"))

    assert stage.standing(asking.reference).refunded_minor == 10_050


def test_a_refund_lost_on_the_way_back_is_found_to_be_done(stage: Stage) -> None:
    asking, _ = stage.paid()
    reference = ids.reference("RF")
    stage.fault("drop", "refund", reference, times=1)
    with pytest.raises(UnknownOutcome):
        stage.refund(asking, 100, reference)
    # Sent again it moves nothing (`fund_change` N), and the question that follows may break as well.
    stage.fault("drop", "look_up", reference, times=1)

    assert stage.refund(asking, 100, reference).state is RefundState.PENDING
    assert stage.refund(asking, 100, reference).state is RefundState.SUCCEEDED


def test_is_paid_by_one_of_two_windows(stage: Stage) -> None:
    asking = stage.asking()
    address = stage.begin(asking)

    stage.choose(address, "pay")
    stage.choose(address, "decline")

    assert stage.standing(asking.reference).amount == PRICE


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=b&" * 300 + b"sign=x"])
def test_refuses_a_notice_that_is_no_form(stage: Stage, body: bytes) -> None:
    with pytest.raises(Forged, match="wrong"):
        stage.provider.notice(headers={}, body=body, now=clock.now())


@pytest.mark.parametrize("change", [{"sign": "not base64 é"}, {"sign": "AAAA"}, {"sign_type": "RSA"}])
def test_refuses_a_notice_with_another_signature(stage: Stage, change: dict[str, str]) -> None:
    with hook() as our:
        stage = replace(stage, notify_url=our.url)
        stage.paid()
        [(headers, body)] = our.wait()
    fields = dict(parse_qsl(body.decode())) | change

    with pytest.raises(Forged, match="wrong"):
        stage.provider.notice(headers=headers, body=urlencode(fields).encode(), now=clock.now())


def test_refuses_a_notice_for_another_merchant_of_the_same_app(stage: Stage) -> None:
    with hook() as our:
        replace(stage, notify_url=our.url).paid()
        [(headers, body)] = our.wait()
    other = replace(credentials.of_sandbox(stage.sandbox.url), seller_id="2088000000000002")

    with pytest.raises(Forged, match="foreign"):
        AlipayProvider(other).notice(headers=headers, body=body, now=clock.now())
    unnamed = AlipayProvider(replace(other, seller_id=""))
    assert unnamed.notice(headers=headers, body=body, now=clock.now()).word == "TRADE_SUCCESS"
