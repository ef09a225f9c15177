"""What the stand-in Alipay and WeChat Pay booked by day: payments, refunds, fees, withdrawals; amounts in fen."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from portal.core.money import Money, round_half_up, to_decimal_text
from portal.sandbox import trading
from portal.sandbox.trading import BEIJING, Refund, Trade, refund_of, trade_of

FEE_BPS = 60
"""Both keep 0.6 % of a payment, halves of a fen up, and give back the part of what is refunded."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Money taken to the seller's bank."""

    number: str
    seller: str
    minor: int
    taken_at: datetime


def fee(minor: int) -> int:
    """Tell what is kept of an amount."""
    return round_half_up(minor * FEE_BPS, 10_000)


def withdraw(connection: sqlite3.Connection, seller: str, minor: int, *, now: datetime) -> Withdrawal:
    """Take money to the seller's bank."""
    withdrawal = Withdrawal(trading.new_number(now, 20), seller, minor, now)
    trading.write(connection, "trade_withdrawals", withdrawal)
    return withdrawal


def balance(connection: sqlite3.Connection, seller: str) -> int:
    """Sum up what a seller could take to the bank: what payers left, less the fees, less what was taken."""
    paid = connection.execute("SELECT * FROM trades WHERE seller = ? AND state = 'paid'", (seller,)).fetchall()
    left = [trade.paid_minor - trading.given_back(connection, trade) for trade in map(trade_of, paid)]
    taken = connection.execute(
        "SELECT coalesce(sum(minor), 0) FROM trade_withdrawals WHERE seller = ?", (seller,)
    ).fetchone()[0]
    return sum(minor - fee(minor) for minor in left) - int(taken)


def yuan(minor: int) -> str:
    """Write fen as yuan."""
    return to_decimal_text(Money(minor, "CNY"))


def paid_on(connection: sqlite3.Connection, seller: str, day: date) -> list[Trade]:
    """List the trades paid on a day of Beijing's calendar."""
    return [trade_of(row) for row in _on(connection, "trades", "paid_at", seller, day)]


def refunded_on(connection: sqlite3.Connection, seller: str, day: date) -> Iterator[tuple[Refund, Trade, int]]:
    """List the refunds done on a day, each with its trade and the part of the fee that came back with it."""
    for row in _on(connection, "trade_refunds", "settled_at", seller, day):
        refund = refund_of(row)
        of = trade_of(connection.execute("SELECT * FROM trades WHERE number = ?", (refund.trade_number,)).fetchone())
        before = connection.execute(
            "SELECT coalesce(sum(minor), 0) FROM trade_refunds"
            " WHERE trade_number = ? AND (settled_at, number) < (?, ?)",
            (of.number, row["settled_at"], refund.number),
        ).fetchone()[0]
        left = of.paid_minor - before
        yield refund, of, fee(left) - fee(left - refund.minor)


def withdrawn_on(connection: sqlite3.Connection, seller: str, day: date) -> list[Withdrawal]:
    """List what went to the bank on a day."""
    return [
        Withdrawal(row["number"], row["seller"], row["minor"], datetime.fromisoformat(row["taken_at"]))
        for row in _on(connection, "trade_withdrawals", "taken_at", seller, day)
    ]


def _on(connection: sqlite3.Connection, table: str, column: str, seller: str, day: date) -> list[sqlite3.Row]:
    begins = datetime.combine(day, time(), BEIJING)
    stretch = (instant.astimezone(UTC).isoformat() for instant in (begins, begins + timedelta(days=1)))
    return connection.execute(
        f"SELECT * FROM {table} WHERE seller = ? AND {column} >= ? AND {column} < ? ORDER BY {column}, number",
        (seller, *stretch),
    ).fetchall()
