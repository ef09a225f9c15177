"""Paying inside WeChat itself: it tells who reads the page, and takes what the page hands over, signed."""

from dataclasses import replace

import httpx
import pytest

from portal.payments.providers.base import Declined, Method, PaymentState, Retry, Surface
from portal.payments.providers.wechat_pay import credentials
from portal.payments.providers.wechat_pay.provider import WechatPayProvider
from portal.sandbox import signing
from tests.carriers.sandbox_process import BROWSER, RunningSandbox
from tests.payments.providers import in_wechat
from tests.payments.providers.in_wechat import READER
from tests.payments.providers.wallet_contract import Stage

BACK = "https://portal.example/pay/as/wechat_pay?next=%2Fpay%2FCODE"


def made(sandbox: RunningSandbox, **changes: str) -> WechatPayProvider:
    return WechatPayProvider(replace(credentials.of_sandbox(sandbox.url), **changes), act_seconds=1, ask_seconds=1)


@pytest.fixture
def provider(sandbox: RunningSandbox) -> WechatPayProvider:
    return made(sandbox)


@pytest.fixture
def stage(sandbox: RunningSandbox, provider: WechatPayProvider) -> Stage:
    return Stage(provider, sandbox, Method.WECHAT_PAY)


def handed(stage: Stage, **changes: str) -> dict[str, str]:
    """Order a payment, and give what the page hands over, some of it changed."""
    begun = stage.provider.begin(stage.asking(Surface.IN_APP))
    assert begun.for_app is not None
    return begun.for_app | changes


def test_hands_over_what_only_we_can_sign(stage: Stage) -> None:
    given = handed(stage)

    assert given["package"].startswith("prepay_id=wx")
    assert given["signType"] == "RSA"
    signed = "".join(f"{given[name]}\n" for name in ("appId", "timeStamp", "nonceStr", "package"))
    assert signing.is_by_merchant("wechat_pay", signed, given["paySign"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appId", "wx0000000000000002"),
        ("timeStamp", "1"),
        ("nonceStr", "another"),
        ("package", "prepay_id=wx1"),
        ("signType", "MD5"),
        ("paySign", "AAAA"),
    ],
)
def test_wechat_takes_nothing_that_was_changed(stage: Stage, name: str, value: str) -> None:
    assert in_wechat.hand_over(stage.sandbox, handed(stage, **{name: value}), "pay") == "fail"


def test_a_payer_who_leaves_may_come_again(stage: Stage) -> None:
    asking = stage.asking(Surface.IN_APP)
    for_app = stage.provider.begin(asking).for_app
    assert for_app is not None

    assert in_wechat.hand_over(stage.sandbox, for_app, "abandon") == "cancel"
    assert stage.standing(asking.reference).state is PaymentState.PENDING
    assert in_wechat.hand_over(stage.sandbox, for_app, "pay") == "ok"
    assert in_wechat.hand_over(stage.sandbox, for_app, "pay") == "fail", "it was paid before"


def test_a_refused_payer_is_declined(stage: Stage) -> None:
    asking = stage.asking(Surface.IN_APP)
    for_app = stage.provider.begin(asking).for_app
    assert for_app is not None

    assert in_wechat.hand_over(stage.sandbox, for_app, "decline") == "fail"
    assert stage.standing(asking.reference).state is PaymentState.DECLINED


@pytest.mark.parametrize(("payer_id", "why"), [(None, "payer_id_missing"), ("o-somebody-else", "PARAM_ERROR")])
def test_is_ordered_for_a_known_reader_only(stage: Stage, payer_id: str | None, why: str) -> None:
    with pytest.raises(Declined, match=why):
        stage.provider.begin(stage.asking(Surface.IN_APP, payer_id=payer_id))


def test_is_not_offered_without_the_apps_secret(sandbox: RunningSandbox, provider: WechatPayProvider) -> None:
    without = made(sandbox, app_secret="")

    assert Surface.IN_APP in provider.methods[Method.WECHAT_PAY]
    assert without.methods == {Method.WECHAT_PAY: frozenset({Surface.MOBILE, Surface.QR})}
    with pytest.raises(Declined, match="surface_not_supported"):
        without.begin(Stage(without, sandbox, Method.WECHAT_PAY).asking(Surface.IN_APP))


def test_learns_who_reads(provider: WechatPayProvider) -> None:
    code = in_wechat.code_from(provider.sign_in_page(return_url=BACK, state="S1"))

    assert provider.payer_id(code) == READER


def test_leads_back_to_where_the_reader_was_with_the_state_as_it_is(provider: WechatPayProvider) -> None:
    page = provider.sign_in_page(return_url=BACK, state="S1")
    assert page.endswith("#wechat_redirect")

    answer = BROWSER.get(page, headers={"User-Agent": in_wechat.USER_AGENT})

    address = httpx.URL(answer.headers["location"])
    assert (address.path, dict(address.params.items())["next"]) == ("/pay/as/wechat_pay", "/pay/CODE")
    assert address.params["state"] == "S1"


def test_a_code_is_good_once(provider: WechatPayProvider) -> None:
    code = in_wechat.code_from(provider.sign_in_page(return_url=BACK, state="S1"))
    provider.payer_id(code)

    with pytest.raises(Declined, match="code_refused"):
        provider.payer_id(code)


@pytest.mark.parametrize("code", ["", "none", "a&appid=wx0000000000000002", "é\n"])
def test_refuses_what_is_no_code(provider: WechatPayProvider, code: str) -> None:
    with pytest.raises(Declined, match="code_refused"):
        provider.payer_id(code)


@pytest.mark.parametrize("reason", ["-1", "45011"])
def test_a_busy_wechat_is_asked_again_later(stage: Stage, provider: WechatPayProvider, reason: str) -> None:
    stage.fault("refuse", "sign_in", None, reason=reason, times=1)

    with pytest.raises(Retry, match=f"wechat_{reason}"):
        provider.payer_id("code")


@pytest.mark.parametrize("kind", ["down", "closed", "drop", "error_before", "error_page", "late"])
def test_says_retry_where_no_answer_tells(stage: Stage, provider: WechatPayProvider, kind: str) -> None:
    code = in_wechat.code_from(provider.sign_in_page(return_url=BACK, state="S1"))
    stage.fault(kind, "sign_in", None, times=1, seconds=2)

    with pytest.raises(Retry):
        provider.payer_id(code)


def test_says_what_is_wrong_with_the_app(stage: Stage, provider: WechatPayProvider) -> None:
    stage.fault("refuse", "sign_in", None, reason="48001", times=1)

    with pytest.raises(Declined, match="wechat_48001"):
        provider.payer_id("code")


def test_the_secret_is_tested_with_the_connection(sandbox: RunningSandbox, provider: WechatPayProvider) -> None:
    assert provider.test_connection() == "WeChat Pay 1900000001"
    assert made(sandbox, app_secret="").test_connection() == "WeChat Pay 1900000001"
    with pytest.raises(Declined, match="wechat_40125"):
        made(sandbox, app_secret="another").test_connection()


def test_wechat_opens_its_sign_in_for_nobody_outside(provider: WechatPayProvider) -> None:
    answer = BROWSER.get(provider.sign_in_page(return_url=BACK, state="S1"), headers={"User-Agent": "Chrome/140"})

    assert answer.status_code == 400
