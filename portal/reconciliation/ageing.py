"""How old a difference is, and when an explanation has run out; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.reconciliation import naming
from portal.reconciliation.models import Difference, DifferenceState, Explanation

TIMING_DAYS = 7
"""A difference that was to close by itself opens again once it is so many days old: banks take no longer than that."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A span of whole days of 24 hours, both ends included; without an end, everything older."""

    name: str
    first_day: int
    last_day: int | None

    def span(self, now: datetime) -> tuple[datetime | None, datetime]:
        """Give the instants after which, and until which, something arose that is so old now."""
        since = None if self.last_day is None else now - timedelta(days=self.last_day + 1)
        return since, now - timedelta(days=self.first_day) if self.first_day else now + timedelta(days=1)


BUCKETS = (Bucket("0-1", 0, 1), Bucket("2-7", 2, 7), Bucket("8-30", 8, 30), Bucket("31-", 31, None))


def days_old(arisen_at: datetime, *, now: datetime) -> int:
    """Count the whole days of 24 hours since something arose; never below zero."""
    return max((now - arisen_at).days, 0)


def bucket_of(arisen_at: datetime, *, now: datetime) -> Bucket:
    """Find the bucket of something that arose at an instant."""
    days = days_old(arisen_at, now=now)
    return next(bucket for bucket in BUCKETS if bucket.last_day is None or days <= bucket.last_day)


def is_to_close_by_itself(difference: Difference) -> bool:
    """Tell whether it is open and under way, and no person opened it again as it stands."""
    return (
        difference.state is DifferenceState.OPEN
        and difference.kind in naming.IN_TRANSIT
        and difference.reopened_at is None
    )


def has_run_out(difference: Difference, *, now: datetime) -> bool:
    """Tell whether it was to close by itself, and had its time."""
    return (
        difference.state is DifferenceState.EXPLAINED
        and difference.explanation is Explanation.TIMING
        and days_old(difference.arisen_at, now=now) > TIMING_DAYS
    )
