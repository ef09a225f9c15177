"""Yuan and fen, Beijing's clock and its days."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.money import Money
from portal.payments.providers import mainland
from portal.payments.providers.base import Declined
from portal.payments.providers.reading import Unreadable


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("94.50", 9_450),
        ("94.5", 9_450),
        ("94", 9_400),
        ("0.01", 1),
        ("-0.60", -60),
        ("0.60000", 60),
        (" 1.00 ", 100),
        (7, 700),
    ],
)
def test_reads_yuan_as_whole_fen(text: Any, minor: int) -> None:
    assert mainland.fen(text) == minor


@pytest.mark.parametrize("text", ["", "1e3", "0.001", "0.60001", "１.00", "1,000.00", ".5", "--1", None, 1.5, "NaN"])
def test_reads_no_fen_out_of_anything_else(text: Any) -> None:
    with pytest.raises(Unreadable):
        mainland.fen(text)


@given(st.integers(1, 10**12))
def test_what_is_written_is_read_again(minor: int) -> None:
    assert mainland.fen(mainland.yuan(Money(minor, "CNY"))) == minor


@pytest.mark.parametrize("amount", [Money(100, "USD"), Money(100, "JPY"), Money(0, "CNY"), Money(-1, "CNY")])
def test_writes_nothing_but_yuan(amount: Money) -> None:
    with pytest.raises(Declined):
        mainland.yuan(amount)


def test_beijings_clock_is_eight_hours_ahead() -> None:
    instant = datetime(2026, 3, 1, 16, 30, 5, tzinfo=UTC)

    assert mainland.beijing_text(instant) == "2026-03-02 00:30:05"
    assert mainland.from_beijing("2026-03-02 00:30:05") == instant
    with pytest.raises(Unreadable):
        mainland.from_beijing("2026-03-02T00:30:05Z")


def test_lists_the_days_of_beijing_that_a_time_touches() -> None:
    since = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)

    assert list(mainland.days(since, datetime(2026, 3, 1, 16, 0, tzinfo=UTC))) == [date(2026, 3, 1)]
    assert list(mainland.days(since, datetime(2026, 3, 1, 16, 1, tzinfo=UTC))) == [date(2026, 3, 1), date(2026, 3, 2)]
    assert list(mainland.days(since, since)) == []


def test_a_bill_is_due_at_ten_in_the_morning_after() -> None:
    assert not mainland.is_bill_due(date(2026, 3, 1), now=datetime(2026, 3, 2, 1, 59, tzinfo=UTC))
    assert mainland.is_bill_due(date(2026, 3, 1), now=datetime(2026, 3, 2, 2, 0, tzinfo=UTC))


def test_masks_who_paid() -> None:
    kept = mainland.kept(
        {"body": {"payer": {"openid": "o-1"}, "buyer_logon_id": "a@b", "list": [{"sign": "x"}], "n": 1}}
    )

    assert kept == {"body": {"payer": "•••", "buyer_logon_id": "•••", "list": [{"sign": "•••"}], "n": 1}}


@pytest.mark.parametrize(
    ("now", "end"),
    [
        # Ten in the morning in Beijing: yesterday's bill is written.
        (datetime(2026, 11, 22, 2, 0, tzinfo=UTC), datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
        (datetime(2026, 11, 22, 1, 59, 59, tzinfo=UTC), datetime(2026, 11, 20, 16, 0, tzinfo=UTC)),
        # Past midnight in Beijing, before it in UTC.
        (datetime(2026, 11, 22, 16, 30, tzinfo=UTC), datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
    ],
)
def test_bills_end_with_the_last_day_that_is_written(now: datetime, end: datetime) -> None:
    assert mainland.bills_end(now) == end
