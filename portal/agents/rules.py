"""Add and remove rules and tiers of commission terms; each change is a new version of the terms."""

from dataclasses import replace
from uuid import UUID

from portal.agents import terms
from portal.agents.commission import Conditions, Rule, Tier
from portal.agents.models import CommissionTerms
from portal.core.actor import Actor


def add(*, agent_id: UUID | None, currency: str, rule: Rule, actor: Actor) -> CommissionTerms:
    """Add a rule behind the others of an agent's own terms, or of the default.

    Raises:
        InvalidInput: `rule_without_condition`, `rule_without_rate`, `rule_taken`, `rate_out_of_range`.
    """
    return terms.revise(
        agent_id=agent_id,
        currency=currency,
        change=lambda standing: replace(standing, rules=(*standing.rules, rule)),
        actor=actor,
    )


def remove(*, agent_id: UUID | None, currency: str, conditions: Conditions, actor: Actor) -> CommissionTerms:
    """Take away the rule with these conditions; one that is gone already makes no new version."""
    return terms.revise(
        agent_id=agent_id,
        currency=currency,
        change=lambda standing: replace(
            standing, rules=tuple(rule for rule in standing.rules if rule.conditions != conditions)
        ),
        actor=actor,
    )


def replace_all(*, agent_id: UUID | None, currency: str, rules: tuple[Rule, ...], actor: Actor) -> CommissionTerms:
    """Put these rules in force instead of all that stand, in one new version; the same ones make no new version.

    Raises:
        InvalidInput: as in `add`.
    """
    return terms.revise(
        agent_id=agent_id, currency=currency, change=lambda standing: replace(standing, rules=rules), actor=actor
    )


def add_tier(*, agent_id: UUID | None, currency: str, tier: Tier, actor: Actor) -> CommissionTerms:
    """Add a tier to an agent's own terms, or to the default.

    Raises:
        InvalidInput: `tier_taken`, `rate_out_of_range`, `amount_too_large`.
    """
    return terms.revise(
        agent_id=agent_id,
        currency=currency,
        change=lambda standing: replace(
            standing, tiers=tuple(sorted((*standing.tiers, tier), key=lambda one: one.from_minor))
        ),
        actor=actor,
    )


def remove_tier(*, agent_id: UUID | None, currency: str, from_minor: int, actor: Actor) -> CommissionTerms:
    """Take away the tier that begins at this volume; one that is gone already makes no new version."""
    return terms.revise(
        agent_id=agent_id,
        currency=currency,
        change=lambda standing: replace(
            standing, tiers=tuple(tier for tier in standing.tiers if tier.from_minor != from_minor)
        ),
        actor=actor,
    )
