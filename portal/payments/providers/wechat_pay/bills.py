"""Fetch and read WeChat Pay's two bills of a day: trades with their fees, and every other movement of the account."""

import csv
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from urllib.parse import urlsplit

from portal.core.money import Money
from portal.payments.providers import reaching
from portal.payments.providers.base import Booking, Retry
from portal.payments.providers.mainland import MAX_BILL_BYTES, fen, from_beijing, is_bill_due
from portal.payments.providers.reading import Unreadable
from portal.payments.providers.wechat_pay.line import Line, Reply, ask

IN_TRADES = frozenset({"交易", "退款", "扣除交易手续费", "交易手续费", "手续费", "退还交易手续费"})
"""Movements of the account that the bill of trades has with more detail."""

WITHDRAWAL = "提现"

Row = dict[str, str]


def of_day(line: Line, api_base: str, day: date, *, now: datetime) -> Iterator[Booking]:
    """Read what was booked on a day of Beijing's calendar.

    Raises:
        Retry: a bill could not be had, read, or is not written yet.
    """
    try:
        yield from trades(_rows(line, api_base, lambda: line.trade_bill(day.isoformat()), day, now))
        yield from movements(_rows(line, api_base, lambda: line.fundflow_bill(day.isoformat()), day, now))
    except (Unreadable, zlib.error) as error:
        raise Retry("unreadable_bill", str(error)) from error


def _rows(line: Line, api_base: str, call: Callable[[], Reply], day: date, now: datetime) -> list[Row]:
    reply = ask(call)
    if reply.is_done:
        return rows(_download(line, api_base, reply))
    is_absent = reply.code == "NO_STATEMENT_EXIST"
    if is_absent and is_bill_due(day, now=now):
        return []
    raise Retry("bill_not_ready" if is_absent else reply.code, reply.message, reply.raw)


def _download(line: Line, api_base: str, reply: Reply) -> bytes:
    found = reply.fields or {}
    address, digest = str(found.get("download_url")), str(found.get("hash_value"))
    if not address.startswith(f"{api_base.rstrip('/')}/"):
        raise Retry("strange_bill_address", urlsplit(address).netloc)
    with reaching.repeatable():
        got: Reply = line.download_bill(address)
    if got.answer.status != 200:
        raise Retry(got.why, got.message, got.raw)
    text = unpacked(got.answer.body)
    # The bill itself is not signed; its hash came in a signed answer.
    if hashlib.sha1(text, usedforsecurity=False).hexdigest() != digest.lower():
        raise Retry("bill_damaged")
    return text


def unpacked(packed: bytes) -> bytes:
    """Unpack a bill, as far as bills go.

    Raises:
        Unreadable, zlib.error: it is cut off, too long, or not packed so.
    """
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    text = reader.decompress(packed, MAX_BILL_BYTES)
    if reader.unconsumed_tail or not reader.eof:
        raise Unreadable("a bill too long, or cut off")
    return text


def rows(text: bytes) -> list[Row]:
    """Read a bill's single lines by the names in its heading; the sums at its end are left out.

    Raises:
        Unreadable: it is not such a bill.
    """
    try:
        lines = csv.reader(text.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise Unreadable("not UTF-8") from error
    heading = [name.strip().partition("(")[0].partition("（")[0] for name in next(lines, [])]
    found: list[Row] = []
    for cells in lines:
        # A line's cells begin with a backtick, so that spreadsheets keep long numbers; the sums' heading does not.
        if not cells or not cells[0].startswith("`"):
            break
        if len(cells) != len(heading):
            raise Unreadable(f"a line of {len(cells)} cells under a heading of {len(heading)}")
        found.append(_Row(zip(heading, (cell.removeprefix("`").strip() for cell in cells), strict=True)))
    return found


def trades(lines: Iterable[Row]) -> Iterator[Booking]:
    """Book payments and refunds with their fees; the fee that a refund brings back is written negative."""
    for line in lines:
        is_refund = line["交易状态"] == "REFUND"
        if is_refund and line["退款状态"] not in {"", "SUCCESS", "PROCESSING"}:
            continue
        yield Booking(
            provider_id=line["微信退款单号"] if is_refund else line["微信订单号"],
            kind="refund" if is_refund else "payment",
            reference=(line["商户退款单号"] if is_refund else line["商户订单号"]) or None,
            gross=_money(-fen(line["退款金额"]) if is_refund else fen(line["应结订单金额"]), line["货币种类"]),
            fee=_money(fen(line["手续费"] or "0"), line["货币种类"]),
            booked_at=from_beijing(line["交易时间"]),
            payout_id=None,
        )


def movements(lines: Iterable[Row]) -> Iterator[Booking]:
    """Book what moved the account beside trades: withdrawals to the bank, and what nobody expects."""
    for line in lines:
        if line["业务名称"] in IN_TRADES or line["业务类型"] in IN_TRADES:
            continue
        number, moved = line["资金流水单号"], abs(fen(line["收支金额"]))
        is_payout = WITHDRAWAL in line["业务名称"] or WITHDRAWAL in line["业务类型"]
        yield Booking(
            provider_id=number,
            kind="payout" if is_payout else "other",
            reference=None,
            gross=_money(-moved if line["收支类型"] == "支出" else moved, "CNY"),
            fee=_money(0, "CNY"),
            booked_at=from_beijing(line["记账时间"]),
            payout_id=number if is_payout else None,
        )


class _Row(dict[str, str]):
    def __missing__(self, name: str) -> str:
        raise Unreadable(f"no column {name}")


def _money(minor: int, currency: str) -> Money:
    return Money(minor, currency or "CNY")
