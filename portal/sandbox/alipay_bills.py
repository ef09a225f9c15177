"""Write the stand-in Alipay's bills of a day: CSV in GBK, packed into a ZIP, as the real ones come."""

import csv
import io
import sqlite3
import zipfile
from datetime import date

from portal.sandbox import trade_days
from portal.sandbox.alipay_words import BUYER, SELLER, SELLER_ID
from portal.sandbox.trade_days import yuan
from portal.sandbox.trading import Trade, beijing_text

TRADE_HEADING = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)

ACCOUNT_HEADING = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"
    "交易渠道,业务类型,备注"
)

BILLS = {
    "trade": ("支付宝业务明细", "业务明细", TRADE_HEADING),
    "signcustomer": ("支付宝账务明细", "账务明细", ACCOUNT_HEADING),
}

Row = list[str]


def write(connection: sqlite3.Connection, kind: str, day: date) -> bytes | None:
    """Write a bill (`trade`, `signcustomer`) of a day in Beijing; None when nothing was booked on it.

    Raises:
        KeyError: there is no such bill.
    """
    title, name, heading = BILLS[kind]
    rows = _trades(connection, day) if kind == "trade" else _movements(connection, day)
    if not rows:
        return None
    text = io.StringIO()
    text.write(f"#{title}查询\r\n#账号：[{SELLER_ID}]\r\n#起始日期：[{day:%Y年%m月%d日} 00:00:00]\r\n")
    text.write(f"#-----------------------------------------{name}列表----------------------------------------\r\n")
    text.write(heading + "\r\n")
    csv.writer(text).writerows(rows)
    text.write(f"#-----------------------------------------{name}列表结束------------------------------------\r\n")
    packed = io.BytesIO()
    stem = f"{SELLER_ID}_{day:%Y%m%d}_{name}"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{stem}(汇总).csv", f"#{title[:-2]}汇总查询\r\n".encode("gbk"))
        archive.writestr(f"{stem}.csv", text.getvalue().encode("gb18030"))
    return packed.getvalue()


def _trades(connection: sqlite3.Connection, day: date) -> list[Row]:
    paid = [
        _trade(trade, "交易", trade.paid_minor, -trade_days.fee(trade.paid_minor), beijing_text(trade.paid_at), "")
        for trade in trade_days.paid_on(connection, SELLER, day)
        if trade.paid_at
    ]
    given_back = [
        _trade(trade, "退款", -refund.minor, fee, beijing_text(refund.settled_at), refund.reference)
        for refund, trade, fee in trade_days.refunded_on(connection, SELLER, day)
        if refund.settled_at
    ]
    return paid + given_back


def _trade(trade: Trade, kind: str, minor: int, fee: int, ended: str, refund: str) -> Row:
    # Numbers end in a tab, so that spreadsheets keep all their digits.
    begins = [
        f"{trade.number}\t",
        f"{trade.reference}\t",
        kind,
        trade.description,
        beijing_text(trade.opened_at),
        ended,
    ]
    amounts = [yuan(minor), yuan(minor), *["0.00"] * 5, "", "0.00", "0.00"]
    return [*begins, "", "", "", "", BUYER, *amounts, f"{refund}\t" if refund else "", yuan(fee), "0.00", ""]


def _movements(connection: sqlite3.Connection, day: date) -> list[Row]:
    rows: list[Row] = []
    for trade in trade_days.paid_on(connection, SELLER, day):
        if trade.paid_at:
            ended = beijing_text(trade.paid_at)
            rows.append(_movement(trade.number, trade.reference, ended, trade.paid_minor, "在线支付"))
            rows.append(_movement(trade.number, trade.reference, ended, -trade_days.fee(trade.paid_minor), "收费"))
    for refund, trade, fee in trade_days.refunded_on(connection, SELLER, day):
        if refund.settled_at:
            ended = beijing_text(refund.settled_at)
            rows.append(_movement(refund.number, trade.reference, ended, -refund.minor, "交易退款"))
            rows.append(_movement(refund.number, trade.reference, ended, fee, "收费"))
    rows.extend(
        _movement(withdrawal.number, "", beijing_text(withdrawal.taken_at), -withdrawal.minor, "提现")
        for withdrawal in trade_days.withdrawn_on(connection, SELLER, day)
    )
    return rows


def _movement(number: str, reference: str, when: str, minor: int, kind: str) -> Row:
    income, expense = (yuan(minor), "") if minor >= 0 else ("", yuan(minor))
    line = f"{number}{'F' if kind == '收费' else ''}\t"
    return [line, f"{number}\t", f"{reference}\t", "", when, "", income, expense, "0.00", "支付宝", kind, ""]
