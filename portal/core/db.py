"""The database: one declarative base, strict column types, and the only place that commits."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import psycopg
from flask_sqlalchemy import SQLAlchemy
from psycopg import RawCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import DateTime, Dialect, Engine, Enum, MetaData, TypeDecorator
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from portal.core import prepared
from portal.core.errors import Busy, NotFound

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


class AfterTheLast(RuntimeError):
    """Something was asked or written after `value_of_last` had ended the transaction; it was rolled back."""


@contextmanager
def transaction() -> Iterator[None]:
    """Commit what the block did, or nothing of it; then do what waited for the commit.

    Opened by views, tasks and commands only; capabilities flush.

    Raises:
        NestedTransaction: a transaction is already open here.
        AfterTheLast: the block went on after `value_of_last`.
    """
    session = db.session()
    if session.info.get("is_in_transaction"):
        raise NestedTransaction
    session.info["is_in_transaction"] = True
    session.info["may_end_early"] = session.info["is_over"] = False
    session.info["after_commit"] = []
    try:
        yield
        _check_it_ended(session)
        if session.in_transaction():
            session.commit()
        waiting = session.info["after_commit"]
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["is_in_transaction"] = session.info["may_end_early"] = False
    for act in dict.fromkeys(waiting):  # one bell for many rows
        act()


def _check_it_ended(session: Session) -> None:
    if not session.info["is_over"]:
        return
    if session.in_transaction():
        goes_on = _raw_connection(session).info.transaction_status != TransactionStatus.IDLE
    else:
        goes_on = bool(session.new or session.dirty or session.deleted)
    if goes_on:
        raise AfterTheLast


def in_transaction(act: Callable[[], Result]) -> Result:
    """Run the act in a transaction of its own, again from the start when the database asks for a retry.

    The act may end the transaction by its last statement, see `value_of_last`.

    Raises:
        Busy: the database still asks for a retry after the last attempt, or has no connection free.
    """
    for attempt in range(RETRIES):
        try:
            with transaction():
                db.session().info["may_end_early"] = True
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
    """Make a column of the database's own enumerated type, named as the StrEnum in snake case, by value.

    A CHECK over the words would be read anew for every row that is written.
    """
    return Enum(
        kind,
        name=re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def sqlstate(error: BaseException) -> str | None:
    """Tell the SQLSTATE of a database error, wrapped by SQLAlchemy or bare."""
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlstate", None)


def existing(found: Result | None) -> Result:
    """Give what was looked for.

    For what a person names, who may name what never stood; `session.get_one` is for rows that must stand.

    Raises:
        NotFound: there is none.
    """
    if found is None:
        raise NotFound
    return found


def after_commit(act: Callable[[], None]) -> None:
    """Do the act once the open transaction has been committed; never when it is rolled back."""
    session = db.session()
    if session.info.get("is_in_transaction"):
        session.info["after_commit"].append(act)


class Statement(NamedTuple):
    """SQL with `%(name)s` places, and the values for them."""

    sql: str
    values: Mapping[str, Any]


def execute_together(statements: Sequence[Statement]) -> list[list[Any]]:
    """Send several statements in one round trip, in the open transaction; give the rows of each (named tuples).

    psycopg's pipeline mode: the server works through them in order and stops at the first error, which is raised
    as psycopg's own, not wrapped by SQLAlchemy.
    """
    raw = _raw_connection(db.session())
    with raw.pipeline():
        cursors = [_sent(raw, statement) for statement in statements]
    return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def execute(sql: str, values: Mapping[str, Any]) -> list[Any]:
    """Send one statement, in the open transaction; give its rows (named tuples). Its errors are psycopg's own."""
    (rows,) = execute_together([Statement(sql, values)])
    return rows


def value_of_last(statement: Statement, *, done: str) -> str | None:
    """Send the last statement of an act that runs `in_transaction`, and the COMMIT, in one round trip.

    Gives the one value that it returns, as text. Its locks are held while the server writes, not while an answer
    travels to us and the COMMIT back. When the value is `done` the transaction is over: it refuses to end well
    (`AfterTheLast`) when anything was asked or written later. With any other value the statement has written nothing,
    and the act may look into why. Elsewhere the statement is sent like any other.
    """
    session = db.session()
    # Inside a transaction that is not ours to end, as in tests that are rolled back, nothing is committed.
    if not session.info.get("may_end_early") or not isinstance(db.engine, Engine):
        return execute(*statement)[0][0]
    if session.in_transaction():
        raw = _raw_connection(session)
        with raw.pipeline():
            cursor = _sent(raw, statement)
            raw.commit()
        value = cursor.fetchall()[0][0]
    else:
        value = _value_of_all(statement)
    session.info["is_over"] = value == done
    return value


def _value_of_all(statement: Statement) -> str | None:
    # Nothing was sent before it: without BEGIN and COMMIT, it is a transaction of its own to the server.
    sql, names = _positional(statement.sql)
    with closing(db.engine.raw_connection()) as pooled:
        return prepared.value_of(_psycopg(pooled.driver_connection), sql, [statement.values[name] for name in names])


def _raw_connection(session: Session) -> psycopg.Connection[Any]:
    session.flush()
    return _psycopg(session.connection().connection.driver_connection)


def _psycopg(raw: object) -> psycopg.Connection[Any]:
    if not isinstance(raw, psycopg.Connection):
        raise TypeError("the portal speaks to PostgreSQL through psycopg only")
    return raw


def _sent(raw: psycopg.Connection[Any], statement: Statement) -> RawCursor[Any]:
    sql, names = _positional(statement.sql)
    # psycopg reads a long statement for its places anew at each call; the server's own `$1` need no reading.
    cursor = RawCursor(raw, row_factory=namedtuple_row)
    cursor.execute(sql, [statement.values[name] for name in names])
    return cursor


_PLACE = re.compile(r"%\((\w+)\)s")


@lru_cache(maxsize=256)
def _positional(sql: str) -> tuple[str, list[str]]:
    """Write named places as the server's `$1`, `$2` ..., and tell which value goes where."""
    names = list(dict.fromkeys(_PLACE.findall(sql)))
    return _PLACE.sub(lambda place: f"${names.index(place[1]) + 1}", sql), names
