"""WeChat Pay's bills, line by line."""

import gzip
from datetime import UTC, datetime

import pytest

from portal.core.money import Money
from portal.payments.providers.base import Booking
from portal.payments.providers.reading import Unreadable
from portal.payments.providers.wechat_pay import bills
from portal.sandbox.wechat_pay_bills import HEADINGS, SUMS

PAID = (
    "2026-03-02 00:00:30,wx1,1900000109,0,,4200000000202603020000000001,P-7K3M-92QD,o-1,NATIVE,SUCCESS,OTHERS,CNY,"
    "90.00,4.50,0,0,0.00,0.00,,,renewal,,0.54000,0.60%,94.50,0.00,"
)
GIVEN_BACK = (
    "2026-03-02 09:00:00,wx1,1900000109,0,,4200000000202603020000000001,P-7K3M-92QD,o-1,NATIVE,REFUND,OTHERS,CNY,0.00,"
    "0.00,50000000000000000000000001,RF-1111-2222,10.00,0.00,ORIGINAL,SUCCESS,renewal,,-0.06000,0.60%,94.50,10.00,"
)


def written(kind: str, *lines: str) -> bytes:
    quoted = [",".join(f"`{cell}" for cell in line.split(",")) for line in lines]
    return ("\ufeff" + "\r\n".join([HEADINGS[kind], *quoted, SUMS[kind], "`1,`0.00"])).encode()


def test_books_what_the_merchant_received_and_the_fee() -> None:
    [booking] = bills.trades(bills.rows(written("tradebill", PAID)))

    assert booking == Booking(
        provider_id="4200000000202603020000000001",
        kind="payment",
        reference="P-7K3M-92QD",
        gross=Money(9_000, "CNY"),
        fee=Money(54, "CNY"),
        booked_at=datetime(2026, 3, 1, 16, 0, 30, tzinfo=UTC),
        payout_id=None,
    )


def test_books_a_refund_under_its_own_reference_with_the_fee_that_came_back() -> None:
    [booking] = bills.trades(bills.rows(written("tradebill", GIVEN_BACK)))

    assert (booking.kind, booking.reference) == ("refund", "RF-1111-2222")
    assert (booking.gross, booking.fee) == (Money(-1_000, "CNY"), Money(-6, "CNY"))


def test_leaves_out_a_refund_that_failed() -> None:
    failed = GIVEN_BACK.replace("ORIGINAL,SUCCESS", "ORIGINAL,FAIL")

    assert list(bills.trades(bills.rows(written("tradebill", failed)))) == []


def test_books_withdrawals_and_what_nobody_expects_but_no_trade_twice() -> None:
    lines = [
        "2026-03-02 00:00:30,t,1,交易,交易,收入,90.00,190.00,system,,t",
        "2026-03-02 00:00:30,t,2,扣除交易手续费,扣除交易手续费,支出,0.54,189.46,system,,t",
        "2026-03-02 03:00:00,w,3,提现,提现,支出,150.00,39.46,system,,w",
        "2026-03-02 05:00:00,x,4,平台补贴,其他,收入,2.50,41.96,system,,x",
    ]

    found = list(bills.movements(bills.rows(written("fundflowbill", *lines))))

    assert [(it.provider_id, it.kind, it.gross.minor, it.payout_id) for it in found] == [
        ("3", "payout", -15_000, "3"),
        ("4", "other", 250, None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe`",
        written("tradebill", PAID + ",one too many"),
        written("tradebill", PAID).replace("手续费,费率".encode(), "其他,费率".encode()),
        written("tradebill", PAID.replace("0.54000", "0.54001")),
    ],
)
def test_reads_nothing_into_another_file(text: bytes) -> None:
    with pytest.raises(Unreadable):
        list(bills.trades(bills.rows(text)))


def test_unpacks_no_bill_without_end_and_none_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    text = written("tradebill", PAID)
    assert bills.unpacked(gzip.compress(text)) == text

    with pytest.raises(Unreadable):
        bills.unpacked(gzip.compress(text)[:-12])
    monkeypatch.setattr(bills, "MAX_BILL_BYTES", 100)
    with pytest.raises(Unreadable):
        bills.unpacked(gzip.compress(text))
