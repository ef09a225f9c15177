from datetime import UTC, datetime, timedelta

import pytest

from portal.cards import pace
from portal.cards.models import UsageReading

START = datetime(2026, 11, 1, tzinfo=UTC)


def readings(*points: tuple[float, int | None], total_mb: int = 10240) -> list[UsageReading]:
    return [
        UsageReading(read_at=START + timedelta(days=day), data_left_mb=left, data_total_mb=total_mb)
        for day, left in points
    ]


@pytest.mark.parametrize(
    ("points", "days"),
    [
        ([(0, 10240), (10, 5120)], 20),
        ([(0, 10240), (5, 9000), (10, 5120)], 20),
        ([(0, 300), (1, 10240), (11, 5120)], 20),
        ([(0, 10240), (1.5, 10239)], 15360),
        ([(0, 10240), (0.5, 5120)], None),
        ([(0, 10240), (10, 10240)], None),
        ([(0, 10240)], None),
        ([], None),
        ([(0, None), (10, None)], None),
    ],
)
def test_tells_how_many_days_data_lasts_at_the_present_pace(points, days):
    assert pace.days_for(10240, readings(*points)) == days


def test_starts_where_the_card_was_filled_up():
    filled = pace.since_filled(readings((0, 500), (1, 10240), (2, 9000)))

    assert [reading.data_left_mb for reading in filled] == [10240, 9000]
