"""What a chart draws, and the sentence that says the same in words; the line of a card's usage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _

from portal.cards import pace
from portal.cards import queries as cards
from portal.cards.models import Card, UsageReading
from portal.core import clock, i18n
from portal.core.settings import current as settings
from portal.web import filters


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures as `charts.js` wants them, and the same in a sentence."""

    figures: dict[str, Any]
    words: str


def usage_line(card: Card) -> Chart | None:
    """Draw the data a card has used, day by day, towards its limit; None while there is no line to draw."""
    readings = [row for row in cards.usage_readings(card.id) if row.data_left_mb is not None and row.data_total_mb]
    by_day = _last_of_each_day(pace.since_filled(readings))
    if len(by_day) < 2 or not card.data_total_mb:
        return None
    used = [_gigabytes((row.data_total_mb or 0) - (row.data_left_mb or 0)) for row in by_day.values()]
    return Chart(
        {
            "kind": "line",
            "labels": [day.isoformat() for day in by_day],
            "series": [{"name": _("Used"), "values": used}],
            "unit": "GB",
            "digits": 2,
            "limit": _gigabytes(card.data_total_mb),
            "limit_name": _("Data limit"),
        },
        _(
            "%(used)s of %(total)s used",
            used=filters.gigabytes(card.data_total_mb - (card.data_left_mb or 0)),
            total=filters.gigabytes(card.data_total_mb),
        ),
    )


def _last_of_each_day(readings: Sequence[UsageReading]) -> dict[date, UsageReading]:
    zone = settings().time_zone
    return {clock.day_of(reading.read_at, zone): reading for reading in readings}


def _gigabytes(megabytes: int) -> int:
    """Give whole hundredths of a gigabyte, rounded down; the chart puts the point."""
    return megabytes * 100 // i18n.MB_IN_GB
