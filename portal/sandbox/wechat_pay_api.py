"""The stand-in WeChat Pay: its API v3, and the page that it opens for payers."""

import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portal.core import clock
from portal.sandbox import books, counter, faults, signing, trading, wechat_pay_bills
from portal.sandbox.faults import Call, Fault, Kind
from portal.sandbox.trading import RefundState, State, Trade
from portal.sandbox.wechat_pay_words import (
    APP_ID,
    MCH_ID,
    MERCHANT_SERIAL,
    PAYER,
    SELLER,
    SURFACES,
    Fields,
    No,
    answer,
    notify,
    notify_refund,
    shown,
    shown_refund,
)

wechat_pay_api = Blueprint("wechat_pay_api", __name__, url_prefix="/wechat_pay")

NAMES = {"zh": "微信支付", "en": "WeChat Pay"}

OPEN_FOR = timedelta(hours=2)
"""How long an order stays open that names no end."""

H5_OPENS_FOR = timedelta(minutes=5)
"""How long the page opens that a phone's browser is led to; ordering the same again gives a fresh one."""

CLOCKS_APART = 300
"""Seconds that a caller's clock may be off."""

REFUSALS = {"FREQUENCY_LIMITED": 429, "SYSTEM_ERROR": 500, "NOT_ENOUGH": 403}

_AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')

Act = Callable[[Fault | None], tuple[int, Fields | None]]


@wechat_pay_api.post("/v3/pay/transactions/<surface>")
def order(surface: str) -> Response:
    """Open an order, or give the one that is open under the reference."""
    asked = request.get_json(silent=True) or {}

    def act(_fault: Fault | None) -> tuple[int, Fields]:
        trade = _opened(asked, surface)
        page = f"{request.host_url}wechat_pay/pay/{trade.number}"
        until = int((clock.now() + H5_OPENS_FOR).timestamp())
        ways = {"native": {"code_url": page}, "h5": {"h5_url": f"{page}?from=h5&until={until}"}}
        return 200, ways.get(surface, {"prepay_id": f"wx{trade.number}"})

    return _answered(Call.BEGIN, asked.get("out_trade_no"), act)


@wechat_pay_api.get("/v3/pay/transactions/out-trade-no/<reference>")
def look_up(reference: str) -> Response:
    """Tell what became of an order."""

    def act(_fault: Fault | None) -> tuple[int, Fields]:
        trade = _found(reference=reference)
        with books.current().reading() as connection:
            return 200, shown(trade, trading.given_back(connection, trade))

    return _answered(Call.LOOK_UP, reference, act)


@wechat_pay_api.post("/v3/pay/transactions/out-trade-no/<reference>/close")
def close(reference: str) -> Response:
    """Close an unpaid order."""

    def act(_fault: Fault | None) -> tuple[int, None]:
        with books.current().writing() as connection:
            trade = trading.find(connection, SELLER, now=clock.now(), reference=reference)
            if trade is None:
                raise No(404, "ORDER_NOT_EXIST", "订单不存在")
            if trade.state is State.PAID:
                raise No(400, "ORDERPAID", "该订单已支付")
            trading.turn(connection, trade, State.CLOSED)
        return 204, None

    return _answered(Call.CLOSE, reference, act)


@wechat_pay_api.post("/v3/refund/domestic/refunds")
def refund() -> Response:
    """Give money back, once a reference."""
    asked = request.get_json(silent=True) or {}
    return _answered(Call.REFUND, asked.get("out_refund_no"), lambda fault: (200, _refunded(asked, fault)))


