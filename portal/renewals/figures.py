"""How renewals sell: an agent's month, the house today, and the last days one by one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text

from portal.core import clock, ids, settings
from portal.core.db import db
from portal.core.money import Money
from portal.renewals.models import Renewal
from portal.renewals.states import NOT_PAID, UNDER_WAY, RenewalState


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """An agent's month so far in one currency (calendar month of the operator's zone)."""

    renewals: int
    renewals_last_month: int
    """Up to the same day and hour of the last month."""
    sales: Money
    commission: Money
    """Earned by what was delivered this month: fees and shares, less discounts that the agent bears, and overrides."""
    under_way: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of the operator's zone; amounts in minor units of the one currency asked for."""

    day: date
    renewals: int
    refused: int
    sales_minor: int
    commission_minor: int


def agent_figures(agent_id: UUID, currency: str) -> AgentFigures:
    """Count an agent's month in one currency."""
    now = clock.now()
    month, last_month = _month_start(now, 0), _month_start(now, 1)
    delivered = _delivered_sums(agent_id, currency, since=month, until=now)
    before = _delivered_sums(agent_id, currency, since=last_month, until=last_month + (now - month))
    waiting: dict[RenewalState, int] = dict(
        db.session.execute(
            select(Renewal.state, func.count())
            .where(Renewal.agent_id == agent_id, Renewal.state.in_(UNDER_WAY))
            .group_by(Renewal.state)
        ).all()
    )
    return AgentFigures(
        renewals=delivered.renewals,
        renewals_last_month=before.renewals,
        sales=Money(int(delivered.sales), currency),
        commission=Money(int(delivered.commission), currency),
        under_way=sum(waiting.values()),
        unknown=waiting.get(RenewalState.UNKNOWN, 0),
    )


def agent_days(agent_id: UUID, currency: str, *, days: int = 30) -> list[Day]:
    """Sum an agent's sales and commission of each of the last days, today the last, in one currency."""
    return _days(days, currency, agent_id)


def operator_days(currency: str, *, days: int = 30) -> list[Day]:
    """Sum all agents' sales of each of the last days, today the last, in one currency."""
    return _days(days, currency, None)


@dataclass(frozen=True, slots=True)
class OperatorFigures:
    """How the house stands right now."""

    renewals_today: int
    refused_today: int
    under_way: int
    unknown: int


def operator_figures() -> OperatorFigures:
    """Count today's renewals (operator's zone) and those under way."""
    zone = settings.current().time_zone
    midnight = clock.start_of(clock.today(zone), zone)
    today: dict[RenewalState, int] = dict(
        db.session.execute(
            select(Renewal.state, func.count()).where(Renewal.id >= ids.first_at(midnight)).group_by(Renewal.state)
        ).all()
    )
    waiting: dict[RenewalState, int] = dict(
        db.session.execute(
            select(Renewal.state, func.count()).where(Renewal.state.in_(UNDER_WAY)).group_by(Renewal.state)
        ).all()
    )
    return OperatorFigures(
        renewals_today=sum(count for state, count in today.items() if state not in NOT_PAID),
        refused_today=today.get(RenewalState.RETURNED, 0) + today.get(RenewalState.REFUSED, 0),
        under_way=sum(waiting.values()),
        unknown=waiting.get(RenewalState.UNKNOWN, 0),
    )


# Every renewal that an agent sold, and every one that an agent below it sold: of those it earns the override alone.
# Without an agent, every renewal, and what all agents earn on it.
_EARNED = """
    SELECT id, true AS is_sold, state, placed_at, delivered_at, total_minor,
           fee_minor + share_minor - CASE WHEN promotion_bearer = 'agent' THEN discount_minor ELSE 0 END
           + CASE WHEN CAST(:agent_id AS uuid) IS NULL THEN override_minor ELSE 0 END AS earned_minor
    FROM renewals
    WHERE currency = :currency AND id >= :first_id AND {sold_by}
    UNION ALL
    SELECT id, false, state, placed_at, delivered_at, 0, override_minor
    FROM renewals
    WHERE parent_agent_id = :agent_id AND currency = :currency AND id >= :first_id
"""
_EARNED_BY_AGENT = _EARNED.format(sold_by="agent_id = :agent_id")
_EARNED_BY_ALL = _EARNED.format(sold_by="true")


def _delivered_sums(agent_id: UUID, currency: str, *, since: datetime, until: datetime) -> Any:
    return db.session.execute(
        text(
            f"""
            SELECT count(*) FILTER (WHERE is_sold) AS renewals, coalesce(sum(total_minor), 0) AS sales,
                   coalesce(sum(earned_minor), 0) AS commission
            FROM ({_EARNED_BY_AGENT}) earned
            WHERE delivered_at >= :since AND delivered_at < :until
            """
        ),
        {
            "agent_id": agent_id,
            "currency": currency,
            # One month more, since a renewal may be delivered well after it was placed; `delivered_at` decides.
            "first_id": ids.first_at(since - timedelta(days=31)),
            "since": since,
            "until": until,
        },
    ).one()


def _month_start(now: datetime, back: int) -> datetime:
    local = now.astimezone(ZoneInfo(settings.current().time_zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _days(days: int, currency: str, agent_id: UUID | None) -> list[Day]:
    zone = settings.current().time_zone
    today = clock.today(zone)
    first = today - timedelta(days=days - 1)
    rows = db.session.execute(
        text(
            f"""
            SELECT (placed_at AT TIME ZONE :zone)::date AS day, count(*) FILTER (WHERE is_sold) AS renewals,
                   count(*) FILTER (WHERE is_sold AND state IN ('refused', 'returned')) AS refused,
                   coalesce(sum(total_minor) FILTER (WHERE delivered_at IS NOT NULL), 0) AS sales,
                   coalesce(sum(earned_minor) FILTER (WHERE delivered_at IS NOT NULL), 0) AS commission
            FROM ({_EARNED_BY_AGENT if agent_id else _EARNED_BY_ALL}) earned
            WHERE state NOT IN ('awaiting_payment', 'cancelled')
            GROUP BY 1
            """
        ),
        {
            "zone": zone,
            "first_id": ids.first_at(clock.start_of(first, zone)),
            "currency": currency,
            "agent_id": agent_id,
        },
    )
    by_day = {row.day: row for row in rows}
    listed = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        row = by_day.get(day)
        listed.append(
            Day(day, row.renewals, row.refused, int(row.sales), int(row.commission)) if row else Day(day, 0, 0, 0, 0)
        )
    return listed
