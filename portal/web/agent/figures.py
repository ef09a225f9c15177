"""What the charts of an agent's pages draw, and the sentences that say the same in words."""

from collections.abc import Sequence
from uuid import UUID

from flask_babel import gettext as _

from portal.cards import queries as cards
from portal.core.money import Money, exponent
from portal.renewals.figures import Day
from portal.web import filters
from portal.web.charts import Chart

SHOWN_DAYS = 30


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