@wechat_pay_api.get("/v3/refund/domestic/refunds/<reference>")
def look_up_refund(reference: str) -> Response:
    """Tell what became of a refund."""

    def act(_fault: Fault | None) -> tuple[int, Fields]:
        with books.current().reading() as connection:
            found = trading.find_refund(connection, SELLER, reference=reference)
        if found is None:
            raise No(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return 200, shown_refund(found, _found(number=found.trade_number))

    return _answered(Call.LOOK_UP, reference, act)


@wechat_pay_api.get("/v3/bill/<kind>")
def bill(kind: str) -> Response:
    """Tell where a day's bill is, and its hash."""

    def act(_fault: Fault | None) -> tuple[int, Fields]:
        day = request.args.get("bill_date", "")
        with books.current().reading() as connection:
            text = wechat_pay_bills.write(connection, kind, date.fromisoformat(day))
        if text is None:
            raise No(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        address = f"{request.host_url}wechat_pay/v3/billdownload/file?token={kind}.{day}"
        return 200, {"hash_type": "SHA1", "hash_value": wechat_pay_bills.digest(text), "download_url": address}

    return _answered(Call.LOOK_UP, None, act)


@wechat_pay_api.get("/v3/billdownload/file")
def download() -> Response:
    """Send a bill, packed and, as the real ones, not signed."""
    kind, _, day = request.args.get("token", "").partition(".")
    try:
        _check(request.get_data(as_text=True))
    except No as no:
        return answer(no.status, no.fields)
    with books.current().reading() as connection:
        text = wechat_pay_bills.write(connection, kind, date.fromisoformat(day))
    return Response(wechat_pay_bills.packed(text or b""), mimetype="application/octet-stream")


@wechat_pay_api.get("/pay/<number>")
def pay_page(number: str) -> Response:
    """Show the page of an order, which is also what its QR code leads to.

    From a phone's browser it opens only in time, and only for one who was led here by a page of the merchant's.
    """
    trade = counter.find(SELLER, number=number)
    if request.args.get("from") == "h5":
        if not request.referrer:
            return Response("商家参数格式有误，请联系商家解决", 400, mimetype="text/plain")
        if int(request.args["until"]) < clock.now().timestamp():
            return Response("支付请求已失效，请重新发起支付", 400, mimetype="text/plain")
    action = f"/wechat_pay/pay/{number}?{request.query_string.decode()}"
    return counter.page(trade, names=NAMES, action=action) if trade else counter.not_here()


@wechat_pay_api.post("/pay/<number>")
def choose(number: str) -> AnyResponse:
    """Pay, decline or walk away."""
    found = counter.find(SELLER, number=number)
    if found is None:
        return counter.not_here()
    fault = faults.take(Call.PAY, carrier=SELLER, iccid=found.reference)
    trade, is_changed = counter.choose(found, fault, declined=State.DECLINED)
    if is_changed and trade.state is State.PAID:
        notify(trade, clock.now())
    # From a phone's browser WeChat leads back to where the page was opened with.
    return redirect(request.args.get("redirect_url") or f"/wechat_pay/pay/{number}", 303)


def _answered(call: Call, reference: str | None, act: Act) -> Response:
    fault = faults.befallen(call, carrier=SELLER, iccid=reference)
    try:
        _check(request.get_data(as_text=True))
        status, fields = _refused(fault) if fault and fault.kind is Kind.REFUSE else act(fault)
    except No as no:
        status, fields = no.status, no.fields
    except (ValueError, KeyError, TypeError):
        status, fields = 400, {"code": "PARAM_ERROR", "message": "参数错误"}
    return faults.strike_after(fault, answer(status, fields))


def _refused(fault: Fault) -> tuple[int, Fields]:
    return REFUSALS.get(fault.reason, 400), {"code": fault.reason, "message": fault.reason}


def _check(body: str) -> None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    given = dict(_AUTHORIZATION.findall(text))
    path = request.full_path.removeprefix("/wechat_pay").rstrip("?")
    signed = f"{request.method}\n{path}\n{given.get('timestamp')}\n{given.get('nonce_str')}\n{body}\n"
    is_ours = (given.get("mchid"), given.get("serial_no")) == (MCH_ID, MERCHANT_SERIAL)
    is_fresh = abs(time.time() - int(given.get("timestamp") or 0)) <= CLOCKS_APART
    is_signed = signing.is_by_merchant(SELLER, signed, given.get("signature", ""))
    if scheme != "WECHATPAY2-SHA256-RSA2048" or not (is_ours and is_fresh and is_signed):
        raise No(401, "SIGN_ERROR", "签名错误")


def _opened(asked: Fields, surface: str) -> Trade:
    now, ends, amount = clock.now(), asked.get("time_expire"), asked["amount"]
    if (asked["mchid"], asked["appid"]) != (MCH_ID, APP_ID):
        raise No(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
    is_named = re.fullmatch(r"[0-9A-Za-z_*-]{6,32}", asked["out_trade_no"])
    is_whole = type(amount["total"]) is int and 1 <= amount["total"] <= 10**10 and amount["currency"] == "CNY"
    is_described = 1 <= len(asked["description"]) <= 127
    if surface not in SURFACES or not (is_named and is_whole and is_described):
        raise No(400, "PARAM_ERROR", "参数错误")
    if surface == "h5" and not asked["scene_info"]["payer_client_ip"]:
        raise No(400, "PARAM_ERROR", "参数错误")
    if surface == "jsapi" and asked["payer"] != PAYER:
        raise No(400, "PARAM_ERROR", "无效的openid")
    wanted = Trade(
        number=trading.new_number(now),
        seller=SELLER,
        reference=asked["out_trade_no"],
        minor=amount["total"],
        currency=amount["currency"],
        description=asked["description"],
        surface=surface,
        notify_url=asked["notify_url"],
        return_url="",
        cancel_url="",
        opened_at=now,
        expires_at=datetime.fromisoformat(ends) if ends else now + OPEN_FOR,
    )
    try:
        with books.current().writing() as connection:
            return trading.open_once(connection, wanted)
    except trading.Refused as refused:
        words = {"reused": (403, "OUT_TRADE_NO_USED"), "paid": (400, "ORDERPAID")}
        raise No(*words.get(str(refused), (400, "ORDER_CLOSED"))) from refused


def _refunded(asked: Fields, fault: Fault | None) -> Fields:
    now, amount = clock.now(), asked["amount"]
    trade = _found("RESOURCE_NOT_EXISTS", reference=asked["out_trade_no"])
    if type(amount["refund"]) is not int or amount["refund"] < 1 or amount["total"] != trade.paid_minor:
        raise No(400, "PARAM_ERROR", "订单金额不一致")
    try:
        with books.current().writing() as connection:
            refund, is_new = trading.refund_once(
                connection, trade, reference=asked["out_refund_no"], minor=amount["refund"], fault=fault, now=now
            )
    except trading.Refused as refused:
        sentences = {"reused": "订单金额或退款金额与之前请求不一致", "too_much": "累计退款金额大于支付金额"}
        raise No(400, "INVALID_REQUEST", sentences.get(str(refused), "订单状态错误")) from refused
    if is_new and refund.state is not RefundState.PENDING:
        notify_refund(trade, refund, now)
    # The answer comes before the refund can have failed.
    fields = shown_refund(refund, trade)
    return fields | ({"status": "PROCESSING"} if is_new and refund.state is RefundState.FAILED else {})


def _found(word: str = "ORDER_NOT_EXIST", **by: str) -> Trade:
    trade = counter.find(SELLER, **by)
    if trade is None:
        raise No(404, word, "订单不存在")
    return trade
