"""How the stand-in Alipay writes: signed answers, signed notices, yuan, Beijing's clock."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response

from portal.sandbox import books, notifying, signing, trading
from portal.sandbox.trade_days import yuan
from portal.sandbox.trading import Refund, State, Trade, beijing_text

SELLER = "alipay"
APP_ID = "2021000000000001"
SELLER_ID = "2088000000000001"
BUYER = "138******01"

Fields = dict[str, Any]


class No(Exception):
    """A refusal, with the sub code of its answer."""

    def __init__(self, sub_code: str, message: str = "", code: str = "40004") -> None:
        super().__init__(sub_code)
        self.sub_code = sub_code
        self.fields = {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": message or sub_code}


def answer(method: str, fields: Fields, *, is_signed: bool = True) -> Response:
    """Write the answer to a call."""
    # Alipay writes slashes with a backslash: only the text as it came can be checked.
    node = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
    signature = f',"sign":"{signing.sign(SELLER, node)}"' if is_signed else ""
    name = method.replace(".", "_") or "error"
    return Response(f'{{"{name}_response":{node}{signature}}}', content_type="text/html;charset=utf-8")


def notify(trade: Trade, refund: Refund | None, now: datetime) -> None:
    """Tell the merchant of a trade that was paid or closed, or of a refund."""
    with books.current().reading() as connection:
        back = trading.given_back(connection, trade)
    fields = {
        "notify_id": trading.new_number(now, 34),
        "notify_type": "trade_status_sync",
        "notify_time": beijing_text(now),
        "app_id": APP_ID,
        "auth_app_id": APP_ID,
        "seller_id": SELLER_ID,
        "buyer_logon_id": BUYER,
        "charset": "utf-8",
        "version": "1.0",
        "trade_no": trade.number,
        "out_trade_no": trade.reference,
        "trade_status": status(trade, back),
        "subject": trade.description,
        "total_amount": paid_yuan(trade),
        "receipt_amount": paid_yuan(trade),
        "gmt_create": beijing_text(trade.opened_at),
    }
    if trade.paid_at:
        fields["gmt_payment"] = beijing_text(trade.paid_at)
    if refund:
        fields |= {"out_biz_no": refund.reference, "refund_fee": yuan(back), "gmt_refund": f"{beijing_text(now)}.000"}
    signed = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    notifying.post_later(
        trade.notify_url,
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        urlencode(fields | {"sign_type": "RSA2", "sign": signing.sign(SELLER, signed)}).encode(),
        sender=SELLER,
        reference=ours(refund.reference if refund else trade.reference),
        expects="success",
    )


def status(trade: Trade, back: int) -> str:
    """Name a trade's state; one that was given back whole is closed, like one that was never paid."""
    if trade.state is State.PAID:
        return "TRADE_CLOSED" if back >= trade.paid_minor else "TRADE_SUCCESS"
    return "WAIT_BUYER_PAY" if trade.state is State.OPEN else "TRADE_CLOSED"


def paid_yuan(trade: Trade) -> str:
    """Write what was paid, or what is to be."""
    return yuan(trade.paid_minor if trade.paid_at else trade.minor)


def fen(text: str) -> int:
    """Read yuan as fen."""
    units, _, fraction = text.partition(".")
    return int(units) * 100 + int(fraction.ljust(2, "0"))


def ours(reference: str | None) -> str | None:
    """Write a reference as the portal knows it: Alipay does not allow its `-`."""
    return reference.replace("_", "-") if reference else None
