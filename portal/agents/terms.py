"""Change commission terms: each change is a new version, and renewals keep the one they were sold under."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from portal.agents import queries, schemes
from portal.agents.commission import Rule, Scheme, Terms, Tier
from portal.agents.models import CommissionRule, CommissionTerms, CommissionTier
from portal.audit import log
from portal.core import clock, turns
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.ids import new_id
from portal.core.money import BPS, MAX_MINOR, check_currency
from portal.ledger import chart

LONGEST_HOLD = 365
"""Days that a commission can be held at most."""


def change(*, agent_id: UUID, currency: str, terms: Terms, actor: Actor) -> CommissionTerms:
    """Set an agent's own terms in a currency; its rules and tiers go on. The terms it has make no new version.

    Raises:
        InvalidInput: `currency_unknown`, `rate_out_of_range`, `amount_negative`, `amount_too_large`, `fee_bounds`,
            `hold_days_range`.
    """
    return revise(
        agent_id=agent_id, currency=currency, change=lambda standing: replace(standing, terms=terms), actor=actor
    )


def change_default(*, currency: str, terms: Terms, actor: Actor) -> CommissionTerms:
    """Set the terms of every agent that has none of its own in a currency.

    Raises:
        InvalidInput: as in `change`.
    """
    return revise(agent_id=None, currency=currency, change=lambda standing: replace(standing, terms=terms), actor=actor)


def revise(
    *, agent_id: UUID | None, currency: str, change: Callable[[Scheme], Scheme], actor: Actor
) -> CommissionTerms:
    """Put in force what `change` makes of an agent's own terms, or of the default; an agent's accounts are opened.

    `change` gets what stands while nobody else can change it; terms that nobody set yet are all zero.

    Raises:
        InvalidInput: as in `check`.
    """
    check_currency(currency)
    _wait(agent_id, currency)
    standing = queries.own_terms(agent_id, currency)
    before = schemes.of([standing])[standing.id] if standing else Scheme(Terms())
    after = change(before)
    check(after)
    if standing is not None and after == before:
        return standing
    if standing is not None:
        standing.superseded_at = clock.now()
        db.session.flush()  # one version is current at a time: the unique index sees this before the next line
    changed = _write(agent_id, currency, after)
    if agent_id:
        chart.open_accounts([chart.agent_wallet(agent_id), chart.commission_earned(agent_id)], currency)
    log.record(
        actor=actor,
        act="agents.change_terms" if agent_id else "agents.change_default_terms",
        subject=("agent" if agent_id else "commission_terms", agent_id or changed.id),
        before=_facts(before, beside=after) if standing else None,
        after={"currency": currency, "version": changed.version, **_facts(after, beside=before)},
    )
    return changed


def end_own(*, agent_id: UUID, currency: str, actor: Actor) -> None:
    """Put an agent back on the operator's default terms in a currency; its wallet stays."""
    _wait(agent_id, currency)
    standing = queries.own_terms(agent_id, currency)
    if standing is None:
        return
    standing.superseded_at = clock.now()
    db.session.flush()
    log.record(
        actor=actor,
        act="agents.end_terms",
        subject=("agent", agent_id),
        before={"currency": currency, "version": standing.version, **asdict(queries.terms_of(standing))},
    )


def check(scheme: Scheme) -> None:
    """Refuse terms that cannot be.

    Raises:
        InvalidInput: `rate_out_of_range`, `amount_negative`, `amount_too_large`, `fee_bounds`, `hold_days_range`,
            `rule_without_condition`, `rule_without_rate`, `rule_taken`, `tier_taken`.
    """
    _check_terms(scheme.terms)
    for rule in scheme.rules:
        _check_rule(rule)
    if len({rule.conditions for rule in scheme.rules}) < len(scheme.rules):
        raise InvalidInput(field="sale", reason="rule_taken")
    for tier in scheme.tiers:
        _check_tier(tier)
    if len({tier.from_minor for tier in scheme.tiers}) < len(scheme.tiers):
        raise InvalidInput(field="from_minor", reason="tier_taken")


