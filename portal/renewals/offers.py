"""What a card can be renewed with: each fitting plan with its quote, signed and good for fifteen minutes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.cards.models import Card
from portal.catalogue.models import Plan, PlanVersion
from portal.core.db import db
from portal.promotions import choosing, finding
from portal.promotions.campaigns import Campaign
from portal.promotions.choosing import Candidate, Chosen, LaidOut, Sale, Unfit
from portal.renewals import earning, pricing, quoting
from portal.renewals.earning import Seller
from portal.renewals.errors import PlanNotForCard
from portal.renewals.pricing import PlanPrice, Quote


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan on sale for a card, what it costs now, and the token a form carries back to buy it at that price."""

    plan: PlanVersion
    quote: Quote
    signed: str
    promotion: Campaign | None = None
    """What lowers the price."""
    code_unfit: Unfit | None = None
    """Why the code that was given does nothing here; None when it does, or none was given."""


def for_card(card: Card, *, now: datetime, code: str = "") -> list[Offer]:
    """List what the card's agent can sell for it: its carrier's plans, in currencies the agent has terms for.

    Each at the promotion that takes off most: those that apply by themselves, and the one of the code.

    Raises:
        InvalidInput: `promotion_code_unknown`.
    """
    return _offers(card, now=now, code=code)


def one(card: Card, plan_code: str, *, now: datetime, code: str = "") -> Offer:
    """Quote one plan for a card.

    Raises:
        PlanNotForCard: no such plan is on sale for this card.
        InvalidInput: `promotion_code_unknown`.
    """
    found = _offers(card, Plan.code == plan_code, now=now, code=code)
    if not found:
        raise PlanNotForCard
    return found[0]


def _offers(card: Card, *conditions: ColumnElement[bool], now: datetime, code: str) -> list[Offer]:
    seller = earning.seller_of(card, now=now)
    candidates = finding.for_customer(agent_id=card.agent_id, customer_id=card.customer_id, code=code, now=now)
    laid = choosing.laid_out(candidates, agent_id=card.agent_id, now=now)
    coded = next((candidate for candidate in candidates if candidate.code), None)
    plans = db.session.scalars(
        select(PlanVersion)
        .join(PlanVersion.plan)
        .where(
            PlanVersion.superseded_at.is_(None),
            Plan.retired_at.is_(None),
            PlanVersion.carrier == card.carrier,
            PlanVersion.currency.in_(list(seller.in_force)),
            *conditions,
        )
        .order_by(PlanVersion.term.desc(), PlanVersion.regions, PlanVersion.price_minor)
    )
    return [_offer(card, plan, seller, laid, coded, now=now) for plan in plans]


def quote_again(card: Card, plan: PlanVersion, shown: Quote, *, now: datetime) -> Quote:
    """Price a plan anew, on sale or not, under the promotion that was shown, or none where it applies no more.

    The card's agent must have terms in the plan's currency.
    """
    candidates: list[Candidate] = []
    if shown.promotion_id is not None:
        candidates = finding.again(
            promotion_id=shown.promotion_id, code=shown.promotion_code, customer_id=card.customer_id
        )
    chosen = choosing.best(candidates, _sale(card, plan), now=now)
    return _quote(card, plan, earning.seller_of(card, now=now), chosen, now=now)


def _offer(
    card: Card, plan: PlanVersion, seller: Seller, laid: LaidOut, coded: Candidate | None, *, now: datetime
) -> Offer:
    sale = _sale(card, plan)
    chosen = choosing.best_of(laid, sale)
    quote = _quote(card, plan, seller, chosen, now=now)
    code_unfit = None
    if coded is not None and not quote.promotion_code:
        # One that fits and was not chosen would take off no more than the one that was.
        code_unfit = choosing.unfit(coded, sale, now=now) or Unfit.TAKES_NOTHING_OFF
    return Offer(plan, quote, quoting.sign(quote), chosen.promotion if chosen else None, code_unfit)


def _sale(card: Card, plan: PlanVersion) -> Sale:
    return Sale(agent_id=card.agent_id, plan_id=plan.plan_id, regions=plan.regions, price=plan.price)


def _quote(card: Card, plan: PlanVersion, seller: Seller, chosen: Chosen | None, *, now: datetime) -> Quote:
    terms, grounds = seller.earns(plan)
    return pricing.quote(
        card_id=card.id,
        plan=PlanPrice(plan.id, plan.price_minor, plan.cost_minor, plan.currency, plan.tax_bps),
        terms_id=seller.in_force[plan.currency].terms_id,
        terms_version=seller.in_force[plan.currency].version,
        terms=terms,
        grounds=grounds,
        now=now,
        promotion=chosen.given if chosen else None,
    )
