"""What Alipay and WeChat Pay are believed to have done when their answer is not what it should be."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from portal.core.money import Money
from portal.payments.providers.alipay import credentials as alipay
from portal.payments.providers.alipay.provider import AlipayProvider
from portal.payments.providers.base import Declined, Outcome, Provider, ProviderError, RefundState, Retry
from portal.payments.providers.wechat_pay import credentials as wechat_pay
from portal.payments.providers.wechat_pay.provider import WechatPayProvider
from portal.sandbox import signing, wechat_pay_words

Say = Callable[..., str]


@pytest.fixture
def say() -> Iterator[Say]:
    """Answer every call with the same; gives the address."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: str, headers: dict[str, str] | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None: ...

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        with closing(server.socket):
            server.server_close()


def refund(provider: Provider) -> Any:
    amount = Money(100, "CNY")
    return provider.refund(
        reference="RF-1111-2222",
        payment_reference="P-1111-2222",
        payment_id="",
        amount=amount,
        paid=amount,
        reason="why",
    )


def asked(provider: Provider) -> Any:
    return provider.refund_standing(
        reference="RF-1111-2222", provider_id=None, payment_reference="P-1111-2222", payment_id=""
    )


def outcome(call: Callable[[Provider], Any], provider: Provider) -> Outcome:
    with pytest.raises(ProviderError) as broke:
        call(provider)
    assert broke.value.reason_code
    return broke.value.outcome


def alipay_node(fields: dict[str, Any], *, node: str = "alipay_trade_refund_response", signed: Any = True) -> str:
    text = json.dumps(fields)
    signature = signing.sign("alipay", text) if signed is True else signed
    return f'{{"{node}":{text}' + (f',"sign":"{signature}"}}' if signature else "}")


