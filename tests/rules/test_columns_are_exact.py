"""Money is whole minor units and every instant is aware, whatever the next table brings."""

from flask import Flask
from sqlalchemy import BigInteger, DateTime, Numeric
from sqlalchemy import types as sql_types

from portal.core.db import UtcDateTime, db


def _columns() -> list[tuple[str, sql_types.TypeEngine[object]]]:
    return [(str(column), column.type) for table in db.metadata.tables.values() for column in table.columns]


def test_no_column_rounds(app: Flask) -> None:
    # Float is a Numeric to SQLAlchemy.
    assert [name for name, kind in _columns() if isinstance(kind, Numeric)] == []


def test_every_amount_has_room(app: Flask) -> None:
    amounts = [(name, kind) for name, kind in _columns() if name.endswith("_minor")]

    assert len(amounts) > 10
    assert [name for name, kind in amounts if not isinstance(kind, BigInteger)] == []


def test_every_instant_is_aware(app: Flask) -> None:
    instants = [(name, kind) for name, kind in _columns() if isinstance(kind, DateTime | UtcDateTime)]

    assert len(instants) > 10
    assert [name for name, kind in instants if not isinstance(kind, UtcDateTime)] == []


def test_instants_and_days_are_told_apart_by_name(app: Flask) -> None:
    instants = [name for name, kind in _columns() if isinstance(kind, UtcDateTime)]
    days = [name for name, kind in _columns() if isinstance(kind, sql_types.Date)]

    assert [name for name in instants if not name.rpartition(".")[2].endswith(("_at", "_until", "at"))] == []
    assert [name for name in days if not name.endswith("_on")] == []
