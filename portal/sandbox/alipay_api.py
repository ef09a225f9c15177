"""The stand-in Alipay: its gateway, and the pages it opens for payers."""

import json
import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portal.core import clock
from portal.sandbox import alipay_acts, alipay_bills, books, counter, faults, signing
from portal.sandbox.alipay_acts import ACTS
from portal.sandbox.alipay_words import APP_ID, SELLER, Fields, No, answer, notify, ours
from portal.sandbox.faults import Call, Kind
from portal.sandbox.trade_days import yuan
from portal.sandbox.trading import State, Trade

alipay_api = Blueprint("alipay_api", __name__, url_prefix="/alipay")

PAGES = frozenset({"alipay.trade.page.pay", "alipay.trade.wap.pay"})

NAMES = {"zh": "支付宝", "en": "Alipay"}


@alipay_api.route("/gateway.do", methods=["GET", "POST"])
def gateway() -> AnyResponse:
    """Answer one call, or open a payer's page; everything is signed, both ways."""
    given = request.args.to_dict() | request.form.to_dict()
    method = given.get("method", "")
    try:
        _check(given)
        content = json.loads(given.get("biz_content") or "{}")
        if method in PAGES:
            return redirect(f"/alipay/pay/{alipay_acts.opened(content, given).number}", 303)
        return _done(method, content, given)
    except No as no:
        if method in PAGES:
            return Response(no.fields["sub_msg"], 400, mimetype="text/plain")
        # Whose key should the answer to a stranger be checked with?
        return answer(method, no.fields, is_signed=no.sub_code != "isv.invalid-app-id")


@alipay_api.get("/pay/<number>")
def pay_page(number: str) -> Response:
    """Show the page of a trade, which is also what its QR code leads to."""
    counter.let_in(SELLER, number)
    trade = counter.find(SELLER, number=number)
    return counter.page(trade, names=NAMES, action=f"/alipay/pay/{number}") if trade else counter.not_here()


@alipay_api.post("/pay/<number>")
def choose(number: str) -> AnyResponse:
    """Pay, decline or walk away; a trade that Alipay refuses for good is closed."""
    found = counter.find(SELLER, number=number)
    if found is None:
        return counter.not_here()
    fault = faults.take(Call.PAY, carrier=SELLER, iccid=ours(found.reference))
    trade, is_changed = counter.choose(found, fault, declined=State.CLOSED)
    if is_changed:
        notify(trade, None, clock.now())
    back = trade.return_url if trade.state is State.PAID else trade.cancel_url or trade.return_url
    return redirect(_with_result(back, trade), 303) if back else redirect(f"/alipay/pay/{number}", 303)


@alipay_api.get("/bill")
def bill() -> Response:
    """Send a bill, packed."""
    with books.current().reading() as connection:
        packed = alipay_bills.write(connection, request.args["kind"], date.fromisoformat(request.args["day"]))
    return Response(packed, mimetype="application/zip") if packed else counter.not_here()


def _check(given: Mapping[str, str]) -> None:
    if given.get("app_id") != APP_ID:
        raise No("isv.invalid-app-id", "无效的AppID参数", "40002")
    signed = "&".join(f"{name}={given[name]}" for name in sorted(given) if name != "sign" and given[name])
    if given.get("sign_type") != "RSA2" or not signing.is_by_merchant(SELLER, signed, given.get("sign", "")):
        raise No("isv.invalid-signature", "验签出错", "40002")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", given.get("timestamp", "")):
        raise No("isv.invalid-timestamp", "非法的时间戳参数", "40002")
    if given.get("method") not in PAGES | ACTS.keys():
        raise No("isv.invalid-method", "不存在的方法名", "40002")


def _done(method: str, content: Fields, given: Mapping[str, str]) -> Response:
    call, act = ACTS[method]
    about = ours(content.get("out_request_no") or content.get("out_trade_no"))
    fault = faults.befallen(call, carrier=SELLER, iccid=about)
    try:
        done = {"code": "10000", "msg": "Success"}
        fields = No(fault.reason).fields if fault and fault.kind is Kind.REFUSE else done | act(content, given, fault)
    except No as no:
        fields = no.fields
    except (ValueError, KeyError, TypeError):
        fields = No("ACQ.INVALID_PARAMETER", "参数无效").fields
    return faults.strike_after(fault, answer(method, fields))


def _with_result(address: str, trade: Trade) -> str:
    told = {"out_trade_no": trade.reference, "trade_no": trade.number, "total_amount": yuan(trade.minor)}
    return f"{address}{'&' if '?' in address else '?'}{urlencode(told)}"