GONE = {"code": "10000", "fund_change": "Y", "refund_fee": "1.00"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, alipay_node(GONE, signed=None), Outcome.UNKNOWN),
        (200, alipay_node(GONE, signed="AAAA"), Outcome.UNKNOWN),
        (200, alipay_node(GONE, signed="not base64 at all"), Outcome.UNKNOWN),
        (200, alipay_node(GONE, node="alipay_trade_query_response"), Outcome.UNKNOWN),
        (200, "[]", Outcome.UNKNOWN),
        (200, '{"sign": "AAAA"}', Outcome.UNKNOWN),
        (200, '{"alipay_trade_refund_response": "x", "sign": "AAAA"}', Outcome.UNKNOWN),
        (200, "", Outcome.UNKNOWN),
        (302, "", Outcome.UNKNOWN),
        (404, "", Outcome.UNKNOWN),
        (502, "<h1>Bad gateway</h1>", Outcome.UNKNOWN),
        (429, "", Outcome.RETRY),
        (200, alipay_node({"code": "20000", "sub_code": "isp.unknow-error"}), Outcome.UNKNOWN),
        (200, alipay_node({"code": "20000", "sub_code": "aop.ACQ.SYSTEM_ERROR"}), Outcome.UNKNOWN),
        (200, alipay_node({"code": "40004", "sub_code": "ACQ.SYSTEM_ERROR"}), Outcome.UNKNOWN),
        (200, alipay_node({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}, signed=None), Outcome.UNKNOWN),
        (200, alipay_node({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}), Outcome.DECLINED),
        (200, alipay_node({"code": "40004", "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}), Outcome.RETRY),
        (200, alipay_node({"code": "40002", "sub_code": "isv.invalid-app-id"}, signed=None), Outcome.DECLINED),
        (200, alipay_node({"code": "40002"}, node="error_response", signed=None), Outcome.DECLINED),
    ],
)
def test_alipay_moved_only_what_its_signature_says(say: Say, status: int, body: str, expected: Outcome) -> None:
    credentials = replace(alipay.of_sandbox(""), api_base=say(status, body))

    assert outcome(refund, AlipayProvider(credentials, act_seconds=2)) is expected


def test_alipay_is_read_by_its_own_text(say: Say) -> None:
    # Braces within texts, escaped slashes, and a second answer that nobody signed.
    text = '{"code":"10000","fund_change":"Y","memo":"a } b { c \\/ \\"}"}'
    body = f'{{"alipay_trade_refund_response":{text},"sign":"{signing.sign("alipay", text)}","code":"40004"}}'
    credentials = replace(alipay.of_sandbox(""), api_base=say(200, body))

    assert refund(AlipayProvider(credentials)).state is RefundState.SUCCEEDED


@pytest.mark.parametrize(
    "fields",
    [
        {"refund_amount": "1.00", "out_request_no": "RF_OTHER"},
        {"refund_amount": "1.001", "out_request_no": "RF_1111_2222"},
        {"refund_amount": 1.0, "out_request_no": "RF_1111_2222"},
    ],
)
def test_alipay_is_asked_again_when_it_tells_of_something_else(say: Say, fields: dict[str, Any]) -> None:
    body = alipay_node({"code": "10000"} | fields, node="alipay_trade_fastpay_refund_query_response")
    credentials = replace(alipay.of_sandbox(""), api_base=say(200, body))

    with pytest.raises(Retry, match="unreadable_answer"):
        asked(AlipayProvider(credentials))


DONE = json.dumps(
    {
        "refund_id": "5",
        "out_refund_no": "RF-1111-2222",
        "status": "SUCCESS",
        "amount": {"refund": 100, "total": 100, "currency": "CNY"},
    }
)


def no(code: str) -> str:
    return json.dumps({"code": code, "message": "words"})


@pytest.mark.parametrize(
    ("status", "body", "signed", "expected"),
    [
        (200, DONE, None, Outcome.UNKNOWN),
        (200, DONE, "something else", Outcome.UNKNOWN),
        (200, "[]", True, Outcome.UNKNOWN),
        (200, DONE.replace("RF-1111", "RF-2222"), True, Outcome.UNKNOWN),
        (200, DONE.replace('"refund": 100', '"refund": 1.5'), True, Outcome.UNKNOWN),
        (200, DONE.replace("SUCCESS", "A_NEW_WORD"), True, Outcome.UNKNOWN),
        (302, "", None, Outcome.UNKNOWN),
        (404, "<h1>Not found</h1>", None, Outcome.UNKNOWN),
        (500, no("SYSTEM_ERROR"), True, Outcome.UNKNOWN),
        (502, "", None, Outcome.UNKNOWN),
        (400, no("SYSTEM_ERROR"), True, Outcome.UNKNOWN),
        (400, no("PARAM_ERROR"), "something else", Outcome.UNKNOWN),
        (400, no("PARAM_ERROR"), True, Outcome.DECLINED),
        (400, no("PARAM_ERROR"), None, Outcome.DECLINED),
        (401, no("SIGN_ERROR"), None, Outcome.DECLINED),
        (403, no("NOT_ENOUGH"), True, Outcome.RETRY),
        (429, no("FREQUENCY_LIMITED"), True, Outcome.RETRY),
        (429, "", None, Outcome.RETRY),
    ],
)
def test_wechat_pay_moved_only_what_its_signature_says(
    say: Say, status: int, body: str, signed: Any, expected: Outcome
) -> None:
    headers = wechat_pay_words.signed_headers(body if signed is True else signed) if signed else {}
    credentials = replace(wechat_pay.of_sandbox(""), api_base=say(status, body, headers))

    assert outcome(refund, WechatPayProvider(credentials, act_seconds=2)) is expected


def test_wechat_pays_answer_with_an_unknown_platform_key_fetches_no_other(say: Say) -> None:
    headers = wechat_pay_words.signed_headers(DONE) | {"Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A7200000000"}
    credentials = replace(wechat_pay.of_sandbox(""), api_base=say(200, DONE, headers))

    with pytest.raises(Declined, match="platform_public_key_wrong"):
        WechatPayProvider(credentials).test_connection()
