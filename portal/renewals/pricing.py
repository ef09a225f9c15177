"""Price a renewal: pure, values in, a frozen quote out; the only place that rounds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.agents import commission
from portal.agents.commission import PLAIN, Grounds, Terms
from portal.core.money import BPS, Money, round_half_up
from portal.promotions import discounting
from portal.promotions.discounting import Discounting

QUOTE_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PlanPrice:
    """A plan version as pricing needs it: tax-included price and carrier's cost in minor units, tax in bps."""

    plan_version_id: UUID
    price_minor: int
    cost_minor: int
    currency: str
    tax_bps: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A price for one card and plan: every line in minor units of one currency, rounded, and how long it holds."""

    card_id: UUID
    plan_version_id: UUID
    terms_id: UUID
    terms_version: int
    currency: str
    price_minor: int
    discount_minor: int
    base_minor: int
    tax_minor: int
    tax_bps: int
    fee_minor: int
    share_minor: int
    total_minor: int
    override_minor: int
    grounds: Grounds
    cost_minor: int
    promotion_id: UUID | None
    promotion_code: str
    expires_at: datetime

    @property
    def total(self) -> Money:
        """What the customer pays."""
        return Money(self.total_minor, self.currency)

    def says_the_same_as(self, other: "Quote") -> bool:
        """Whether both name the same card, plan, terms and amounts; expiry aside."""
        return self.promise == other.promise

    @property
    def promise(self) -> tuple[object, ...]:
        """Everything a person agreed to when they saw this quote."""
        return (
            self.card_id,
            self.plan_version_id,
            self.terms_id,
            self.currency,
            self.price_minor,
            self.discount_minor,
            self.fee_minor,
            self.share_minor,
            self.grounds.is_first,
            self.grounds.parent_id,
            self.override_minor,
            self.total_minor,
            self.promotion_id,
            self.promotion_code,
        )


@dataclass(frozen=True, slots=True)
class Amounts:
    """The rounded lines of a price, in minor units of one currency."""

    price_minor: int
    discount_minor: int
    base_minor: int
    tax_minor: int
    fee_minor: int
    share_minor: int
    override_minor: int
    total_minor: int


def amounts(
    *, price_minor: int, tax_bps: int, terms: Terms, override_bps: int = 0, promotion: Discounting | None = None
) -> Amounts:
    """Work out every line: discount off the price, tax inside the base, fee on top, share and override out of it."""
    discount = discounting.discount(price_minor, promotion)
    base = price_minor - discount
    tax = round_half_up(base * tax_bps, BPS + tax_bps)
    fee, share = commission.fee(base, terms), commission.share(base, terms)
    return Amounts(
        price_minor=price_minor,
        discount_minor=discount,
        base_minor=base,
        tax_minor=tax,
        fee_minor=fee,
        share_minor=share,
        override_minor=commission.override(base, left_minor=base - tax - share, override_bps=override_bps),
        total_minor=base + fee,
    )


def quote(
    *,
    card_id: UUID,
    plan: PlanPrice,
    terms_id: UUID,
    terms_version: int,
    terms: Terms,
    now: datetime,
    grounds: Grounds = PLAIN,
    promotion: Discounting | None = None,
) -> Quote:
    """Price one plan for one card, good for fifteen minutes from `now`."""
    lines = amounts(
        price_minor=plan.price_minor,
        tax_bps=plan.tax_bps,
        terms=terms,
        override_bps=grounds.override_bps,
        promotion=promotion,
    )
    return Quote(
        card_id=card_id,
        plan_version_id=plan.plan_version_id,
        terms_id=terms_id,
        terms_version=terms_version,
        currency=plan.currency,
        price_minor=lines.price_minor,
        discount_minor=lines.discount_minor,
        base_minor=lines.base_minor,
        tax_minor=lines.tax_minor,
        tax_bps=plan.tax_bps,
        fee_minor=lines.fee_minor,
        share_minor=lines.share_minor,
        override_minor=lines.override_minor,
        grounds=grounds,
        total_minor=lines.total_minor,
        cost_minor=plan.cost_minor,
        promotion_id=promotion.promotion_id if promotion else None,
        promotion_code=promotion.code if promotion else "",
        expires_at=now + QUOTE_LIFETIME,
    )
