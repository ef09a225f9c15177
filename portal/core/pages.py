"""Page through long lists by keyset: ask for one row more than is shown, and name the last one in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select

from portal.core.db import db
from portal.core.ids import parse_id

Row = TypeVar("Row")

PAGE_SIZE = 50


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


def newest_first(query: Select[Row], id_column: Any, *, older: str | None, newer: str | None) -> Page[Any]:
    """Fetch a page of entities by their UUIDv7, the newest first; a key that is none of ours gives the first page."""
    newer_id, older_id = parse_id(newer or ""), parse_id(older or "")
    if newer_id:
        query = query.where(id_column > newer_id).order_by(id_column)
    elif older_id:
        query = query.where(id_column < older_id).order_by(id_column.desc())
    else:
        query = query.order_by(id_column.desc())
    rows = db.session.scalars(query.limit(PAGE_SIZE + 1)).all()
    return page_of(
        rows,
        key=lambda row: str(row.id),
        size=PAGE_SIZE,
        older=older if older_id else None,
        newer=newer if newer_id else None,
    )
