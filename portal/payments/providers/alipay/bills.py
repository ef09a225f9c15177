"""Fetch and read Alipay's two bills of a day: trades with their fees, and every other movement of the account."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from urllib.parse import urlsplit

from portal.core.http import Endpoint
from portal.core.money import Money
from portal.payments.providers import reaching
from portal.payments.providers.alipay.answers import ours
from portal.payments.providers.alipay.gateway import Gateway
from portal.payments.providers.base import Booking, Retry
from portal.payments.providers.mainland import MAX_BILL_BYTES, fen, from_beijing, is_bill_due
from portal.payments.providers.reading import Unreadable

TRADES, ACCOUNT = "trade", "signcustomer"

TITLES = {TRADES: "#支付宝业务明细查询", ACCOUNT: "#支付宝账务明细查询"}
"""How the file with the single lines begins; the other files of a bill only add them up."""

IN_TRADES = frozenset({"在线支付", "交易付款", "交易退款", "退款", "收费", "服务费", "退费"})
"""Movements of the account that belong to a trade, which the bill of trades has with more detail."""

WITHDRAWAL = "提现"

Row = dict[str, str]


def of_day(gateway: Gateway, day: date, *, now: datetime) -> Iterator[Booking]:
    """Read what was booked on a day of Beijing's calendar.

    Raises:
        Retry: a bill could not be had, read, or is not written yet.
    """
    try:
        yield from trades(_rows(gateway, TRADES, day, now=now))
        yield from movements(_rows(gateway, ACCOUNT, day, now=now))
    except (Unreadable, zipfile.BadZipFile) as error:
        raise Retry("unreadable_bill", str(error)) from error


def _rows(gateway: Gateway, kind: str, day: date, *, now: datetime) -> list[Row]:
    reply = gateway.ask(
        "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": kind, "bill_date": day.isoformat()}
    )
    if reply.is_done:
        return rows(_download(gateway, str(reply.fields.get("bill_download_url"))), kind)
    is_absent = "BILL_NOT_EXIST" in reply.code.upper()
    if is_absent and is_bill_due(day, now=now):
        return []
    raise Retry("bill_not_ready" if is_absent else reply.code, reply.message, reply.raw)


def _download(gateway: Gateway, address: str) -> bytes:
    parts, own = urlsplit(address), urlsplit(gateway.base_url)
    # Alipay still writes `http` before its download host, which answers to `https` too.
    base = f"{own.scheme}://{parts.netloc}/"
    if parts.netloc != own.netloc and not str(parts.hostname).endswith(".alipay.com"):
        raise Retry("strange_bill_address", base)
    endpoint = Endpoint(base_url=base, headers={}, connect_seconds=gateway.connect_seconds)
    with reaching.repeatable():
        answer = endpoint.call("GET", f"{parts.path}?{parts.query}", read_seconds=gateway.ask_seconds)
    if answer.status != 200:
        raise Retry(f"http_{answer.status}", "bill")
    return answer.body


def rows(packed: bytes, kind: str) -> list[Row]:
    """Unpack a bill and read its single lines, by the names in its heading.

    Raises:
        Unreadable, zipfile.BadZipFile: it is not such a bill.
    """
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for member in archive.infolist():
            if member.file_size > MAX_BILL_BYTES:
                raise Unreadable("a bill too long")
            text = archive.read(member).decode("gb18030", "replace")
            if text.startswith(TITLES[kind]):
                return list(_lines(text))
    raise Unreadable(f"no {kind} in the bill")


def trades(lines: Iterable[Row]) -> Iterator[Booking]:
    """Book payments and refunds with their fees; Alipay writes its fee negative, and what it gives back positive."""
    for line in lines:
        is_refund = line["业务类型"] == "退款"
        refund = line["退款批次号/请求号"]
        yield Booking(
            provider_id=(ours(refund) if is_refund else "") or line["支付宝交易号"],
            kind="refund" if is_refund else "payment",
            reference=ours(refund if is_refund else line["商户订单号"]) or None,
            gross=_cny(-abs(fen(line["商家实收"])) if is_refund else fen(line["商家实收"])),
            fee=_cny(-fen(line["服务费"] or "0")),
            booked_at=from_beijing(line["完成时间"]),
            payout_id=None,
        )


def movements(lines: Iterable[Row]) -> Iterator[Booking]:
    """Book what moved the account beside trades: withdrawals to the bank, and what nobody expects."""
    for line in lines:
        if line["业务类型"] in IN_TRADES and line["商户订单号"]:
            continue
        number = line["账务流水号"]
        moved = fen(line["收入金额"] or "0") - abs(fen(line["支出金额"] or "0"))
        is_payout = WITHDRAWAL in line["业务类型"]
        is_fee = line["业务类型"] in IN_TRADES and not is_payout and moved < 0
        yield Booking(
            provider_id=number,
            kind="payout" if is_payout else "fee" if is_fee else "other",
            reference=ours(line["商户订单号"]) or None,
            gross=_cny(0 if is_fee else moved),
            fee=_cny(-moved if is_fee else 0),
            booked_at=from_beijing(line["发生时间"]),
            payout_id=number if is_payout else None,
        )


def _lines(text: str) -> Iterator[Row]:
    reader = csv.reader(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    heading = [name.strip().partition("（")[0] for name in next(reader, [])]
    for cells in reader:
        if len(cells) != len(heading):
            raise Unreadable(f"a line of {len(cells)} cells under a heading of {len(heading)}")
        # Every cell may end in a tab, so that spreadsheets keep long numbers.
        yield _Row(zip(heading, (cell.strip() for cell in cells), strict=True))


class _Row(dict[str, str]):
    def __missing__(self, name: str) -> str:
        raise Unreadable(f"no column {name}")


def _cny(minor: int) -> Money:
    return Money(minor, "CNY")
