"""What each version of terms says in full, as the pure rules take it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from portal.agents import queries
from portal.agents.commission import Conditions, Rule, Scheme, Tier, Upline
from portal.agents.models import Agent, CommissionRule, CommissionTerms, CommissionTier
from portal.core.db import db

MOST_KEPT = 1_000
"""Versions of terms whose schemes a process keeps: more are dropped and read again."""

_kept: dict[UUID, Scheme] = {}
"""By version: what one says never changes."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A version of terms that an agent sells under, with all that it says."""

    terms_id: UUID
    version: int
    currency: str
    scheme: Scheme


def in_force(agent_id: UUID) -> dict[str, InForce]:
    """Give what an agent sells under, by currency: its own terms, and the operator's default where it has none."""
    rows = queries.all_terms_in_force(agent_id)
    said = kept(rows)
    return {row.currency: InForce(row.id, row.version, row.currency, said[row.id]) for row in rows}


def kept(rows: Collection[CommissionTerms]) -> dict[UUID, Scheme]:
    """Give what versions of terms say, by their ids, from this process's memory where it was read before."""
    said = {row.id: _kept[row.id] for row in rows if row.id in _kept}
    if missing := [row for row in rows if row.id not in said]:
        read = of(missing)
        if len(_kept) + len(read) > MOST_KEPT:
            _kept.clear()
        _kept.update(read)
        said |= read
    return said


def of(rows: Collection[CommissionTerms]) -> dict[UUID, Scheme]:
    """Give what versions of terms say, by their ids; rules in their order, tiers from the lowest."""
    ids = [row.id for row in rows]
    rules: defaultdict[UUID, list[Rule]] = defaultdict(list)
    for rule in db.session.scalars(
        select(CommissionRule).where(CommissionRule.terms_id.in_(ids)).order_by(CommissionRule.position)
    ):
        rules[rule.terms_id].append(rule_of(rule))
    tiers: defaultdict[UUID, list[Tier]] = defaultdict(list)
    for tier in db.session.scalars(
        select(CommissionTier).where(CommissionTier.terms_id.in_(ids)).order_by(CommissionTier.from_minor)
    ):
        tiers[tier.terms_id].append(Tier(tier.from_minor, tier.extra_bps))
    return {row.id: Scheme(queries.terms_of(row), tuple(rules[row.id]), tuple(tiers[row.id])) for row in rows}


def rules_by_id(rule_ids: Collection[UUID]) -> dict[UUID, Rule]:
    """Give rules by id, those of old versions too."""
    if not rule_ids:
        return {}
    rows = db.session.scalars(select(CommissionRule).where(CommissionRule.id.in_(rule_ids)))
    return {row.id: rule_of(row) for row in rows}


def rule_of(row: CommissionRule) -> Rule:
    """Give a stored rule as the pure rules take it."""
    return Rule(
        Conditions(row.plan_id, row.region, row.term, row.sale), fee_bps=row.fee_bps, share_bps=row.share_bps, id=row.id
    )


def upline_of(agent: Agent) -> Upline | None:
    """Give who stands above an agent and what they earn; None for one that stands alone."""
    return Upline(agent.parent_id, agent.override_bps) if agent.parent_id else None