def _check_terms(terms: Terms) -> None:
    for field in ("fee_bps", "share_bps"):
        _check_rate(getattr(terms, field), field=field)
    for field in ("fee_fixed_minor", "fee_min_minor", "fee_max_minor"):
        amount = getattr(terms, field) or 0
        if amount < 0:
            raise InvalidInput(field=field, reason="amount_negative")
        if amount > MAX_MINOR:
            raise InvalidInput(field=field, reason="amount_too_large")
    if terms.fee_max_minor is not None and terms.fee_max_minor < (terms.fee_min_minor or 0):
        raise InvalidInput(field="fee_max_minor", reason="fee_bounds")
    if not 0 <= terms.hold_days <= LONGEST_HOLD:
        raise InvalidInput(field="hold_days", reason="hold_days_range", most=LONGEST_HOLD)


def _check_rule(rule: Rule) -> None:
    if not rule.conditions.weight:
        raise InvalidInput(field="plan", reason="rule_without_condition")
    if rule.fee_bps is None and rule.share_bps is None:
        raise InvalidInput(field="share_bps", reason="rule_without_rate")
    _check_rate(rule.fee_bps or 0, field="fee_bps")
    _check_rate(rule.share_bps or 0, field="share_bps")


def _check_tier(tier: Tier) -> None:
    _check_rate(tier.extra_bps, field="extra_bps", least=1)
    if tier.from_minor <= 0:
        raise InvalidInput(field="from_minor", reason="amount_negative")
    if tier.from_minor > MAX_MINOR:
        raise InvalidInput(field="from_minor", reason="amount_too_large")


def _check_rate(bps: int, *, field: str, least: int = 0) -> None:
    if not least <= bps <= BPS:
        raise InvalidInput(field=field, reason="rate_out_of_range")


def _write(agent_id: UUID | None, currency: str, scheme: Scheme) -> CommissionTerms:
    written = CommissionTerms(
        id=new_id(),
        agent_id=agent_id,
        currency=currency,
        version=queries.last_version(agent_id, currency) + 1,
        **asdict(scheme.terms),
    )
    db.session.add(written)
    db.session.flush()  # rules and tiers name it
    db.session.add_all(
        CommissionRule(
            terms_id=written.id,
            position=position,
            plan_id=rule.conditions.plan_id,
            region=rule.conditions.region,
            term=rule.conditions.term,
            sale=rule.conditions.sale,
            fee_bps=rule.fee_bps,
            share_bps=rule.share_bps,
        )
        for position, rule in enumerate(scheme.rules, start=1)
    )
    db.session.add_all(
        CommissionTier(terms_id=written.id, from_minor=tier.from_minor, extra_bps=tier.extra_bps)
        for tier in scheme.tiers
    )
    db.session.flush()
    return written


def _facts(scheme: Scheme, *, beside: Scheme) -> dict[str, Any]:
    facts = asdict(scheme.terms)
    if scheme.rules != beside.rules:
        facts["rules"] = [_rule_words(rule) for rule in scheme.rules if rule not in beside.rules]
    if scheme.tiers != beside.tiers:
        facts["tiers"] = [_tier_words(tier) for tier in scheme.tiers if tier not in beside.tiers]
    return facts


def _rule_words(rule: Rule) -> str:
    values = {**asdict(rule.conditions), "fee_bps": rule.fee_bps, "share_bps": rule.share_bps}
    return " ".join(f"{name}={value}" for name, value in values.items() if value is not None)


def _tier_words(tier: Tier) -> str:
    return f"from_minor={tier.from_minor} extra_bps={tier.extra_bps}"


def _wait(agent_id: UUID | None, currency: str) -> None:
    # Two admins at once would both read version 3 and both write version 4.
    turns.wait_for(f"commission_terms:{agent_id or 'default'}:{currency}")
