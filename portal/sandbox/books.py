"""The stand-in carriers' own SQLite file: cards, renewals by reference, every submission received, faults to play."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from flask import current_app

from portal.sandbox.cards import Card

SCHEMA = """
CREATE TABLE IF NOT EXISTS cards (
    carrier TEXT NOT NULL, iccid TEXT NOT NULL, plan_code TEXT NOT NULL, data_total_mb INTEGER, data_left_mb INTEGER,
    valid_until TEXT NOT NULL, is_suspended INTEGER NOT NULL, seen_at TEXT NOT NULL, PRIMARY KEY (carrier, iccid)
);
CREATE TABLE IF NOT EXISTS renewals (
    id INTEGER PRIMARY KEY AUTOINCREMENT, carrier TEXT NOT NULL, reference TEXT NOT NULL, iccid TEXT NOT NULL,
    plan_code TEXT NOT NULL, answer TEXT NOT NULL, UNIQUE (carrier, reference)
);
CREATE TABLE IF NOT EXISTS take_backs (
    carrier TEXT NOT NULL, reference TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (carrier, reference)
);
CREATE TABLE IF NOT EXISTS submissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, carrier TEXT NOT NULL, reference TEXT NOT NULL, iccid TEXT NOT NULL,
    plan_code TEXT NOT NULL, received_at TEXT NOT NULL, fault TEXT, outcome TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS submissions_by_reference ON submissions (reference);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, call TEXT NOT NULL, carrier TEXT, iccid TEXT,
    reason TEXT NOT NULL, seconds REAL NOT NULL, percent INTEGER NOT NULL, times INTEGER
);
CREATE TABLE IF NOT EXISTS provider_things (
    number INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    reference TEXT, body TEXT NOT NULL, UNIQUE (provider, id)
);
CREATE INDEX IF NOT EXISTS provider_things_by_reference ON provider_things (provider, kind, reference);
CREATE TABLE IF NOT EXISTS provider_answers (
    provider TEXT NOT NULL, key TEXT NOT NULL, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (provider, key)
);
"""


class Books:
    """The file; each use opens its own connection, so any thread may."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that excludes other writers from its start; commit it when the block ends well."""
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open a connection to look things up."""
        with self._connect() as connection:
            yield connection


def current() -> Books:
    """Give the books of the sandbox that answers just now."""
    kept: Books = current_app.extensions["books"]
    return kept


def card(connection: sqlite3.Connection, carrier: str, iccid: str) -> Card | None:
    """Find a card of a carrier; None when it was never seen."""
    row = connection.execute("SELECT * FROM cards WHERE carrier = ? AND iccid = ?", (carrier, iccid)).fetchone()
    if row is None:
        return None
    return Card(
        iccid=row["iccid"],
        plan_code=row["plan_code"],
        data_total_mb=row["data_total_mb"],
        data_left_mb=row["data_left_mb"],
        valid_until=datetime.fromisoformat(row["valid_until"]),
        is_suspended=bool(row["is_suspended"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
    )


def save(connection: sqlite3.Connection, carrier: str, card: Card) -> None:
    """Write a card's state down over the one before."""
    connection.execute(
        "INSERT OR REPLACE INTO cards VALUES"
        " (:carrier, :iccid, :plan_code, :data_total_mb, :data_left_mb, :valid_until, :is_suspended, :seen_at)",
        asdict(card)
        | {
            "carrier": carrier,
            "valid_until": card.valid_until.isoformat(),
            "seen_at": card.seen_at.isoformat(),
        },
    )
