"""Close a month: write every agent's statement from the ledger, and prove that it leads to the ledger's balance."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from portal.agents import queries as agents
from portal.agents.models import Agent
from portal.core import clock, outbox, settings, turns
from portal.core.db import db, in_transaction
from portal.core.ids import first_at, new_id
from portal.payouts import headings, statement
from portal.payouts.errors import StatementDiffers
from portal.payouts.models import Statement, StatementMonth
from portal.payouts.months import month_after, month_before
from portal.payouts.statement import CurrencyPart, Figures, StatementContent

SETTLES_WITHIN = timedelta(hours=2)
"""So long after a month's end its last transactions are surely committed."""

ID_AND_INSTANT = timedelta(minutes=1)
"""The id of an entry and its instant are made this close to each other, by far."""

SLOWEST_DELIVERY = timedelta(days=92)
"""No renewal is delivered longer after it was ordered: so far back the renewals of a month are looked for."""


def close_due() -> None:
    """Have the worker close last month, once it is over for `SETTLES_WITHIN`; asking again changes nothing."""
    zone = settings.current().time_zone
    month_on = month_before(clock.today(zone))
    if clock.now() < clock.start_of(month_after(month_on), zone) + SETTLES_WITHIN:
        return
    begin(month_on)


def begin(month_on: date) -> bool:
    """Have the worker close a month; False when it was begun before."""
    month_id = db.session.scalar(
        insert(StatementMonth)
        .values(id=new_id(), month_on=month_on, begun_at=clock.now())
        .on_conflict_do_nothing(index_elements=["month_on"])
        .returning(StatementMonth.id)
    )
    if month_id is None:
        return False
    outbox.add("payouts.close_month", month_id)
    return True


def close(month_id: UUID) -> int:
    """Write the statements of a month that are not there yet, and have their files made; tell how many.

    Raises:
        StatementDiffers: the lines of a month do not lead to the ledger's balance.
    """
    return in_transaction(partial(_close, month_id))


def _close(month_id: UUID) -> int:
    turns.wait_for(f"statements:{month_id}")
    month = db.session.get_one(StatementMonth, month_id, populate_existing=True)
    if month.closed_at is not None:
        return 0
    zone = settings.current().time_zone
    drafts = _drafts(month.month_on, zone)
    by_id = agents.by_ids(list(drafts))
    written = [_statement(by_id[agent_id], month.month_on, zone, parts) for agent_id, parts in drafts.items()]
    if written:
        db.session.execute(insert(Statement).on_conflict_do_nothing(), written)
    outbox.add_each("payouts.render_statement", [row["id"] for row in written])
    month.closed_at = clock.now()
    db.session.flush()
    return len(written)


@dataclass(slots=True)
class _Sums:
    """One currency of one agent while the month is read."""

    opening: int = 0
    closing: int = 0
    days: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))


def _drafts(month_on: date, zone: str) -> dict[UUID, list[CurrencyPart]]:
    next_on = month_after(month_on)
    since, until = clock.start_of(month_on, zone), clock.start_of(next_on, zone)
    sums: dict[tuple[UUID, str], _Sums] = defaultdict(_Sums)
    for agent_id, currency, minor in _balances(month_on, zone):
        sums[agent_id, currency].opening = minor
    for agent_id, currency, minor in _balances(next_on, zone):
        sums[agent_id, currency].closing = minor
    window = {"since": since, "until": until, "zone": zone}
    for row in db.session.execute(_MOVED, {**window, **_entries(since, until), **_renewals(since, until)}):
        sums[row.agent_id, row.currency].days[row.day.isoformat()][row.heading] = int(row.amount)
    for row in db.session.execute(_SOLD, {**window, **_renewals(since, until)}):
        day = sums[row.agent_id, row.currency].days[row.day.isoformat()]
        day["sales"], day["sales_minor"] = row.sales, int(row.amount)
    drafts: dict[UUID, list[CurrencyPart]] = defaultdict(list)
    for (agent_id, currency), found in sorted(sums.items()):
        if found.opening or found.closing or found.days:
            drafts[agent_id].append(_part(agent_id, currency, found))
    return drafts


def _part(agent_id: UUID, currency: str, found: _Sums) -> CurrencyPart:
    days = {day: _figures([found.days[day]]) for day in sorted(found.days)}
    part = CurrencyPart(currency, found.opening, _figures(found.days.values()), days)
    if part.closing_minor != found.closing:
        raise StatementDiffers(f"{agent_id} {currency}: {part.closing_minor} instead of {found.closing}")
    return part


def _figures(days: Iterable[dict[str, int]]) -> Figures:
    whole: dict[str, int] = defaultdict(int)
    for day in days:
        for name, amount in day.items():
            whole[name] += amount
    sales, sales_minor = whole.pop("sales", 0), whole.pop("sales_minor", 0)
    return Figures(sales, sales_minor, dict(whole))


