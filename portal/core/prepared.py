"""Send one prepared statement as a transaction of its own, by libpq's own call: the hottest act cannot afford more.

psycopg's cursors look at every value, count how often a statement was used and wait in Python: twice the time that the
whole of it takes here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from types import NoneType
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

_names: WeakKeyDictionary[psycopg.Connection[Any], dict[str, bytes]] = WeakKeyDictionary()
"""What each connection has prepared; the server forgets it with the connection, and so do we."""

_numbers = count()


def value_of(connection: psycopg.Connection[Any], sql: str, values: Sequence[object]) -> str | None:
    """Send a statement with `$1`, `$2` ... and give the one value that it returns, as text.

    The connection must not be in a transaction: the statement is committed when this returns.

    Raises:
        psycopg.Error: as a cursor would raise it, with its SQLSTATE and diagnostics.
    """
    texts: Any = [_text(value) for value in values]  # None is NULL, whatever psycopg's own type says
    try:
        answer = _checked(connection.pgconn.exec_prepared(_name(connection, sql), texts))
    except InvalidSqlStatementName:
        # A rollback has psycopg forget what it prepared, by DEALLOCATE ALL: ours is gone with it, and nothing was done.
        del _names[connection][sql]
        answer = _checked(connection.pgconn.exec_prepared(_name(connection, sql), texts))
    value = answer.get_value(0, 0)
    return None if value is None else value.decode()


def _name(connection: psycopg.Connection[Any], sql: str) -> bytes:
    names = _names.setdefault(connection, {})
    if sql not in names:
        name = b"leb_%d" % next(_numbers)
        _checked(connection.pgconn.prepare(name, sql.encode(), None))
        names[sql] = name
    return names[sql]


def _checked(answer: PGresult) -> PGresult:
    if answer.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        raise error_from_result(answer)
    return answer


def _text(value: object) -> bytes | None:
    if type(value) not in _AS_TEXT:
        raise TypeError(f"cannot be sent as text: {type(value).__name__}")
    return _AS_TEXT[type(value)](value)


def _words(text: str) -> bytes:
    if "\0" in text:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return text.encode()


def _written(value: object) -> bytes:
    return str(value).encode()


_AS_TEXT: dict[type, Callable[[Any], bytes | None]] = {
    NoneType: lambda _: None,
    str: _words,
    int: _written,
    bool: _written,
    UUID: _written,
    datetime: _written,
    bytes: lambda raw: b"\\x" + raw.hex().encode(),
}
