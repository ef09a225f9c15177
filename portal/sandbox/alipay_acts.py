"""What the stand-in Alipay does when its gateway is asked: open, tell, close, give back, write bills."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask import request

from portal.core import clock
from portal.sandbox import alipay_bills, books, counter, trading
from portal.sandbox.alipay_words import BUYER, SELLER, Fields, No, fen, notify, paid_yuan, status
from portal.sandbox.faults import Call, Fault
from portal.sandbox.trade_days import yuan
from portal.sandbox.trading import BEIJING, RefundState, State, Trade, beijing_text

OPEN_FOR = timedelta(days=15)
"""How long a trade stays open that names no end."""

Act = Callable[[Fields, Mapping[str, str], Fault | None], Fields]
"""Takes the call's content, its other parameters and what befalls it; gives the fields of the answer."""


def opened(content: Fields, given: Mapping[str, str], state: State = State.OPEN) -> Trade:
    """Open a trade, or find the one that is open already; `given` has the addresses.

    Raises:
        No: it can not be.
    """
    now, ends = clock.now(), content.get("time_expire")
    reference, subject, amount = content["out_trade_no"], content["subject"], content["total_amount"]
    if not re.fullmatch(r"[0-9A-Za-z_]{1,64}", reference) or not subject or re.search(r"[/=&]", subject):
        raise No("ACQ.INVALID_PARAMETER", "参数无效")
    if not re.fullmatch(r"\d{1,9}\.\d\d", amount) or not 1 <= fen(amount) <= 10**10:
        raise No("ACQ.TOTAL_FEE_EXCEED", "订单金额不在允许范围内")
    wanted = Trade(
        number=trading.new_number(now),
        seller=SELLER,
        reference=reference,
        minor=fen(amount),
        currency="CNY",
        description=subject,
        surface=given["method"],
        notify_url=given.get("notify_url", ""),
        return_url=given.get("return_url", ""),
        cancel_url=content.get("quit_url", ""),
        opened_at=now,
        expires_at=datetime.fromisoformat(ends).replace(tzinfo=BEIJING) if ends else now + OPEN_FOR,
        state=state,
    )
    try:
        with books.current().writing() as connection:
            return trading.open_once(connection, wanted)
    except trading.Refused as refused:
        words = {"reused": "ACQ.CONTEXT_INCONSISTENT", "paid": "ACQ.TRADE_HAS_SUCCESS"}
        raise No(words.get(str(refused), "ACQ.TRADE_HAS_CLOSE")) from refused


def _precreate(content: Fields, given: Mapping[str, str], _fault: Fault | None) -> Fields:
    trade = opened(content, given, State.AWAITED)
    return {"out_trade_no": trade.reference, "qr_code": f"{request.host_url}alipay/pay/{trade.number}"}


def _query(content: Fields, _given: Mapping[str, str], _fault: Fault | None) -> Fields:
    trade = _found(content)
    with books.current().reading() as connection:
        back = trading.given_back(connection, trade)
    received = paid_yuan(trade) if trade.paid_at else "0.00"
    fields = {
        "trade_no": trade.number,
        "out_trade_no": trade.reference,
        "buyer_logon_id": BUYER,
        "trade_status": status(trade, back),
        "total_amount": paid_yuan(trade),
        "receipt_amount": received,
        "buyer_pay_amount": received,
        "point_amount": "0.00",
        "subject": trade.description,
    }
    if trade.paid_at:
        fields["send_pay_date"] = beijing_text(trade.paid_at)
    return fields | ({} if trade.currency == "CNY" else {"trans_currency": trade.currency})


def _close(content: Fields, _given: Mapping[str, str], _fault: Fault | None) -> Fields:
    with books.current().writing() as connection:
        trade = trading.find(connection, SELLER, now=clock.now(), reference=content["out_trade_no"])
        if trade is None or trade.state is State.AWAITED:
            raise No("ACQ.TRADE_NOT_EXIST", "交易不存在")
        if trade.state is not State.OPEN:
            raise No("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        trading.turn(connection, trade, State.CLOSED)
    return {"out_trade_no": trade.reference, "trade_no": trade.number}


def _refund(content: Fields, _given: Mapping[str, str], fault: Fault | None) -> Fields:
    now = clock.now()
    trade = _found(content)
    try:
        with books.current().writing() as connection:
            refund, is_new = trading.refund_once(
                connection,
                trade,
                reference=content["out_request_no"],
                minor=fen(content["refund_amount"]),
                fault=fault,
                now=now,
            )
            back = trading.given_back(connection, trade)
    except trading.Refused as refused:
        words = {"reused": "ACQ.DISCORDANT_REPEAT_REQUEST", "too_much": "ACQ.REASON_TRADE_REFUND_FEE_ERR"}
        raise No(words.get(str(refused), "ACQ.TRADE_STATUS_ERROR")) from refused
    is_moved = is_new and refund.state is RefundState.DONE
    if is_moved:
        notify(trade, refund, now)
    return {
        "trade_no": trade.number,
        "out_trade_no": trade.reference,
        "buyer_logon_id": BUYER,
        "fund_change": "Y" if is_moved else "N",
        # Alipay's own trap: the sum of all refunds so far, not this one.
        "refund_fee": yuan(back),
        "send_back_fee": yuan(refund.minor),
    }


def _refund_query(content: Fields, _given: Mapping[str, str], _fault: Fault | None) -> Fields:
    trade = _found(content)
    with books.current().reading() as connection:
        refund = trading.find_refund(connection, SELLER, reference=content["out_request_no"])
    if refund is None or refund.trade_number != trade.number:
        return {}
    fields = {
        "trade_no": trade.number,
        "out_trade_no": trade.reference,
        "out_request_no": refund.reference,
        "total_amount": paid_yuan(trade),
        "refund_amount": yuan(refund.minor),
    }
    ends = {RefundState.DONE: {"refund_status": "REFUND_SUCCESS"}, RefundState.FAILED: {"error_code": refund.failure}}
    return fields | ends.get(refund.state, {})


def _bill(content: Fields, _given: Mapping[str, str], _fault: Fault | None) -> Fields:
    with books.current().reading() as connection:
        if alipay_bills.write(connection, content["bill_type"], date.fromisoformat(content["bill_date"])) is None:
            raise No("isp.bill_not_exist", "账单不存在")
    asked = urlencode({"kind": content["bill_type"], "day": content["bill_date"]})
    return {"bill_download_url": f"{request.host_url}alipay/bill?{asked}"}


def _found(content: Fields) -> Trade:
    trade = counter.find(SELLER, reference=content["out_trade_no"])
    if trade is None or trade.state is State.AWAITED:
        raise No("ACQ.TRADE_NOT_EXIST", "交易不存在")
    return trade


ACTS: dict[str, tuple[Call, Act]] = {
    "alipay.trade.precreate": (Call.BEGIN, _precreate),
    "alipay.trade.query": (Call.LOOK_UP, _query),
    "alipay.trade.close": (Call.CLOSE, _close),
    "alipay.trade.refund": (Call.REFUND, _refund),
    "alipay.trade.fastpay.refund.query": (Call.LOOK_UP, _refund_query),
    "alipay.data.dataservice.bill.downloadurl.query": (Call.LOOK_UP, _bill),
}
