"""How fast a card uses its data: pure."""

from collections.abc import Sequence
from datetime import timedelta

from portal.cards.models import UsageReading

SHORTEST = timedelta(days=1)
"""Less than a day says nothing about the next ones."""


def since_filled(readings: Sequence[UsageReading]) -> list[UsageReading]:
    """Leave out what lies before the last time the card was filled up; readings stand in the order of time."""
    start = 0
    for nr in range(1, len(readings)):
        before, after = readings[nr - 1], readings[nr]
        if (after.data_left_mb or 0) > (before.data_left_mb or 0) or after.data_total_mb != before.data_total_mb:
            start = nr
    return list(readings[start:])


def days_for(data_mb: int, readings: Sequence[UsageReading]) -> int | None:
    """Tell how many whole days so many megabytes last at the present pace; None while there is no pace to tell."""
    filled = since_filled([reading for reading in readings if reading.data_left_mb is not None])
    if len(filled) < 2:
        return None
    span = filled[-1].read_at - filled[0].read_at
    used_mb = (filled[0].data_left_mb or 0) - (filled[-1].data_left_mb or 0)
    if span < SHORTEST or used_mb <= 0:
        return None
    return data_mb * int(span.total_seconds()) // (used_mb * 86_400)
