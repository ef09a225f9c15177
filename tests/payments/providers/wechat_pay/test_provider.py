"""WeChat Pay through wechatpayv3 against the sandbox over HTTP."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest

from portal.core import clock, ids
from portal.payments.providers.base import Declined, Forged, Method, PaymentState, Provider, Retry, Surface
from portal.payments.providers.wechat_pay import credentials
from portal.payments.providers.wechat_pay.provider import WechatPayProvider
from tests.carriers.sandbox_process import BROWSER, RunningSandbox
from tests.payments.providers.in_wechat import OUR_PAGES
from tests.payments.providers.wallet_contract import Stage, WalletContract, hook


@pytest.fixture
def stage(sandbox: RunningSandbox) -> Stage:
    provider = WechatPayProvider(credentials.of_sandbox(sandbox.url), act_seconds=1, ask_seconds=1)
    return Stage(provider, sandbox, Method.WECHAT_PAY)


class TestWechatPay(WalletContract):
    surfaces: ClassVar = [Surface.MOBILE, Surface.QR, Surface.IN_APP]
    declined = PaymentState.DECLINED
    breakdown = "SYSTEM_ERROR"
    empty = "NOT_ENOUGH"
    own_key, their_key = "merchant_private_key", "platform_public_key"
    another_app: ClassVar = {"mch_id": "1900000002"}

    def made(self, sandbox: RunningSandbox, **changes: str) -> Provider:
        return WechatPayProvider(replace(credentials.of_sandbox(sandbox.url), **changes), act_seconds=1, ask_seconds=1)

    def altered(self, body: bytes) -> bytes:
        return body.replace(b"TRANSACTION.SUCCESS", b"TRANSACTION.SUCCEED")


def notice_of(stage: Stage) -> tuple[dict[str, str], bytes]:
    with hook() as our:
        replace(stage, notify_url=our.url).paid()
        [notice] = our.wait()
    return notice


def test_leads_the_payer_back_to_our_page(stage: Stage) -> None:
    answer = stage.choose(stage.begin(stage.asking(Surface.MOBILE)), "pay")

    assert answer.headers["location"] == "http://127.0.0.1:9/back?of=1"


def test_a_phone_page_needs_the_payers_address(stage: Stage) -> None:
    with pytest.raises(Declined, match="payer_address_missing"):
        stage.provider.begin(stage.asking(Surface.MOBILE, payer_address=None))


def test_tells_why_the_bank_said_no(stage: Stage) -> None:
    asking = stage.asking()

    stage.choose(stage.begin(asking), "decline")

    assert stage.standing(asking.reference).decline_code == "PAYERROR"


def test_tells_that_something_was_given_back_but_not_how_much(stage: Stage) -> None:
    asking, before = stage.paid()

    stage.refund(asking, 50, ids.reference("RF"))

    assert before.refunded_minor == 0
    assert stage.standing(asking.reference).refunded_minor is None


def test_too_many_calls_are_made_again_later(stage: Stage) -> None:
    asking = stage.asking()
    stage.fault("refuse", "begin", asking.reference, reason="FREQUENCY_LIMITED", times=1)

    with pytest.raises(Retry, match="FREQUENCY_LIMITED"):
        stage.provider.begin(asking)

    assert stage.begin(asking)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("Wechatpay-Signature", "AAAA", "wrong"),
        ("Wechatpay-Signature", "not base64", "wrong"),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3", "wrong"),
        ("Wechatpay-Nonce", "another", "wrong"),
        ("Wechatpay-Timestamp", "１７６３８５００００", "wrong"),
        ("Wechatpay-Serial", "5A4E00000000000000000000000000000000001F", "foreign"),
        ("Wechatpay-Serial", "", "missing"),
        ("Wechatpay-Signature", "", "missing"),
    ],
)
def test_refuses_a_notice_with_another_signature(stage: Stage, name: str, value: str, why: str) -> None:
    headers, body = notice_of(stage)

    with pytest.raises(Forged, match=why):
        stage.provider.notice(headers=headers | {name: value}, body=body, now=clock.now())


def test_refuses_a_notice_that_our_key_does_not_open(stage: Stage) -> None:
    headers, body = notice_of(stage)
    other = replace(credentials.of_sandbox(stage.sandbox.url), api_v3_key="another-another-another-another-")

    with pytest.raises(Forged, match="foreign"):
        WechatPayProvider(other).notice(headers=headers, body=body, now=clock.now())


def test_reads_a_notice_whatever_the_letters_of_its_headers(stage: Stage) -> None:
    headers, body = notice_of(stage)

    notice = stage.provider.notice(
        headers={name.upper(): value for name, value in headers.items()}, body=body, now=clock.now()
    )

    assert notice.event_id == json.loads(body)["id"]


def test_refuses_an_api_key_of_another_length(sandbox: RunningSandbox) -> None:
    with pytest.raises(Declined, match="key_unreadable"):
        WechatPayProvider(replace(credentials.of_sandbox(sandbox.url), api_v3_key="short"))


def test_the_page_for_phones_opens_only_for_who_was_led_there(stage: Stage) -> None:
    begun = stage.provider.begin(stage.asking(Surface.MOBILE))

    assert BROWSER.get(str(begun.go_to)).status_code == 400
    assert BROWSER.get(str(begun.go_to), headers={"Referer": OUR_PAGES}).status_code == 200


def test_the_page_for_phones_opens_for_minutes_and_a_fresh_one_is_the_same_payment(stage: Stage) -> None:
    asking = stage.asking(Surface.MOBILE)
    begun = stage.provider.begin(asking)
    shut = re.sub(r"until=\d+", f"until={int(clock.now().timestamp()) - 1}", str(begun.go_to))

    assert begun.go_to_until is not None
    assert timedelta(minutes=3) < begun.go_to_until - clock.now() <= timedelta(minutes=4)
    assert BROWSER.get(shut, headers={"Referer": OUR_PAGES}).status_code == 400
    stage.choose(str(stage.provider.begin(asking).go_to), "pay")
    assert stage.standing(asking.reference).state is PaymentState.SETTLED
