"""Whether others' books are here: what is missing, and since when."""

from datetime import datetime, timedelta

import pytest

from portal.reconciliation import seen
from portal.reconciliation.models import ReportSource, SourceKind
from portal.reconciliation.seen import Books, BooksState
from tests.reconciliation.conftest import NOW

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def source(kind: SourceKind = SourceKind.PROVIDER, **facts: object) -> ReportSource:
    return ReportSource(kind=kind, name="stripe", **facts)


def books(of: ReportSource, *, money_since: datetime | None = None, compared_at: datetime | None = None) -> Books:
    return seen.books(of, money_since=money_since, compared_at=compared_at, now=NOW)


def off(since: datetime) -> ReportSource:
    return source(switched_off_at=since, fetched_at=NOW - 9 * DAY)


def failing(since: datetime, *, fetched_at: datetime | None = None) -> ReportSource:
    return source(failure="http_500", first_failed_at=since, fetched_at=fetched_at)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (books(source()), Books(BooksState.NOTHING)),
        (books(source(fetched_at=NOW - HOUR)), Books(BooksState.NOTHING)),
        (books(source(fetched_at=NOW - HOUR), money_since=NOW - DAY), Books(BooksState.SEEN)),
        # They had money that our books do not know.
        (books(source(fetched_at=NOW - HOUR), compared_at=NOW - HOUR), Books(BooksState.SEEN)),
        (books(off(NOW - HOUR)), Books(BooksState.SWITCHED_OFF, NOW - HOUR)),
        (books(off(NOW - HOUR), money_since=NOW, compared_at=NOW), Books(BooksState.SWITCHED_OFF, NOW - HOUR)),
        (books(source(SourceKind.BANK), money_since=NOW - 9 * DAY), Books(BooksState.SEEN)),
    ],
)
def test_nothing_is_missing(found: Books, expected: Books) -> None:
    assert found == expected
    assert not found.are_missing


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (books(source(), money_since=NOW - HOUR), Books(BooksState.NOT_COMPARED, NOW - HOUR)),
        (books(source(), money_since=NOW - 36 * HOUR), Books(BooksState.NOT_COMPARED, NOW - 36 * HOUR)),
        (books(source(), money_since=NOW - 37 * HOUR), Books(BooksState.NOT_COMPARED, NOW - 37 * HOUR, True)),
        (books(failing(NOW - HOUR)), Books(BooksState.FAILING, NOW - HOUR)),
        (books(failing(NOW - 37 * HOUR)), Books(BooksState.FAILING, NOW - 37 * HOUR, True)),
        (books(failing(NOW - HOUR, fetched_at=NOW - 25 * HOUR)), Books(BooksState.FAILING, NOW - HOUR)),
        # It failed an hour ago for the first time; but what is here is older than a day and a night.
        (books(failing(NOW - HOUR, fetched_at=NOW - 37 * HOUR)), Books(BooksState.FAILING, NOW - HOUR, True)),
        # Compared before it was switched off: not to its end.
        (books(off(NOW - HOUR), compared_at=NOW - DAY), Books(BooksState.NOT_COMPARED, NOW - HOUR)),
        (books(off(NOW - 37 * HOUR), money_since=NOW - 9 * DAY), Books(BooksState.NOT_COMPARED, NOW - 37 * HOUR, True)),
        (books(source(fetched_at=NOW - 37 * HOUR)), Books(BooksState.TOO_OLD, NOW - 37 * HOUR, True)),
    ],
)
def test_something_is_missing_and_known_since_when(found: Books, expected: Books) -> None:
    assert found == expected
    assert found.are_missing