def _statement(agent: Agent, month_on: date, zone: str, parts: list[CurrencyPart]) -> dict[str, Any]:
    issuer = settings.current()
    now = clock.now()
    content = StatementContent(
        month=month_on.isoformat(),
        zone=zone,
        agent_name_zh=agent.name_zh,
        agent_name_en=agent.name_en,
        licence_number=agent.licence_number,
        issuer_name_zh=issuer.issuer_name_zh,
        issuer_name_en=issuer.issuer_name_en,
        made_at=now.isoformat(timespec="seconds"),
        parts=tuple(parts),
    )
    return {
        "id": new_id(),
        "agent_id": agent.id,
        "month_on": month_on,
        "content": statement.to_json(content),
        "made_at": now,
    }


def _balances(on: date, zone: str) -> Iterator[tuple[UUID, str, int]]:
    # Nothing of `_MOVED` is used here: the two prove each other.
    for row in db.session.execute(_BALANCES, {"at": clock.start_of(on, zone), "on": on}):
        yield row.agent_id, row.currency, int(row.balance)


def _entries(since: datetime, until: datetime) -> dict[str, UUID]:
    return {"first_entry": first_at(since - ID_AND_INSTANT), "last_entry": first_at(until + ID_AND_INSTANT)}


def _renewals(since: datetime, until: datetime) -> dict[str, UUID]:
    return {"first_renewal": first_at(since - SLOWEST_DELIVERY), "last_renewal": first_at(until)}


# Sums up to a snapshot that was taken on an earlier day, and the account's own transfers from there to the instant.
_BALANCES = text(
    """
    SELECT account.owner_id AS agent_id, account.currency,
           coalesce(credits_minor - debits_minor, 0) + coalesce(credited, 0) - coalesce(debited, 0) AS balance
    FROM ledger_accounts account
    LEFT JOIN LATERAL (
        SELECT last_transfer_id, debits_minor, credits_minor FROM ledger_snapshots
        WHERE account_id = account.id AND taken_on < :on
        ORDER BY last_transfer_id DESC LIMIT 1
    ) snapshot ON true
    CROSS JOIN LATERAL (
        SELECT sum(amount_minor) AS credited FROM ledger_transfers
        WHERE credit_account_id = account.id AND id > coalesce(last_transfer_id, 0) AND posted_at < :at
    ) incoming
    CROSS JOIN LATERAL (
        SELECT sum(amount_minor) AS debited FROM ledger_transfers
        WHERE debit_account_id = account.id AND id > coalesce(last_transfer_id, 0) AND posted_at < :at
    ) outgoing
    WHERE account.kind = 'commission_earned'
    """
)

# The ids of entries rise with time, so their index leads to the month's transfers; transfers have none by time.
# Every movement of earned commission falls under exactly one heading, so the headings sum to what the balance changed.
_MOVED = text(
    f"""
    WITH earned AS (
        SELECT id, owner_id, currency FROM ledger_accounts WHERE kind = 'commission_earned'
    ), moved AS (
        SELECT earned.owner_id AS agent_id, earned.currency, transfer.kind, subject_kind, subject_id, posted_at,
               amount_minor AS amount, transfer.debit_account_id AS counter_id
        FROM ledger_transfers transfer JOIN earned ON earned.id = transfer.credit_account_id
        WHERE entry_id >= :first_entry AND entry_id < :last_entry AND posted_at >= :since AND posted_at < :until
        UNION ALL
        SELECT earned.owner_id, earned.currency, transfer.kind, subject_kind, subject_id, posted_at,
               -amount_minor, transfer.credit_account_id
        FROM ledger_transfers transfer JOIN earned ON earned.id = transfer.debit_account_id
        WHERE entry_id >= :first_entry AND entry_id < :last_entry AND posted_at >= :since AND posted_at < :until
    )
    SELECT moved.agent_id, moved.currency, (posted_at AT TIME ZONE :zone)::date AS day,
           {headings.OF_MOVED} AS heading,
           sum(amount) AS amount
    FROM moved
    JOIN ledger_accounts counter ON counter.id = counter_id
    LEFT JOIN renewals ON renewals.id = subject_id AND moved.kind = 'deliver' AND counter.kind = 'commission_expense'
                      AND renewals.id >= :first_renewal AND renewals.id < :last_renewal
    GROUP BY 1, 2, 3, 4
    """
)

_SOLD = text(
    """
    SELECT agent_id, currency, (delivered_at AT TIME ZONE :zone)::date AS day, count(*) AS sales,
           sum(total_minor) AS amount
    FROM renewals
    WHERE id >= :first_renewal AND id < :last_renewal AND delivered_at >= :since AND delivered_at < :until
    GROUP BY 1, 2, 3
    """
)
