from datetime import UTC, date, datetime

import pytest

from portal.core import clock


@pytest.mark.parametrize(
    ("day", "zone", "begins"),
    [
        (date(2026, 11, 23), "Asia/Shanghai", datetime(2026, 11, 22, 16, tzinfo=UTC)),
        (date(2026, 11, 23), "UTC", datetime(2026, 11, 23, tzinfo=UTC)),
        # The night in which clocks there go an hour back: the day begins by summer's clock and ends by winter's.
        (date(2026, 10, 25), "Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (date(2026, 10, 26), "Europe/Berlin", datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_of_its_zone(day: date, zone: str, begins: datetime) -> None:
    assert clock.start_of(day, zone) == begins
