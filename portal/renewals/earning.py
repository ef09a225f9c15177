"""What an agent earns by selling now: its terms with their rules, the tier it has reached, and who stands above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select

from portal.agents import commission, schemes
from portal.agents.commission import Grounds, Sale, SaleKind, Terms, Upline
from portal.agents.models import Agent
from portal.agents.schemes import InForce
from portal.cards.models import Card
from portal.catalogue.models import PlanVersion
from portal.core import settings
from portal.core.db import db
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState

GIVEN_BACK = (RenewalState.CANCELLED, RenewalState.REFUSED, RenewalState.RETURNED, RenewalState.REFUNDED)
"""What was never sold in the end, and so is no first sale either; place_renewal.sql says the same."""


@dataclass(frozen=True, slots=True)
class Seller:
    """All that decides what one agent earns on one card."""

    in_force: Mapping[str, InForce]
    """By currency."""
    upline: Upline | None
    kind: SaleKind
    delivered_minor: Mapping[str, int]
    """Base of what was delivered in this calendar month (operator's zone), by currency; only where tiers ask for it."""

    def earns(self, plan: PlanVersion) -> tuple[Terms, Grounds]:
        """Give the rates for a plan, and why."""
        sale = Sale(
            plan_id=plan.plan_id,
            regions=plan.regions,
            term=plan.term,
            kind=self.kind,
            delivered_minor=self.delivered_minor.get(plan.currency, 0),
        )
        return commission.resolve(self.in_force[plan.currency].scheme, sale, upline=self.upline)


def seller_of(card: Card, *, now: datetime) -> Seller:
    """Find all that decides what a card's agent earns on it at an instant."""
    in_force = schemes.in_force(card.agent_id)
    asks_for_sale = any(one.scheme.asks_for_sale for one in in_force.values())
    return Seller(
        in_force=in_force,
        upline=schemes.upline_of(db.session.get_one(Agent, card.agent_id)),
        kind=_sale_of(card.id) if asks_for_sale else SaleKind.AGAIN,
        delivered_minor={
            currency: delivered_minor(card.agent_id, currency, now=now)
            for currency, one in in_force.items()
            if one.scheme.tiers
        },
    )


def delivered_minor(agent_id: UUID, currency: str, *, now: datetime) -> int:
    """Sum the base of what an agent delivered in the calendar month of the operator's zone, refunded ones aside."""
    delivered = db.session.scalar(
        select(func.sum(Renewal.base_minor)).where(
            Renewal.agent_id == agent_id,
            Renewal.currency == currency,
            Renewal.delivered_at >= month_of(now, settings.current().time_zone),
            Renewal.delivered_at <= now,
            Renewal.state != RenewalState.REFUNDED,
        )
    )
    return int(delivered or 0)  # a sum of bigints is a Decimal


def month_of(at: datetime, zone: str) -> datetime:
    """Give the instant at which the calendar month of an instant began in the named zone."""
    local = at.astimezone(ZoneInfo(zone))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _sale_of(card_id: UUID) -> SaleKind:
    stands = db.session.scalar(select(exists().where(Renewal.card_id == card_id, Renewal.state.not_in(GIVEN_BACK))))
    return SaleKind.AGAIN if stands else SaleKind.FIRST
