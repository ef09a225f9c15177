"""Choose the promotion of a sale: pure; at most one applies, the one that takes off most."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from uuid import UUID

from portal.core.money import Money
from portal.promotions import discounting
from portal.promotions.campaigns import Campaign
from portal.promotions.discounting import Discounting, PromotionKind


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

    promotion: Campaign
    used: int = 0
    """How often it was used by anybody; counted where it limits that only."""
    ended_at: datetime | None = None
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

    promotion: Campaign
    given: Discounting


@dataclass(frozen=True, slots=True)
class LaidOut:
    """The candidates of an agent's customer that only the plan can still rule out, by what they are for.

    Laid out once, they are good for every plan that is priced at that moment.
    """

    for_all: Mapping[str, Sequence[Candidate]]
    """By currency."""
    by_plan: Mapping[tuple[str, UUID], Sequence[Candidate]]
    by_region: Mapping[tuple[str, str], Sequence[Candidate]]


def unfit(candidate: Candidate, sale: Sale, *, now: datetime) -> Unfit | None:
    """Tell why a promotion does not apply; None when it does."""
    promotion = candidate.promotion
    why = (
        _closed(candidate, now)
        or _not_for_plan(promotion, sale)
        or _not_for_agent(promotion, sale.agent_id)
        or _too_cheap(promotion, sale)
        or _used(candidate)
    )
    if why is None and not discounting.discount(sale.price.minor, _given(candidate, sale)):
        return Unfit.TAKES_NOTHING_OFF
    return why


def laid_out(candidates: Iterable[Candidate], *, agent_id: UUID, now: datetime) -> LaidOut:
    """Drop what does not apply to any plan, and lay out the rest by what it is for."""
    for_all: defaultdict[str, list[Candidate]] = defaultdict(list)
    by_plan: defaultdict[tuple[str, UUID], list[Candidate]] = defaultdict(list)
    by_region: defaultdict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        promotion = candidate.promotion
        if _closed(candidate, now) or _not_for_agent(promotion, agent_id) or _used(candidate):
            continue
        currency = promotion.currency
        if plans := promotion.plan_ids:
            for plan_id in plans:
                by_plan[currency, plan_id].append(candidate)
        elif regions := promotion.regions:
            for region in regions:
                by_region[currency, region].append(candidate)
        else:
            for_all[currency].append(candidate)
    return LaidOut(for_all, by_plan, by_region)


def best(candidates: Iterable[Candidate], sale: Sale, *, now: datetime) -> Chosen | None:
    """Give the promotion that takes off most; of two alike, one without a code, so that no code is spent for nothing.

    Of two alike otherwise, the older.
    """
    return best_of(laid_out(candidates, agent_id=sale.agent_id, now=now), sale)


def best_of(laid: LaidOut, sale: Sale) -> Chosen | None:
    """Give the promotion that takes off most, as `best` does, of those laid out for the agent of the sale."""
    chosen, most, price = None, 0, sale.price.minor
    for candidate in _for_plan(laid, sale):
        promotion = candidate.promotion
        if _not_for_plan(promotion, sale) or _too_cheap(promotion, sale):
            continue
        taken_off = discounting.taken_off(
            price,
            promotion.kind,
            bps=promotion.bps,
            cap_minor=promotion.cap_minor,
            amount_minor=_amount(candidate, sale),
        )
        if taken_off > most or (chosen and taken_off == most and _comes_before(candidate, chosen)):
            chosen, most = candidate, taken_off
    return Chosen(chosen.promotion, _given(chosen, sale)) if chosen else None


def _for_plan(laid: LaidOut, sale: Sale) -> Iterator[Candidate]:
    """Give what may be for a plan; what is for several of its regions comes more than once."""
    currency = sale.price.currency
    return chain(
        laid.for_all.get(currency, ()),
        laid.by_plan.get((currency, sale.plan_id), ()),
        *(laid.by_region.get((currency, region), ()) for region in sale.regions),
    )


def _comes_before(candidate: Candidate, other: Candidate) -> bool:
    return (candidate.code != "", candidate.promotion.id) < (other.code != "", other.promotion.id)


def _closed(candidate: Candidate, now: datetime) -> Unfit | None:
    ends_at = candidate.promotion.ends_at
    is_open = candidate.ended_at is None and candidate.promotion.starts_at <= now and (ends_at is None or now < ends_at)
    return None if is_open else Unfit.NOT_OPEN


def _not_for_plan(promotion: Campaign, sale: Sale) -> Unfit | None:
    plans, regions = promotion.plan_ids, promotion.regions
    fits = (
        promotion.currency == sale.price.currency
        and (not plans or sale.plan_id in plans)
        and (not regions or any(region in sale.regions for region in regions))
    )
    return None if fits else Unfit.OTHER_PLAN


def _not_for_agent(promotion: Campaign, agent_id: UUID) -> Unfit | None:
    agents = promotion.agent_ids
    return Unfit.OTHER_AGENT if agents and agent_id not in agents else None


def _too_cheap(promotion: Campaign, sale: Sale) -> Unfit | None:
    return Unfit.PRICE_TOO_LOW if sale.price.minor < promotion.least_price_minor else None


def _used(candidate: Candidate) -> Unfit | None:
    promotion = candidate.promotion
    if promotion.is_first_time_only and not candidate.is_first:
        return Unfit.NOT_FIRST
    is_used_up = promotion.total_limit is not None and candidate.used >= promotion.total_limit
    if is_used_up or candidate.is_code_used_up:
        return Unfit.USED_UP
    most = promotion.most_per_customer
    return Unfit.USED_BY_CUSTOMER if most is not None and candidate.times_used >= most else None


def _amount(candidate: Candidate, sale: Sale) -> int:
    promotion = candidate.promotion
    if promotion.kind is not PromotionKind.BONUS_DATA:
        return promotion.amount_minor
    smaller = candidate.smaller_price_minor
    return 0 if smaller is None else max(sale.price.minor - smaller, 0)


def _given(candidate: Candidate, sale: Sale) -> Discounting:
    promotion = candidate.promotion
    return Discounting(
        kind=promotion.kind,
        code=candidate.code,
        bps=promotion.bps,
        cap_minor=promotion.cap_minor,
        amount_minor=_amount(candidate, sale),
        promotion_id=promotion.id,
    )
