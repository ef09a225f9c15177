"""What the stand-in Alipay and WeChat Pay have in their books: trades, refunds, withdrawals; amounts in fen."""

import secrets
import sqlite3
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from portal.core.money import Money
from portal.sandbox.books import Books
from portal.sandbox.faults import Fault, Kind

BEIJING = ZoneInfo("Asia/Shanghai")

SCHEMA = """
CREATE TABLE IF NOT EXISTS trades (
    number TEXT PRIMARY KEY, seller TEXT NOT NULL, reference TEXT NOT NULL, minor INTEGER NOT NULL,
    currency TEXT NOT NULL, description TEXT NOT NULL, surface TEXT NOT NULL, notify_url TEXT NOT NULL,
    return_url TEXT NOT NULL, cancel_url TEXT NOT NULL, opened_at TEXT NOT NULL, expires_at TEXT NOT NULL,
    state TEXT NOT NULL, paid_at TEXT, paid_minor INTEGER NOT NULL, UNIQUE (seller, reference)
);
CREATE TABLE IF NOT EXISTS trade_refunds (
    number TEXT PRIMARY KEY, seller TEXT NOT NULL, reference TEXT NOT NULL, trade_number TEXT NOT NULL,
    minor INTEGER NOT NULL, state TEXT NOT NULL, failure TEXT NOT NULL, asked_at TEXT NOT NULL,
    settled_at TEXT, UNIQUE (seller, reference)
);
CREATE TABLE IF NOT EXISTS trade_withdrawals (
    number TEXT PRIMARY KEY, seller TEXT NOT NULL, minor INTEGER NOT NULL, taken_at TEXT NOT NULL
);
"""


class State(StrEnum):
    """What became of a trade."""

    AWAITED = "awaited"
    """Ordered, but no payer came yet: Alipay denies that there is such a trade."""
    OPEN = "open"
    PAID = "paid"
    DECLINED = "declined"
    CLOSED = "closed"


