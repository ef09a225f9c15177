"""Alipay's bills, line by line."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from portal.core.money import Money
from portal.payments.providers.alipay import bills
from portal.payments.providers.base import Booking
from portal.payments.providers.reading import Unreadable
from portal.sandbox.alipay_bills import ACCOUNT_HEADING, TRADE_HEADING

PAID = (
    "2026030122001400000000000001\t,P_7K3M_92QD\t,交易,renewal,2026-03-01 23:58:00,2026-03-02 00:00:30,,,,,"
    "buy***@example.com,94.50,90.00,0.00,0.00,0.00,4.50,0.00,,0.00,0.00,,-0.57,0.00,"
)
GIVEN_BACK = (
    "2026030122001400000000000001\t,P_7K3M_92QD\t,退款,renewal,2026-03-01 23:58:00,2026-03-02 09:00:00,,,,,"
    "buy***@example.com,-10.00,-10.00,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,RF_1111_2222\t,0.06,0.00,"
)


def packed(heading: str, *lines: str, title: str = "#支付宝业务明细查询") -> bytes:
    text = "\r\n".join([title, "#账号：[2088]", heading, *lines, "#-----列表结束-----", "#合计：1笔"])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("sums.csv", "#支付宝业务汇总查询\r\n".encode("gbk"))
        written.writestr("lines.csv", text.encode("gbk"))
    return archive.getvalue()


def test_books_what_the_merchant_received_and_the_fee() -> None:
    [booking] = bills.trades(bills.rows(packed(TRADE_HEADING, PAID), bills.TRADES))

    assert booking == Booking(
        provider_id="2026030122001400000000000001",
        kind="payment",
        reference="P-7K3M-92QD",
        gross=Money(9_000, "CNY"),
        fee=Money(57, "CNY"),
        booked_at=datetime(2026, 3, 1, 16, 0, 30, tzinfo=UTC),
        payout_id=None,
    )


def test_books_a_refund_under_its_own_reference_with_the_fee_that_came_back() -> None:
    [booking] = bills.trades(bills.rows(packed(TRADE_HEADING, GIVEN_BACK), bills.TRADES))

    assert (booking.kind, booking.reference, booking.provider_id) == ("refund", "RF-1111-2222", "RF-1111-2222")
    assert (booking.gross, booking.fee) == (Money(-1_000, "CNY"), Money(-6, "CNY"))


def test_books_withdrawals_and_what_nobody_expects_but_no_trade_twice() -> None:
    lines = [
        "1\t,t\t,P_1\t,,2026-03-02 00:00:30,,90.00,,190.00,支付宝,在线支付,",
        "2\t,t\t,P_1\t,,2026-03-02 00:00:30,,,-0.57,189.43,支付宝,收费,",
        "3\t,\t,\t,,2026-03-02 03:00:00,,,-150.00,39.43,支付宝,提现,",
        "4\t,\t,\t,,2026-03-02 04:00:00,,,-1.00,38.43,支付宝,收费,",
        "5\t,\t,\t,,2026-03-02 05:00:00,,2.50,,40.93,支付宝,转账,",
    ]

    found = list(
        bills.movements(bills.rows(packed(ACCOUNT_HEADING, *lines, title="#支付宝账务明细查询"), bills.ACCOUNT))
    )

    assert [(it.provider_id, it.kind, it.gross.minor, it.fee.minor, it.payout_id) for it in found] == [
        ("3", "payout", -15_000, 0, "3"),
        ("4", "fee", 0, 100, None),
        ("5", "other", 250, 0, None),
    ]


@pytest.mark.parametrize(
    "bill",
    [
        packed(TRADE_HEADING, PAID, title="#something else"),
        packed(TRADE_HEADING, PAID + ",one too many"),
        packed(TRADE_HEADING.replace("服务费", "其他"), PAID),
        packed(TRADE_HEADING, PAID.replace("90.00", "90.005")),
    ],
)
def test_reads_nothing_into_another_file(bill: bytes) -> None:
    with pytest.raises(Unreadable):
        list(bills.trades(bills.rows(bill, bills.TRADES)))


def test_reads_no_bill_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "MAX_BILL_BYTES", 100)

    with pytest.raises(Unreadable, match="too long"):
        bills.rows(packed(TRADE_HEADING, PAID), bills.TRADES)
