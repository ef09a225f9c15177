"""How the stand-in WeChat Pay writes: signed answers, signed and sealed notices, Beijing's clock."""

import json
import secrets
import time
from base64 import b64encode
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Response

from portal.sandbox import books, notifying, signing, trading
from portal.sandbox.trading import BEIJING, Refund, RefundState, State, Trade

SELLER = "wechat_pay"
APP_ID = "wx0000000000000001"
APP_SECRET = "sandbox-app-secret"  # noqa: S105 - public on purpose
MCH_ID = "1900000001"
MERCHANT_SERIAL = "5A4E00000000000000000000000000000000001F"
PLATFORM_KEY_ID = "PUB_KEY_ID_0119000000012026112200000000000001"
API_V3_KEY = "sandbox-sandbox-sandbox-sandbox-"
PAYER = {"openid": "oSandbox0000000000000000001"}

STATES = {
    State.OPEN: ("NOTPAY", "订单未支付"),
    State.PAID: ("SUCCESS", "支付成功"),
    State.DECLINED: ("PAYERROR", "支付失败"),
    State.CLOSED: ("CLOSED", "订单已关闭"),
}

REFUND_STATES = {RefundState.PENDING: "PROCESSING", RefundState.DONE: "SUCCESS", RefundState.FAILED: "ABNORMAL"}

SURFACES = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI"}

Fields = dict[str, Any]


class No(Exception):
    """A refusal, with its status and code."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.fields = {"code": code, "message": message or code}


def answer(status: int, fields: Fields | None) -> Response:
    """Write a signed answer."""
    body = "" if fields is None else json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    response = Response(body, status, content_type="application/json; charset=utf-8")
    response.headers.update(signed_headers(body))
    return response


def signed_headers(body: str) -> dict[str, str]:
    """Sign a body as of now."""
    stamp, nonce = str(int(time.time())), secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": PLATFORM_KEY_ID,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature": signing.sign(SELLER, f"{stamp}\n{nonce}\n{body}\n"),
    }


def shown(trade: Trade, back: int) -> Fields:
    """Write a trade as the API gives it."""
    word, sentence = STATES[trade.state]
    fields: Fields = {
        "appid": APP_ID,
        "mchid": MCH_ID,
        "out_trade_no": trade.reference,
        "trade_state": "REFUND" if back else word,
        "trade_state_desc": "转入退款" if back else sentence,
        "amount": {"total": trade.paid_minor if trade.paid_at else trade.minor, "currency": trade.currency},
    }
    if trade.paid_at:
        fields |= {
            "transaction_id": trade.number,
            "trade_type": SURFACES[trade.surface],
            "bank_type": "OTHERS",
            "success_time": clock_text(trade.paid_at),
            "payer": PAYER,
        }
        fields["amount"] |= {"payer_total": trade.paid_minor, "payer_currency": trade.currency}
    return fields


def shown_refund(refund: Refund, trade: Trade) -> Fields:
    """Write a refund as the API gives it."""
    fields: Fields = {
        "refund_id": refund.number,
        "out_refund_no": refund.reference,
        "transaction_id": trade.number,
        "out_trade_no": trade.reference,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": clock_text(refund.asked_at),
        "status": REFUND_STATES[refund.state],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": trade.paid_minor,
            "refund": refund.minor,
            "payer_total": trade.paid_minor,
            "payer_refund": refund.minor,
            "settlement_total": trade.paid_minor,
            "settlement_refund": refund.minor,
            "discount_refund": 0,
            "currency": trade.currency,
        },
    }
    return fields | ({"success_time": clock_text(refund.settled_at)} if refund.settled_at else {})


def notify(trade: Trade, now: datetime) -> None:
    """Tell the merchant of a trade that was paid; WeChat Pay tells of nothing else that becomes of one."""
    with books.current().reading() as connection:
        back = trading.given_back(connection, trade)
    _post(trade, "TRANSACTION.SUCCESS", "transaction", shown(trade, back), trade.reference, now)


def notify_refund(trade: Trade, refund: Refund, now: datetime) -> None:
    """Tell the merchant how a refund ended."""
    fields = shown_refund(refund, trade)
    status = fields.pop("status")
    sealed = {"mchid": MCH_ID} | fields | {"refund_status": status}
    _post(trade, f"REFUND.{status}", "refund", sealed, refund.reference, now)


def _post(trade: Trade, word: str, kind: str, resource: Fields, reference: str, now: datetime) -> None:
    nonce = secrets.token_hex(6)
    sealed = AESGCM(API_V3_KEY.encode()).encrypt(nonce.encode(), json.dumps(resource).encode(), kind.encode())
    notice = {
        "id": f"EV-{now.astimezone(BEIJING):%Y%m%d%H%M%S}{secrets.token_hex(5)}",
        "create_time": clock_text(now),
        "resource_type": "encrypt-resource",
        "event_type": word,
        "summary": "支付成功" if kind == "transaction" else "退款",
        "resource": {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": b64encode(sealed).decode(),
            "associated_data": kind,
            "nonce": nonce,
        },
    }
    body = json.dumps(notice, ensure_ascii=False)
    headers = {"Content-Type": "application/json"} | signed_headers(body)
    notifying.post_later(trade.notify_url, headers, body.encode(), sender=SELLER, reference=reference)


def clock_text(instant: datetime) -> str:
    """Write an instant with Beijing's offset."""
    return instant.astimezone(BEIJING).isoformat(timespec="seconds")
