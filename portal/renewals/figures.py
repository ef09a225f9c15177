"""How renewals sell: an agent's month, the house today, and the last days one by one."""

from collections.abc import Sequence
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
    """What was delivered this month, less what went back this month, whenever that was delivered."""
    refunded: Money
    """What of sales went back this month; taken off `sales` already."""
    commission: Money
    """Fees, shares and overrides, less discounts that the agent bears and what refunds of this month took back."""
    under_way: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of the operator's zone; amounts in minor units of the one currency asked for.

    An agent's days say what happened on them: deliveries, and refunds, which may bring an amount below zero. The
    operator's say what became of the orders placed on them.
    """

    day: date
    renewals: int
    refused: int
    sales_minor: int
    commission_minor: int


def agent_figures(agent_id: UUID, currency: str) -> AgentFigures:
    """Count an agent's month in one currency."""
    now = clock.now()
    month, last_month = _month_start(now, 0), _month_start(now, 1)
    [so_far] = _agent_sums(agent_id, currency, since=month, until=_midnight(), by="1")
    [before] = _agent_sums(agent_id, currency, since=last_month, until=last_month + (now - month), by="1")
    waiting: dict[RenewalState, int] = dict(
        db.session.execute(
            select(Renewal.state, func.count())
            .where(Renewal.agent_id == agent_id, Renewal.state.in_(UNDER_WAY))
            .group_by(Renewal.state)
        ).all()
    )
    return AgentFigures(
        renewals=so_far.renewals,
        renewals_last_month=before.renewals,
        sales=Money(int(so_far.sales - so_far.refunded), currency),
        refunded=Money(int(so_far.refunded), currency),
        commission=Money(int(so_far.commission), currency),
        under_way=sum(waiting.values()),
        unknown=waiting.get(RenewalState.UNKNOWN, 0),
    )


def agent_days(agent_id: UUID, currency: str, *, days: int = 30) -> list[Day]:
    """Sum an agent's sales and commission of each of the last days, today the last, by the rule of its month."""
    zone = settings.current().time_zone
    first = clock.today(zone) - timedelta(days=days - 1)
    rows = _agent_sums(
        agent_id, currency, since=clock.start_of(first, zone), until=_midnight(), by="(at AT TIME ZONE :zone)::date"
    )
    return _one_by_one(
        first,
        days,
        [Day(row.key, row.renewals, 0, int(row.sales - row.refunded), int(row.commission)) for row in rows],
    )


def operator_days(currency: str, *, days: int = 30) -> list[Day]:
    """Sum all agents' sales of each of the last days, today the last, in one currency."""
    zone = settings.current().time_zone
    first = clock.today(zone) - timedelta(days=days - 1)
    rows = db.session.execute(
        _PLACED_BY_DAY,
        {"zone": zone, "first_id": ids.first_at(clock.start_of(first, zone)), "currency": currency},
    )
    return _one_by_one(
        first,
        days,
        [Day(row.day, row.renewals, row.refused, int(row.sales), int(row.commission)) for row in rows],
    )


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


def _agent_sums(agent_id: UUID, currency: str, *, since: datetime, until: datetime, by: str) -> Sequence[Any]:
    """Sum what an agent's deliveries brought between two instants and what refunds took back, in groups."""
    return db.session.execute(
        text(
            f"""
            SELECT {by} AS key, coalesce(sum(renewals), 0) AS renewals, coalesce(sum(sales), 0) AS sales,
                   coalesce(sum(refunded), 0) AS refunded, coalesce(sum(commission), 0) AS commission
            FROM ({_AGENT_FLOWS}) flow
            {"" if by == "1" else "GROUP BY 1"}
            """
        ),
        {
            "agent_id": agent_id,
            "currency": currency,
            # One month more, since a renewal may be delivered well after it was placed; `delivered_at` decides.
            "first_id": ids.first_at(since - timedelta(days=31)),
            "since": since,
            "until": until,
            "zone": settings.current().time_zone,
        },
    ).all()


# What brought an agent money: what it sold and had delivered, and its override of what agents below it sold. What took
# money back: the transfers of refunds, read from the books as they were posted. What a refund takes from its owners
# passes through escrow; a discount that the agent bore comes back to it.
_AGENT_FLOWS = """
    SELECT delivered_at AS at, 1 AS renewals, total_minor AS sales, 0 AS refunded,
           fee_minor + share_minor - CASE WHEN promotion_bearer = 'agent' THEN discount_minor ELSE 0 END AS commission
    FROM renewals
    WHERE agent_id = :agent_id AND currency = :currency AND delivered_at >= :since AND delivered_at < :until
    UNION ALL
    SELECT delivered_at, 0, 0, 0, override_minor
    FROM renewals
    WHERE parent_agent_id = :agent_id AND currency = :currency AND id >= :first_id
          AND delivered_at >= :since AND delivered_at < :until
    UNION ALL
    SELECT entry.posted_at, 0, 0,
           CASE WHEN credited.kind = 'escrow' AND renewal.agent_id = :agent_id THEN amount_minor ELSE 0 END,
           CASE WHEN debited.kind = 'commission_earned' AND debited.owner_id = :agent_id THEN -amount_minor
                WHEN credited.kind = 'commission_earned' AND credited.owner_id = :agent_id THEN amount_minor
                ELSE 0 END
    FROM renewals renewal
    JOIN ledger_entries entry ON entry.subject_id = renewal.id AND entry.kind = 'refund'
    JOIN ledger_transfers transfer ON transfer.entry_id = entry.id
    JOIN ledger_accounts debited ON debited.id = debit_account_id
    JOIN ledger_accounts credited ON credited.id = credit_account_id
    WHERE (renewal.agent_id = :agent_id OR renewal.parent_agent_id = :agent_id) AND renewal.currency = :currency
          AND renewal.state IN ('refunding', 'partly_refunded', 'refunded')
          AND entry.posted_at >= :since AND entry.posted_at < :until
"""

_PLACED_BY_DAY = text(
    """
    SELECT (placed_at AT TIME ZONE :zone)::date AS day, count(*) AS renewals,
           count(*) FILTER (WHERE state IN ('refused', 'returned')) AS refused,
           coalesce(sum(total_minor) FILTER (WHERE delivered_at IS NOT NULL), 0) AS sales,
           coalesce(sum(fee_minor + share_minor + override_minor
                        - CASE WHEN promotion_bearer = 'agent' THEN discount_minor ELSE 0 END)
                    FILTER (WHERE delivered_at IS NOT NULL), 0) AS commission
    FROM renewals
    WHERE currency = :currency AND id >= :first_id AND state NOT IN ('awaiting_payment', 'cancelled')
    GROUP BY 1
    """
)


def _midnight() -> datetime:
    """Give the end of today, so that what happens at this very instant is counted."""
    zone = settings.current().time_zone
    return clock.start_of(clock.today(zone) + timedelta(days=1), zone)


def _month_start(now: datetime, back: int) -> datetime:
    local = now.astimezone(ZoneInfo(settings.current().time_zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _one_by_one(first: date, days: int, found: Sequence[Day]) -> list[Day]:
    """List so many days from the first one on; those on which nothing was found are empty."""
    by_day = {one.day: one for one in found}
    wanted = [first + timedelta(days=offset) for offset in range(days)]
    return [by_day.get(day, Day(day, 0, 0, 0, 0)) for day in wanted]
