"""What a card can be renewed with: each fitting plan with its quote, signed and good for fifteen minutes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.agents.commission import Terms
from portal.agents.models import CommissionTerms
from portal.cards.models import Card
from portal.catalogue.models import Plan, PlanVersion
from portal.core.db import db
from portal.renewals import pricing, quoting
from portal.renewals.errors import PlanNotForCard
from portal.renewals.pricing import PlanPrice, Quote


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan on sale for a card, what it costs now, and the token a form carries back to buy it at that price."""

    plan: PlanVersion
    quote: Quote
    signed: str


def for_card(card: Card, *, now: datetime) -> list[Offer]:
    """List what the card's agent can sell for it: its carrier's plans, in currencies the agent has terms for."""
    return _offers(card, now=now)


def one(card: Card, plan_code: str, *, now: datetime) -> Offer:
    """Quote one plan for a card.

    Raises:
        PlanNotForCard: no such plan is on sale for this card.
    """
    found = _offers(card, Plan.code == plan_code, now=now)
    if not found:
        raise PlanNotForCard
    return found[0]


def _offers(card: Card, *conditions: ColumnElement[bool], now: datetime) -> list[Offer]:
    terms = _terms_of(card)
    plans = db.session.scalars(
        select(PlanVersion)
        .join(PlanVersion.plan)
        .where(
            PlanVersion.superseded_at.is_(None),
            Plan.retired_at.is_(None),
            PlanVersion.carrier == card.carrier,
            PlanVersion.currency.in_(list(terms)),
            *conditions,
        )
        .order_by(PlanVersion.term.desc(), PlanVersion.regions, PlanVersion.price_minor)
    )
    return [_offer(card, plan, terms[plan.currency], now=now) for plan in plans]


def _offer(card: Card, plan: PlanVersion, terms: CommissionTerms, *, now: datetime) -> Offer:
    quote = pricing.quote(
        card_id=card.id,
        plan=PlanPrice(plan.id, plan.price_minor, plan.cost_minor, plan.currency, plan.tax_bps),
        terms_id=terms.id,
        terms_version=terms.version,
        terms=Terms(terms.fee_bps, terms.fee_fixed_minor, terms.fee_min_minor, terms.fee_max_minor, terms.share_bps),
        now=now,
    )
    return Offer(plan, quote, quoting.sign(quote))


def _terms_of(card: Card) -> dict[str, CommissionTerms]:
    rows = db.session.scalars(
        select(CommissionTerms)
        .where(
            CommissionTerms.superseded_at.is_(None),
            (CommissionTerms.agent_id == card.agent_id) | (CommissionTerms.agent_id.is_(None)),
        )
        .order_by(CommissionTerms.agent_id.nulls_first())
    )
    return {terms.currency: terms for terms in rows}  # the agent's own come last and win over the default
