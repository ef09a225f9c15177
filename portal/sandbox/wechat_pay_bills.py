"""Write the stand-in WeChat Pay's bills of a day: CSV whose cells begin with a backtick, as the real ones."""

import gzip
import hashlib
import sqlite3
from datetime import date, datetime

from portal.sandbox import trade_days
from portal.sandbox.trade_days import yuan
from portal.sandbox.trading import Refund, Trade, beijing_text
from portal.sandbox.wechat_pay_words import APP_ID, MCH_ID, PAYER, SELLER, SURFACES

HEADINGS = {
    "tradebill": (
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
        "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
        "手续费,费率,订单金额,申请退款金额,费率备注"
    ),
    "fundflowbill": (
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,"
        "业务凭证号"
    ),
}

SUMS = {
    "tradebill": "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
    "fundflowbill": "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
}

Row = list[str]


def write(connection: sqlite3.Connection, kind: str, day: date) -> bytes | None:
    """Write a bill (`tradebill`, `fundflowbill`) of a day in Beijing; None when nothing was booked on it.

    Raises:
        KeyError: there is no such bill.
    """
    heading = HEADINGS[kind]
    rows = _trades(connection, day) if kind == "tradebill" else _movements(connection, day)
    if not rows:
        return None
    sums = [str(len(rows)), *["0.00"] * SUMS[kind].count(",")]
    lines = [heading, *(_line(row) for row in rows), SUMS[kind], _line(sums)]
    return ("\ufeff" + "\r\n".join(lines)).encode()


def packed(text: bytes) -> bytes:
    """Pack a bill as it is sent."""
    return gzip.compress(text)


def digest(text: bytes) -> str:
    """Tell a bill's SHA-1, of the text before it is packed."""
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()


def _line(cells: Row) -> str:
    return ",".join(f"`{cell}" for cell in cells)


def _trades(connection: sqlite3.Connection, day: date) -> list[Row]:
    paid = [
        _trade(trade, trade.paid_at, fee=trade_days.fee(trade.paid_minor), refund=None)
        for trade in trade_days.paid_on(connection, SELLER, day)
        if trade.paid_at
    ]
    given_back = [
        _trade(trade, refund.settled_at, fee=-fee, refund=refund)
        for refund, trade, fee in trade_days.refunded_on(connection, SELLER, day)
        if refund.settled_at
    ]
    return paid + given_back


def _trade(trade: Trade, when: datetime, *, fee: int, refund: Refund | None) -> Row:
    begins = [beijing_text(when), APP_ID, MCH_ID, "0", "", trade.number, trade.reference, PAYER["openid"]]
    state = [SURFACES[trade.surface], "REFUND" if refund else "SUCCESS", "OTHERS", trade.currency]
    settled = ["0.00" if refund else yuan(trade.paid_minor), "0.00"]
    back = [refund.number, refund.reference, yuan(refund.minor)] if refund else ["0", "0", "0.00"]
    kind = ["0.00", "ORIGINAL", "SUCCESS"] if refund else ["0.00", "", ""]
    ends = [f"{yuan(fee)}000", "0.60%", yuan(trade.paid_minor), yuan(refund.minor) if refund else "0.00", ""]
    return [*begins, *state, *settled, *back, *kind, trade.description.replace(",", " "), "", *ends]


def _movements(connection: sqlite3.Connection, day: date) -> list[Row]:
    rows: list[Row] = []
    for trade in trade_days.paid_on(connection, SELLER, day):
        if trade.paid_at:
            rows.append(_movement(trade.paid_at, trade.number, "交易", "交易", trade.paid_minor))
            rows.append(
                _movement(
                    trade.paid_at, trade.number, "扣除交易手续费", "扣除交易手续费", -trade_days.fee(trade.paid_minor)
                )
            )
    for refund, trade, fee in trade_days.refunded_on(connection, SELLER, day):
        if refund.settled_at:
            rows.append(_movement(refund.settled_at, trade.number, "退款", "退款", fee - refund.minor))
    rows.extend(
        _movement(withdrawal.taken_at, withdrawal.number, "提现", "提现", -withdrawal.minor)
        for withdrawal in trade_days.withdrawn_on(connection, SELLER, day)
    )
    return rows


def _movement(when: datetime, number: str, name: str, kind: str, minor: int) -> Row:
    way = "收入" if minor >= 0 else "支出"
    return [beijing_text(when), number, number, name, kind, way, yuan(abs(minor)), "0.00", "system", "", number]
