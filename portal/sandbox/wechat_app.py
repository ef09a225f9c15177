"""The stand-in WeChat around a page: it knows who reads, and is handed payments by a page's script (JSAPI).

On a real phone the app puts `WeixinJSBridge` into the page. Whoever drives a browser here puts it there instead, and
has it post what it was handed, with the payer's choice, to `/wechat_pay/app/pay`.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portal.core import clock
from portal.sandbox import books, counter, faults, signing
from portal.sandbox.books import Books
from portal.sandbox.faults import Call, Fault, Kind
from portal.sandbox.trading import State, Trade
from portal.sandbox.wechat_pay_words import APP_ID, APP_SECRET, PAYER, SELLER, notify

wechat_app = Blueprint("wechat_app", __name__, url_prefix="/wechat_pay")

SCHEMA = "CREATE TABLE IF NOT EXISTS wechat_codes (code TEXT PRIMARY KEY, given_at TEXT NOT NULL)"

CODE_LASTS = timedelta(minutes=5)

BROWSER = "MicroMessenger"
"""What WeChat's own browser calls itself."""

HANDED = ("appId", "timeStamp", "nonceStr", "package")
"""What is signed of what a page hands over, in this order."""


def prepare(kept: Books) -> None:
    """Make the table."""
    with kept.writing() as connection:
        connection.execute(SCHEMA)


@wechat_app.get("/connect/oauth2/authorize")
def authorize() -> AnyResponse:
    """Lead the reader back with a code, asking nothing; only inside WeChat."""
    if BROWSER not in request.user_agent.string:
        return Response("请在微信客户端打开链接", 400, mimetype="text/plain")
    wishes = tuple(request.args.get(name) for name in ("appid", "response_type", "scope"))
    return_url = request.args.get("redirect_uri", "")
    if wishes != (APP_ID, "code", "snsapi_base") or not return_url.startswith(("http://", "https://")):
        return Response("redirect_uri 参数错误", 400, mimetype="text/plain")
    code = secrets.token_hex(16)
    with books.current().writing() as connection:
        connection.execute("INSERT INTO wechat_codes VALUES (?, ?)", (code, clock.now().isoformat()))
    joint = "&" if "?" in return_url else "?"
    return redirect(f"{return_url}{joint}{urlencode({'code': code, 'state': request.args.get('state', '')})}", 302)


@wechat_app.get("/sns/oauth2/access_token")
def access_token() -> Response:
    """Tell whose a code is, once; errors come with status 200, and as text, as the real ones do."""
    fault = faults.befallen(Call.SIGN_IN, carrier=SELLER, iccid=None)
    told = jsonify(_whose(fault))
    told.mimetype = "text/plain"
    return faults.strike_after(fault, told)


@wechat_app.post("/app/pay")
def pay() -> Response:
    """Show the payer what a page handed over, and take their choice: `pay`, `decline` or `abandon`."""
    return jsonify(err_msg=f"get_brand_wcpay_request:{_paid()}")


def _whose(fault: Fault | None) -> dict[str, Any]:
    if fault is not None and fault.kind is Kind.REFUSE:
        return {"errcode": int(fault.reason), "errmsg": "system error"}
    if request.args.get("appid") != APP_ID:
        return {"errcode": 40013, "errmsg": "invalid appid"}
    if request.args.get("secret") != APP_SECRET:
        return {"errcode": 40125, "errmsg": "invalid appsecret"}
    with books.current().writing() as connection:
        row = connection.execute(
            "DELETE FROM wechat_codes WHERE code = ? RETURNING given_at", (request.args.get("code"),)
        ).fetchone()
    if row is None or clock.now() - datetime.fromisoformat(row["given_at"]) > CODE_LASTS:
        return {"errcode": 40029, "errmsg": "invalid code"}
    tokens = {name: secrets.token_hex(32) for name in ("access_token", "refresh_token")}
    return tokens | PAYER | {"expires_in": 7200, "scope": "snsapi_base"}


def _paid() -> str:
    trade = _handed()
    if trade is None:
        return "fail"
    fault = faults.take(Call.PAY, carrier=SELLER, iccid=trade.reference)
    trade, is_changed = counter.choose(trade, fault, declined=State.DECLINED)
    if is_changed and trade.state is State.PAID:
        notify(trade, clock.now())
    words = {State.PAID: "ok"} if is_changed else {State.OPEN: "cancel"}
    return words.get(trade.state, "fail")


def _handed() -> Trade | None:
    """Find the order that a page handed over; None where it is none, or nobody of ours signed it."""
    given = request.form
    number = given.get("package", "").removeprefix("prepay_id=wx")
    signed = "".join(f"{given.get(name)}\n" for name in HANDED)
    is_ours = given.get("appId") == APP_ID and given.get("signType") == "RSA"
    if not is_ours or not signing.is_by_merchant(SELLER, signed, given.get("paySign", "")):
        return None
    trade = counter.find(SELLER, number=number)
    return trade if trade is not None and trade.surface == "jsapi" else None
