"""What the charts of an agent's pages draw, and the sentences that say the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from portal.cards import pace
from portal.cards import queries as cards
from portal.cards.models import Card, UsageReading
from portal.core import clock, i18n
from portal.core.money import Money, exponent
from portal.core.settings import current as settings
from portal.renewals.queries import Day
from portal.web import filters

SHOWN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures as `charts.js` wants them, and the same in a sentence."""

    figures: dict[str, Any]
    words: str


def sales_by_day(days: Sequence[Day], currency: str) -> Chart:
    """Draw what was sold and what of it the agent earned, a bar a day."""
    sales = Money(sum(day.sales_minor for day in days), currency)
    commission = Money(sum(day.commission_minor for day in days), currency)
    return Chart(
        {
            "kind": "bars",
            "labels": [day.day.isoformat() for day in days],
            "series": [
                {"name": _("Sales"), "values": [day.sales_minor for day in days]},
                {"name": _("Commission"), "values": [day.commission_minor for day in days]},
            ],
            "unit": currency,
            "digits": exponent(currency),
            "limit": None,
        },
        _(
            "%(count)s days: sales %(sales)s, commission %(commission)s",
            count=len(days),
            sales=filters.money(sales),
            commission=filters.money(commission),
        ),
    )


def cards_by_days_left(agent_id: UUID, *, days: int = 14) -> Chart:
    """Draw how many cards expire on each of the next days."""
    counted = cards.expiring_by_day(agent_id, days=days)
    whole = sum(count for _day, count in counted)
    return Chart(
        {
            "kind": "bars",
            "labels": [day.isoformat() for day, _count in counted],
            "series": [{"name": _("Cards"), "values": [count for _day, count in counted]}],
            "unit": "",
            "limit": None,
        },
        _("One card expires within %(days)s days", days=days)
        if whole == 1
        else _("%(count)s cards expire within %(days)s days", count=whole, days=days),
    )


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
