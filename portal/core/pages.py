"""Page through long lists by keyset: ask for one row more than is shown, and name the last one in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, tuple_

from portal.core.db import db
from portal.core.ids import parse_id

Row = TypeVar("Row")

PAGE_SIZE = 50

SHORT_PAGE_SIZE = 20
"""Rows of a page that is read on phones, where each row is a block."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page, newest first unless its query says otherwise, and the keys that lead on."""

    rows: Sequence[Row]
    newer: str | None
    """The key to pass as `newer` for the page before; None on the first."""
    older: str | None
    """The key to pass as `older` for the page after; None on the last."""


def page_of(
    rows: Sequence[Row], *, key: Callable[[Row], str], size: int, older: str | None, newer: str | None
) -> Page[Row]:
    """Make a page of up to `size + 1` rows, fetched in list order, or in reverse order when `newer` was asked for."""
    has_more = len(rows) > size
    shown = list(rows[:size])
    if newer:
        shown.reverse()
        return Page(shown, key(shown[0]) if shown and has_more else None, key(shown[-1]) if shown else None)
    return Page(
        shown,
        key(shown[0]) if shown and older else None,
        key(shown[-1]) if shown and has_more else None,
    )


def number_key(text: str | None) -> int | None:
    """Read a key that is a row's running number; None for anything else, such as one too large for any row."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 18 else None


def newest_first(
    query: Select[Row],
    id_column: Any,
    *,
    older: str | None,
    newer: str | None,
    read: Callable[[str], Any] = parse_id,
) -> Page[Any]:
    """Fetch a page of entities by their UUIDv7, the newest first; a key that is none of ours gives the first page.

    Those that have a running number instead are read by `number_key`.
    """
    return in_order(
        query, [id_column], is_falling=True, read=read, write=lambda row: str(row.id), older=older, newer=newer
    )


def earliest_first(
    query: Select[Row], at_column: Any, id_column: Any, *, older: str | None, newer: str | None
) -> Page[Any]:
    """Fetch a page of entities by an instant that each of them has, the earliest first, and by id where it is the same.

    `older` leads to the later ones. A key that is none of ours gives the first page.
    """
    return in_order(
        query,
        [at_column, id_column],
        is_falling=False,
        read=_instant_and_id,
        write=lambda row: f"{getattr(row, at_column.key):{_INSTANT}}.{row.id}",
        older=older,
        newer=newer,
    )


def in_order(
    query: Select[Row],
    columns: Sequence[Any],
    *,
    is_falling: bool,
    read: Callable[[str], Any],
    write: Callable[[Any], str],
    older: str | None,
    newer: str | None,
) -> Page[Any]:
    """Fetch a page of entities in the order of columns that no two of them share.

    `write` makes the key of a row; `read` gives the values of the columns that a key names, None where it is no key.
    """
    newer_place, older_place = read(newer or ""), read(older or "")
    goes_back = newer_place is not None
    place = newer_place if goes_back else older_place
    falls = is_falling is not goes_back
    if place is not None:
        here = columns[0] if len(columns) == 1 else tuple_(*columns)
        query = query.where(here < place if falls else here > place)
    query = query.order_by(*(column.desc() if falls else column for column in columns))
    return page_of(
        db.session.scalars(query.limit(PAGE_SIZE + 1)).all(),
        key=write,
        size=PAGE_SIZE,
        older=None if older_place is None else older,
        newer=None if newer_place is None else newer,
    )


_INSTANT = "%Y%m%dT%H%M%S%f"
"""An instant in UTC to the microsecond, with signs only that an address holds as they are."""


def _instant_and_id(key: str) -> tuple[datetime, UUID] | None:
    instant, _, text = key.partition(".")
    row_id = parse_id(text)
    try:
        at = datetime.strptime(instant, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return (at, row_id) if row_id else None
