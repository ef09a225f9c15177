"""The database: one declarative base, strict column types, and the only place that commits."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import psycopg
from flask_sqlalchemy import SQLAlchemy
from psycopg import RawCursor
from psycopg.rows import namedtuple_row
from sqlalchemy import DateTime, Dialect, Enum, MetaData, TypeDecorator
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase

from portal.core.errors import Busy

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

RETRIES = 4
"""A deadlock or serialization failure is tried this often; waits are 10-80 ms: a request stays under half a second."""

RETRIED_SQLSTATES = {"40001", "40P01", "55P03"}
"""Serialization failure, deadlock, lock not available (PostgreSQL manual, appendix A)."""

Result = TypeVar("Result")


class Base(DeclarativeBase):
    """The declarative base of every table, with constraint names that migrations can rely on."""

    metadata = MetaData(naming_convention=NAMING)


SESSION_OPTIONS = {
    "expire_on_commit": False,
    "autoflush": False,
    # Only matters where a connection already stands in a transaction, as in tests: commits become savepoints of it.
    "join_transaction_mode": "create_savepoint",
}

db = SQLAlchemy(model_class=Base, session_options=SESSION_OPTIONS)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, UTC on the way out; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive instants."""
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give instants back in UTC whatever the server's zone."""
        return None if value is None else value.astimezone(UTC)


class RunAgain(Exception):
    """The act met another transaction's row; run from the start it will see it. Handled by `in_transaction`."""


class NestedTransaction(RuntimeError):
    """`transaction()` was opened inside another one; commands must leave it to the edge."""


@contextmanager
def transaction() -> Iterator[None]:
    """Commit what the block did, or nothing of it; then do what waited for the commit.

    Opened by views, tasks and commands only; capabilities flush.

    Raises:
        NestedTransaction: a transaction is already open here.
    """
    session = db.session()
    if session.info.get("is_in_transaction"):
        raise NestedTransaction
    session.info["is_in_transaction"] = True
    session.info["after_commit"] = []
    try:
        yield
        session.commit()
        waiting = session.info["after_commit"]
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["is_in_transaction"] = False
    for act in dict.fromkeys(waiting):  # one bell for many rows
        act()


def in_transaction(act: Callable[[], Result]) -> Result:
    """Run the act in a transaction of its own, again from the start when the database asks for a retry.

    Raises:
        Busy: the database still asks for a retry after the last attempt, or has no connection free.
    """
    for attempt in range(RETRIES):
        try:
            with transaction():
                return act()
        except PoolTimeout as error:
            raise Busy from error
        except RunAgain as error:
            if attempt == RETRIES - 1:
                raise Busy from error
        except (OperationalError, DBAPIError, psycopg.OperationalError) as error:
            if sqlstate(error) not in RETRIED_SQLSTATES:
                raise
            if attempt == RETRIES - 1:
                raise Busy from error
            # Jitter keeps two transactions that met once from meeting again.
            time.sleep(0.01 * 2**attempt * (0.5 + random.random()))  # noqa: S311 - not a secret
    raise AssertionError("unreachable")


def enum_column(kind: type[StrEnum]) -> Enum:
    """Make a text column that takes the members of a StrEnum only, by value, with a CHECK."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=30,
        values_callable=lambda members: [member.value for member in members],
    )


def sqlstate(error: BaseException) -> str | None:
    """Tell the SQLSTATE of a database error, wrapped by SQLAlchemy or bare."""
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlstate", None)


def after_commit(act: Callable[[], None]) -> None:
    """Do the act once the open transaction has been committed; never when it is rolled back."""
    session = db.session()
    if session.info.get("is_in_transaction"):
        session.info["after_commit"].append(act)


class Statement(NamedTuple):
    """SQL with `%(name)s` places, and the values for them; `before` are named parts (CTEs) that it reads."""

    sql: str
    values: Mapping[str, Any]
    before: tuple[tuple[str, str], ...] = ()

    @property
    def whole(self) -> str:
        """The SQL with its named parts written before it."""
        return _with(self.before, self.sql)


def execute_together(statements: Sequence[Statement]) -> list[list[Any]]:
    """Send several statements in one round trip, in the open transaction; give the rows of each (named tuples).

    psycopg's pipeline mode: the server works through them in order and stops at the first error, which is raised
    as psycopg's own, not wrapped by SQLAlchemy.
    """
    session = db.session()
    session.flush()
    raw = session.connection().connection.driver_connection
    if not isinstance(raw, psycopg.Connection):
        raise TypeError("the portal speaks to PostgreSQL through psycopg only")
    cursors = []
    with raw.pipeline():
        for statement in statements:
            sql, names = _positional(statement.whole)
            # psycopg reads a long statement for its places anew at each call; the server's own `$1` need no reading.
            cursor = RawCursor(raw, row_factory=namedtuple_row)
            cursor.execute(sql, [statement.values[name] for name in names])
            cursors.append(cursor)
    return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


_PLACE = re.compile(r"%\((\w+)\)s")


@lru_cache(maxsize=256)
def _positional(sql: str) -> tuple[str, list[str]]:
    """Write named places as the server's `$1`, `$2` ..., and tell which value goes where."""
    names = list(dict.fromkeys(_PLACE.findall(sql)))
    return _PLACE.sub(lambda place: f"${names.index(place[1]) + 1}", sql), names


WHERE = "/* where */"
"""Stands in an INSERT ... SELECT where `only_after` may put a condition; alone, it is a comment and does nothing."""


def only_after(first: Statement, *following: Statement) -> Statement:
    """Write statements as one, in which those that follow do something only if the first inserts its row.

    One round trip, one plan, one answer: the row of the first one, and as `rows_<nr>` how many rows each of the
    following returns, those counted from 0 that return any.
    """
    parts, counts = [("first", first.sql)], []
    values = dict(first.values)
    for nr, statement in enumerate(following):
        parts.extend(_numbered(statement.before, statement.sql, nr))
        values.update({f"{name}_{nr}": value for name, value in statement.values.items()})
        if "RETURNING" in statement.sql:
            counts.append(f", (SELECT count(*) FROM last_{nr}) AS rows_{nr}")
    return Statement(f"SELECT first.*{''.join(counts)} FROM first", values, tuple(parts))


@lru_cache(maxsize=256)
def _numbered(before: tuple[tuple[str, str], ...], sql: str, nr: int) -> list[tuple[str, str]]:
    condition = "WHERE EXISTS (SELECT FROM first)"
    return [
        (name, part.replace(")s", f"_{nr})s").replace(WHERE, condition))
        for name, part in (*before, (f"last_{nr}", sql))
    ]


@lru_cache(maxsize=256)
def _with(parts: tuple[tuple[str, str], ...], sql: str) -> str:
    return f"WITH {', '.join(f'{name} AS ({part})' for name, part in parts)} {sql}" if parts else sql
