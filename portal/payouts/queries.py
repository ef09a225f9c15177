"""Payouts, runs and statements as pages read them."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.core.db import db, existing
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.core.pages import Page, newest_first
from portal.payouts.models import (
    AgentBankAccount,
    Payout,
    PayoutConditions,
    PayoutRun,
    PayoutRunState,
    PayoutState,
    Statement,
)


def of_agent(agent_id: UUID, *, older: str | None = None, newer: str | None = None) -> Page[Payout]:
    """Page through an agent's payouts, the newest first."""
    return newest_first(select(Payout).where(Payout.agent_id == agent_id), Payout.id, older=older, newer=newer)


def by_id(payout_id: UUID) -> Payout:
    """Give a payout.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Payout, payout_id))


def references_of(payout_ids: Collection[UUID]) -> dict[UUID, tuple[str, UUID | None]]:
    """Give the references of the payouts among some ids, each with the id of its run, if it is in one."""
    rows = db.session.execute(select(Payout.id, Payout.reference, Payout.run_id).where(Payout.id.in_(payout_ids)))
    return {row.id: (row.reference, row.run_id) for row in rows}


def references_of_runs(run_ids: Collection[UUID]) -> dict[UUID, str]:
    """Give the references of the runs among some ids."""
    rows = db.session.execute(select(PayoutRun.id, PayoutRun.reference).where(PayoutRun.id.in_(run_ids)))
    return {row.id: row.reference for row in rows}


def bank_accounts_of(agent_id: UUID) -> dict[str, AgentBankAccount]:
    """Give an agent's bank accounts by currency."""
    found = db.session.scalars(select(AgentBankAccount).where(AgentBankAccount.agent_id == agent_id))
    return {account.currency: account for account in found}


def bank_accounts_in(currency: str, agent_ids: Collection[UUID]) -> dict[UUID, AgentBankAccount]:
    """Give the bank accounts of some agents for a currency, as they stand now, by agent."""
    found = db.session.scalars(
        select(AgentBankAccount).where(AgentBankAccount.currency == currency, AgentBankAccount.agent_id.in_(agent_ids))
    )
    return {account.agent_id: account for account in found}


def requested() -> dict[str, list[Payout]]:
    """List the payouts that wait for a run by currency, the oldest first, each with its agent."""
    payouts = db.session.scalars(
        select(Payout)
        .where(Payout.state == PayoutState.REQUESTED)
        .options(joinedload(Payout.agent))
        .order_by(Payout.currency, Payout.id)
    )
    found: dict[str, list[Payout]] = {}
    for payout in payouts:
        found.setdefault(payout.currency, []).append(payout)
    return found


def count_requested() -> int:
    """Count the payouts that wait for a run."""
    return db.session.scalar(select(func.count()).where(Payout.state == PayoutState.REQUESTED)) or 0


def count_runs(state: PayoutRunState) -> int:
    """Count the runs in a state."""
    return db.session.scalar(select(func.count()).where(PayoutRun.state == state)) or 0


def run(run_id: UUID) -> PayoutRun:
    """Give a run.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(PayoutRun, run_id, populate_existing=True))


def runs(*, older: str | None = None, newer: str | None = None) -> Page[PayoutRun]:
    """Page through the runs, the newest first."""
    return newest_first(select(PayoutRun), PayoutRun.id, older=older, newer=newer)


def sums_of_runs(run_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    """Tell of each run how many payouts it holds and their sum in minor units, refused ones aside."""
    rows = db.session.execute(
        select(Payout.run_id, func.count(), func.sum(Payout.amount_minor))
        .where(Payout.run_id.in_(run_ids), Payout.state != PayoutState.REFUSED)
        .group_by(Payout.run_id)
    )
    return {run_id: (count, int(total)) for run_id, count, total in rows if run_id is not None}


def in_run(run_id: UUID) -> Sequence[Payout]:
    """List the payouts of a run, each with its agent."""
    return db.session.scalars(
        select(Payout).where(Payout.run_id == run_id).options(joinedload(Payout.agent)).order_by(Payout.id)
    ).all()


def left_to_pay(run: PayoutRun) -> Money:
    """Sum what a run has still to pay."""
    total = db.session.scalar(
        select(func.coalesce(func.sum(Payout.amount_minor), 0)).where(
            Payout.run_id == run.id, Payout.state.in_((PayoutState.IN_RUN, PayoutState.APPROVED))
        )
    )
    return Money(int(total or 0), run.currency)


def all_conditions() -> Sequence[PayoutConditions]:
    """List the conditions that were set, by currency."""
    return db.session.scalars(select(PayoutConditions).order_by(PayoutConditions.currency)).all()


def statements_of(agent_id: UUID, *, limit: int = 24) -> Sequence[Statement]:
    """List an agent's latest statements, the newest month first."""
    return db.session.scalars(
        select(Statement).where(Statement.agent_id == agent_id).order_by(Statement.month_on.desc()).limit(limit)
    ).all()


def statement(statement_id: UUID) -> Statement:
    """Give a statement.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Statement, statement_id, populate_existing=True))


def statement_for_agent(agent_id: UUID, statement_id: UUID) -> Statement:
    """Give an agent's statement.

    Raises:
        NotFound: there is none, or it is another agent's.
    """
    found = statement(statement_id)
    if found.agent_id != agent_id:
        raise NotFound
    return found


def months() -> Sequence[date]:
    """List the months that have statements, the newest first, by their first days."""
    return db.session.scalars(select(Statement.month_on).distinct().order_by(Statement.month_on.desc())).all()


def statements_of_month(month_on: date, *, older: str | None = None, newer: str | None = None) -> Page[Statement]:
    """Page through the statements of a month, each with its agent."""
    query = select(Statement).where(Statement.month_on == month_on).options(joinedload(Statement.agent))
    return newest_first(query, Statement.id, older=older, newer=newer)
