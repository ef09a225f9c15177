"""Agents and their terms as pages read them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select

from portal.agents.commission import Terms
from portal.agents.models import Agent, AgentStatus, CommissionTerms
from portal.core import names
from portal.core.db import db, existing
from portal.core.pages import Page, newest_first


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """What somebody looks for; empty and None mean anything. `text` is in a name, the licence or the contact."""

    text: str = ""
    status: AgentStatus | None = None


def by_id(agent_id: UUID) -> Agent:
    """Give an agent.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Agent, agent_id))


def by_ids(agent_ids: Collection[UUID]) -> dict[UUID, Agent]:
    """Give several agents by id; those that do not stand are left out."""
    if not agent_ids:
        return {}
    return {agent.id: agent for agent in db.session.scalars(select(Agent).where(Agent.id.in_(agent_ids)))}


def matching(wanted: AgentFilter, *, older: str | None = None, newer: str | None = None) -> Page[Agent]:
    """Page through agents, the newest first."""
    query = select(Agent)
    if text := names.searchable(wanted.text):
        places = (Agent.name_zh, Agent.name_en, Agent.licence_number, Agent.contact_name, Agent.contact_email)
        query = query.where(or_(*(place.icontains(text, autoescape=True) for place in places)))
    if wanted.status:
        query = query.where(Agent.status == wanted.status)
    return newest_first(query, Agent.id, older=older, newer=newer)


def count_by_status() -> dict[AgentStatus, int]:
    """Count agents by status, for the operator's home page; every status is named."""
    rows = db.session.execute(select(Agent.status, func.count()).group_by(Agent.status))
    counted = dict(rows.all())
    return {status: counted.get(status, 0) for status in AgentStatus}


def terms_in_force(agent_id: UUID, currency: str) -> CommissionTerms | None:
    """Give the terms that a renewal in the currency is sold under: the agent's own, else the operator's default."""
    return next((terms for terms in all_terms_in_force(agent_id) if terms.currency == currency), None)


def own_terms(agent_id: UUID | None, currency: str) -> CommissionTerms | None:
    """Give an agent's own current terms in a currency; of no agent, the operator's default."""
    return db.session.scalar(
        select(CommissionTerms).where(
            CommissionTerms.agent_id.is_not_distinct_from(agent_id),
            CommissionTerms.currency == currency,
            CommissionTerms.superseded_at.is_(None),
        )
    )


def current_terms(agent_id: UUID | None) -> Sequence[CommissionTerms]:
    """List an agent's own current terms by currency; of no agent, the operator's defaults."""
    return db.session.scalars(
        select(CommissionTerms)
        .where(CommissionTerms.agent_id.is_not_distinct_from(agent_id), CommissionTerms.superseded_at.is_(None))
        .order_by(CommissionTerms.currency)
    ).all()


def all_terms_in_force(agent_id: UUID) -> Sequence[CommissionTerms]:
    """List the terms an agent sells under by currency: its own, and the operator's default where it has none."""
    owner = CommissionTerms.agent_id
    query = select(CommissionTerms).where(
        or_(owner == agent_id, owner.is_(None)), CommissionTerms.superseded_at.is_(None)
    )
    # The defaults come first, so that its own take their place.
    by_currency = {terms.currency: terms for terms in db.session.scalars(query.order_by(owner.nulls_first()))}
    return [by_currency[currency] for currency in sorted(by_currency)]


def terms_history(agent_id: UUID | None) -> Sequence[CommissionTerms]:
    """List every version of an agent's own terms, or of the default, the newest first."""
    query = select(CommissionTerms).where(CommissionTerms.agent_id.is_not_distinct_from(agent_id))
    return db.session.scalars(query.order_by(CommissionTerms.currency, CommissionTerms.version.desc())).all()


def terms_by_id(terms_id: UUID) -> CommissionTerms:
    """Give one version of terms, in force or not.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(CommissionTerms, terms_id))


def terms_by_ids(terms_ids: Collection[UUID]) -> dict[UUID, CommissionTerms]:
    """Give several versions of terms by id, in force or not."""
    if not terms_ids:
        return {}
    rows = db.session.scalars(select(CommissionTerms).where(CommissionTerms.id.in_(terms_ids)))
    return {terms.id: terms for terms in rows}


def last_version(agent_id: UUID | None, currency: str) -> int:
    """Tell the highest version of terms so far; 0 when there is none."""
    return (
        db.session.scalar(
            select(func.max(CommissionTerms.version)).where(
                CommissionTerms.agent_id.is_not_distinct_from(agent_id), CommissionTerms.currency == currency
            )
        )
        or 0
    )


def terms_of(row: CommissionTerms) -> Terms:
    """Give a version's rates and bounds as the values that pricing takes."""
    return Terms(row.fee_bps, row.fee_fixed_minor, row.fee_min_minor, row.fee_max_minor, row.share_bps, row.hold_days)
