"""Choose the promotion of a sale: pure; at most one applies, the one that takes off most."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from portal.core.money import Money
from portal.promotions import discounting
from portal.promotions.discounting import Discounting, PromotionKind
from portal.promotions.models import Promotion


class Unfit(StrEnum):
    """Why a promotion does not apply to a sale."""

    NOT_OPEN = "not_open"
    """It has not begun, is over, or was ended."""
    USED_UP = "used_up"
    """It or its code was used as often as it may be."""
    USED_BY_CUSTOMER = "used_by_customer"
    """This customer used it as often as one may."""
    NOT_FIRST = "not_first"
    """It is for customers who never bought."""
    OTHER_AGENT = "other_agent"
    """Other agents offer it."""
    OTHER_PLAN = "other_plan"
    """It is for other plans, regions or currencies."""
    PRICE_TOO_LOW = "price_too_low"
    """The plan costs less than it asks for."""
    TAKES_NOTHING_OFF = "takes_nothing_off"
    """It would not lower this price, or another one lowers it as much."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One plan that an agent is about to sell, at its price in minor units."""

    agent_id: UUID
    plan_id: UUID
    regions: Sequence[str]
    price: Money


@dataclass(frozen=True, slots=True)
class Candidate:
    """A promotion that may apply to a customer, and what is known of its uses."""

    promotion: Promotion
    code: str = ""
    """The code that was given, as `codes.normal` writes it."""
    is_code_used_up: bool = False
    times_used: int = 0
    """How often this person used it; counted where it limits that only."""
    is_first: bool = True
    """Whether the person never bought before, from any agent."""
    smaller_price_minor: int | None = None
    """Today's price of the plan that a bonus is paid at; None when it is not on sale."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The promotion of a sale and what it gives."""

    promotion: Promotion
    given: Discounting


def unfit(candidate: Candidate, sale: Sale, *, now: datetime) -> Unfit | None:
    """Tell why a promotion does not apply; None when it does."""
    why = _refused(candidate, sale, now)
    if why is None and not discounting.discount(sale.price.minor, _given(candidate, sale)):
        return Unfit.TAKES_NOTHING_OFF
    return why


def best(candidates: Iterable[Candidate], sale: Sale, *, now: datetime) -> Chosen | None:
    """Give the promotion that takes off most; of two alike, one without a code, so that no code is spent for nothing.

    Of two alike otherwise, the older.
    """
    chosen, chosen_rank = None, (0, False, UUID(int=0))
    for candidate in candidates:
        if _refused(candidate, sale, now) is None:
            given = _given(candidate, sale)
            taken_off = discounting.discount(sale.price.minor, given)
            rank = (-taken_off, candidate.code != "", candidate.promotion.id)
            if taken_off and rank < chosen_rank:
                chosen, chosen_rank = Chosen(candidate.promotion, given), rank
    return chosen


def _refused(candidate: Candidate, sale: Sale, now: datetime) -> Unfit | None:
    promotion = candidate.promotion
    if not promotion.is_open_at(now):
        return Unfit.NOT_OPEN
    if not _is_for_plan(promotion, sale):
        return Unfit.OTHER_PLAN
    if (agents := promotion.agent_ids) and sale.agent_id not in agents:
        return Unfit.OTHER_AGENT
    if sale.price.minor < promotion.least_price_minor:
        return Unfit.PRICE_TOO_LOW
    if promotion.is_first_time_only and not candidate.is_first:
        return Unfit.NOT_FIRST
    if promotion.is_used_up or candidate.is_code_used_up:
        return Unfit.USED_UP
    most = promotion.most_per_customer
    if most is not None and candidate.times_used >= most:
        return Unfit.USED_BY_CUSTOMER
    return None


def _is_for_plan(promotion: Promotion, sale: Sale) -> bool:
    plans, regions = promotion.plan_ids, promotion.regions
    return (
        promotion.currency == sale.price.currency
        and (not plans or sale.plan_id in plans)
        and (not regions or not set(regions).isdisjoint(sale.regions))
    )


def _given(candidate: Candidate, sale: Sale) -> Discounting:
    promotion = candidate.promotion
    amount = promotion.amount_minor
    if promotion.kind is PromotionKind.BONUS_DATA:
        smaller = candidate.smaller_price_minor
        amount = 0 if smaller is None else max(sale.price.minor - smaller, 0)
    return Discounting(
        kind=promotion.kind,
        code=candidate.code,
        bps=promotion.bps,
        cap_minor=promotion.cap_minor,
        amount_minor=amount,
        promotion_id=promotion.id,
    )