class RefundState(StrEnum):
    """What became of a refund."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Refused(Exception):
    """The books do not allow it; its first argument says why in a word."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A payment that was asked for; `seller` is the stand-in whose it is. An open one past its end counts as closed."""

    number: str
    seller: str
    reference: str
    minor: int
    currency: str
    description: str
    surface: str
    notify_url: str
    return_url: str
    cancel_url: str
    opened_at: datetime
    expires_at: datetime
    state: State = State.OPEN
    paid_at: datetime | None = None
    paid_minor: int = 0

    @property
    def asked(self) -> Money:
        """What is to be paid."""
        return Money(self.minor, self.currency)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back of a trade, or on its way."""

    number: str
    seller: str
    reference: str
    trade_number: str
    minor: int
    state: RefundState
    failure: str
    asked_at: datetime
    settled_at: datetime | None


def latest(connection: sqlite3.Connection, seller: str, rows: int) -> tuple[list[Trade], list[Refund]]:
    """List the newest trades and refunds, newest first."""
    trades = connection.execute("SELECT * FROM trades WHERE seller = ? ORDER BY opened_at DESC LIMIT ?", (seller, rows))
    refunds = connection.execute(
        "SELECT * FROM trade_refunds WHERE seller = ? ORDER BY asked_at DESC LIMIT ?", (seller, rows)
    )
    return [trade_of(row) for row in trades], [refund_of(row) for row in refunds]


def prepare(books: Books) -> None:
    """Make the tables."""
    with books.writing() as connection:
        for statement in SCHEMA.split(";"):
            connection.execute(statement)


def new_number(now: datetime, digits: int = 28) -> str:
    """Make up a number as both have them: the day in Beijing, then anything."""
    day = now.astimezone(BEIJING).strftime("%Y%m%d")
    return day + "".join(secrets.choice("0123456789") for _ in range(digits - len(day)))


def find(connection: sqlite3.Connection, seller: str, *, now: datetime, **by: str) -> Trade | None:
    """Find a trade `by` its `reference` or `number`."""
    ((column, value),) = by.items()
    row = connection.execute(f"SELECT * FROM trades WHERE seller = ? AND {column} = ?", (seller, value)).fetchone()
    if row is None:
        return None
    trade = trade_of(row)
    is_over = trade.state is State.OPEN and trade.expires_at <= now
    return replace(trade, state=State.CLOSED) if is_over else trade


def open_once(connection: sqlite3.Connection, wanted: Trade) -> Trade:
    """Open a trade, or give the one that is open under the reference.

    Raises:
        Refused: `reused` with other content, `paid`, `closed`.
    """
    trade = find(connection, wanted.seller, now=wanted.opened_at, reference=wanted.reference)
    if trade is None:
        write(connection, "trades", wanted)
        return wanted
    if (trade.minor, trade.currency) != (wanted.minor, wanted.currency):
        raise Refused("reused")
    if trade.state not in {State.AWAITED, State.OPEN}:
        raise Refused("paid" if trade.state is State.PAID else "closed")
    return trade


def pay(connection: sqlite3.Connection, trade: Trade, fault: Fault | None, *, now: datetime) -> Trade:
    """Let the payer pay an open trade, as much as the fault says."""
    kind = fault.kind if fault else None
    paid = replace(
        trade,
        state=State.PAID,
        paid_at=now,
        paid_minor=trade.minor - 1 or 2 if kind is Kind.OTHER_AMOUNT else trade.minor,
        currency="HKD" if kind is Kind.OTHER_CURRENCY else trade.currency,
    )
    write(connection, "trades", paid)
    return paid


def turn(connection: sqlite3.Connection, trade: Trade, state: State) -> Trade:
    """Open an awaited trade, or decline or close an open one."""
    turned = replace(trade, state=state)
    write(connection, "trades", turned)
    return turned


def refund_once(
    connection: sqlite3.Connection, trade: Trade, *, reference: str, minor: int, fault: Fault | None, now: datetime
) -> tuple[Refund, bool]:
    """Give money back once a reference, as well as the fault lets it; tells whether it is a new one.

    Raises:
        Refused: `reused` with other content, `unpaid`, `too_much`.
    """
    first = find_refund(connection, trade.seller, reference=reference)
    if first is not None:
        if (first.trade_number, first.minor) != (trade.number, minor):
            raise Refused("reused")
        return first, False
    if trade.state is not State.PAID:
        raise Refused("unpaid")
    if minor > trade.paid_minor - given_back(connection, trade, pending=True):
        raise Refused("too_much")
    kind = fault.kind if fault else None
    states = {Kind.PENDING: RefundState.PENDING, Kind.FAILED: RefundState.FAILED}
    state = states.get(kind, RefundState.DONE) if kind else RefundState.DONE
    refund = Refund(
        number=new_number(now, 29),
        seller=trade.seller,
        reference=reference,
        trade_number=trade.number,
        minor=minor,
        state=state,
        failure=fault.reason if fault and state is RefundState.FAILED else "",
        asked_at=now,
        settled_at=now if state is RefundState.DONE else None,
    )
    write(connection, "trade_refunds", refund)
    return refund, True


def settle_refund(connection: sqlite3.Connection, refund: Refund, *, failure: str, now: datetime) -> Refund:
    """End a pending refund, well when there is no failure."""
    settled = replace(
        refund,
        state=RefundState.FAILED if failure else RefundState.DONE,
        failure=failure,
        settled_at=None if failure else now,
    )
    write(connection, "trade_refunds", settled)
    return settled


def find_refund(connection: sqlite3.Connection, seller: str, **by: str) -> Refund | None:
    """Find a refund `by` the seller's `reference` or its `number`."""
    ((column, value),) = by.items()
    row = connection.execute(f"SELECT * FROM trade_refunds WHERE seller = ? AND {column} = ?", (seller, value))
    found = row.fetchone()
    return refund_of(found) if found else None


def given_back(connection: sqlite3.Connection, trade: Trade, *, pending: bool = False) -> int:
    """Sum up what was given back of a trade, and what is on its way where asked."""
    states = ("done", "pending" if pending else "done")
    row = connection.execute(
        "SELECT coalesce(sum(minor), 0) FROM trade_refunds WHERE trade_number = ? AND state IN (?, ?)",
        (trade.number, *states),
    ).fetchone()
    return int(row[0])


def beijing_text(instant: datetime) -> str:
    """Write an instant as Beijing's clock shows it."""
    return instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def write(connection: sqlite3.Connection, table: str, thing: Any) -> None:
    """Write a trade, refund or withdrawal down over the one before."""
    values = {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(thing).items()
    }
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", values)


def trade_of(row: sqlite3.Row) -> Trade:
    """Read a trade from its row."""
    return Trade(**_read(Trade, row) | {"state": State(row["state"])})


def refund_of(row: sqlite3.Row) -> Refund:
    """Read a refund from its row."""
    return Refund(**_read(Refund, row) | {"state": RefundState(row["state"])})


def _read(kind: type[Trade] | type[Refund], row: sqlite3.Row) -> dict[str, Any]:
    found = {field.name: row[field.name] for field in fields(kind)}
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in found.items()
    }
