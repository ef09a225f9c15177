"""Price a renewal: pure, values in, a frozen quote out; the only place that rounds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from portal.agents import commission
from portal.agents.commission import Terms
from portal.core.money import BPS, Money, round_half_up

QUOTE_LIFETIME = timedelta(minutes=15)


class PromotionKind(StrEnum):
    """How a promotion lowers a price."""

    PERCENT = "percent"
    """A rate of the price, with an optional cap."""
    FIXED = "fixed"
    """An amount, at most the price."""


@dataclass(frozen=True, slots=True)
class Discounting:
    """What one promotion code gives: `bps` and `cap_minor` for a rate, `amount_minor` for a fixed sum."""

    kind: PromotionKind
    code: str = ""
    bps: int = 0
    cap_minor: int | None = None
    amount_minor: int = 0


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
    cost_minor: int
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
            self.total_minor,
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
    total_minor: int


def amounts(*, price_minor: int, tax_bps: int, terms: Terms, promotion: Discounting | None = None) -> Amounts:
    """Work out every line: discount off the price, tax inside the base, fee on top, share out of the base."""
    discount = _discount(price_minor, promotion)
    base = price_minor - discount
    fee = commission.fee(base, terms)
    return Amounts(
        price_minor=price_minor,
        discount_minor=discount,
        base_minor=base,
        tax_minor=round_half_up(base * tax_bps, BPS + tax_bps),
        fee_minor=fee,
        share_minor=commission.share(base, terms),
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
    promotion: Discounting | None = None,
) -> Quote:
    """Price one plan for one card, good for fifteen minutes from `now`."""
    lines = amounts(price_minor=plan.price_minor, tax_bps=plan.tax_bps, terms=terms, promotion=promotion)
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
        total_minor=lines.total_minor,
        cost_minor=plan.cost_minor,
        promotion_code=promotion.code if promotion else "",
        expires_at=now + QUOTE_LIFETIME,
    )


def _discount(price_minor: int, promotion: Discounting | None) -> int:
    if promotion is None:
        return 0
    if promotion.kind is PromotionKind.FIXED:
        wanted = promotion.amount_minor
    else:
        wanted = round_half_up(price_minor * promotion.bps, BPS)
        if promotion.cap_minor is not None:
            wanted = min(wanted, promotion.cap_minor)
    return min(wanted, price_minor)
