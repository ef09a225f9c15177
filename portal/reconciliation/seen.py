"""Whether others' books are here to compare with, and since when they are not; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.reconciliation.models import ReportSource, SourceKind

OVERDUE_AFTER = timedelta(hours=36)
"""Books that were not fetched for longer than a day and a night are not known to be right."""


class BooksState(StrEnum):
    """How far the books of a source are here."""

    SEEN = "seen"
    NOTHING = "nothing"
    """No money ever moved there: there is nothing to compare."""
    NOT_COMPARED = "not_compared"
    """Money moved there, and their books were never seen."""
    FAILING = "failing"
    TOO_OLD = "too_old"
    SWITCHED_OFF = "switched_off"
    """Asked no more. What their books do not say is a difference, so nothing is missing."""


QUIET = (BooksState.SEEN, BooksState.NOTHING, BooksState.SWITCHED_OFF)
"""States in which nothing of theirs is missing here."""


@dataclass(frozen=True, slots=True)
class Books:
    """The books of a source: how far they are here, and since when that is so, except where all is well."""

    state: BooksState
    since: datetime | None = None
    is_overdue: bool = False
    """Whether they are missing for longer than the daily fetch explains, so that somebody has to look."""

    @property
    def are_missing(self) -> bool:
        """Whether something of theirs is not here, so that nothing is known to be explained."""
        return self.state not in QUIET


AT_THE_BANK = Books(BooksState.SEEN)
"""People bring these lines: nothing of them is fetched."""


def books(source: ReportSource, *, money_since: datetime | None, compared_at: datetime | None, now: datetime) -> Books:
    """Tell how far the books of a source are here.

    Where fetching fails they are missing, though no money is known to have moved: theirs may know of some. Where nobody
    tried yet they are missing once money moved. One that is switched off is compared once more, to its end.

    Args:
        source: whose books they are.
        money_since: when money first moved there, as our books and payments tell; None if it never did.
        compared_at: when they were compared last; None if there was nothing to compare.
        now: this instant.
    """
    if source.kind is SourceKind.BANK:
        return AT_THE_BANK
    is_nothing = money_since is None and compared_at is None
    if source.switched_off_at is not None:
        is_compared = is_nothing or (compared_at is not None and compared_at >= source.switched_off_at)
        if is_compared:
            return Books(BooksState.SWITCHED_OFF, source.switched_off_at)
        return _missing(BooksState.NOT_COMPARED, source.switched_off_at, source.switched_off_at, now)
    if source.failure is not None:
        return _missing(BooksState.FAILING, source.first_failed_at, source.fetched_at or source.first_failed_at, now)
    if source.fetched_at is None:
        if money_since is None:
            return Books(BooksState.NOTHING)
        return _missing(BooksState.NOT_COMPARED, money_since, money_since, now)
    if now - source.fetched_at > OVERDUE_AFTER:
        return Books(BooksState.TOO_OLD, source.fetched_at, is_overdue=True)
    return Books(BooksState.NOTHING if is_nothing else BooksState.SEEN)


def _missing(state: BooksState, since: datetime | None, last_known_at: datetime | None, now: datetime) -> Books:
    return Books(state, since, is_overdue=last_known_at is not None and now - last_known_at > OVERDUE_AFTER)
