"""Begin a promotion, and end it; what it gives never changes in between, so that a quote stays what it was."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.audit import log
from portal.core import clock, names
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.ids import new_id
from portal.core.money import BPS, MAX_MINOR, check_currency
from portal.promotions import queries
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import Promotion, PromotionBearer, PromotionCounter

MOST_USES = 100_000_000

COUNTERS = 16
"""Counters that a total limit is spread over: as many orders of one promotion are written at once without waiting."""


@dataclass(frozen=True, slots=True)
class PromotionTerms:
    """What a promotion gives, to whom and when. Amounts are minor units of `currency`, rates basis points.

    Empty plans, regions and agents mean all; None leaves a side open.
    """

    name: str
    banner_en: str
    banner_zh: str
    is_automatic: bool
    kind: PromotionKind
    currency: str
    starts_at: datetime
    ends_at: datetime | None = None
    bearer: PromotionBearer = PromotionBearer.OPERATOR
    bps: int = 0
    cap_minor: int | None = None
    amount_minor: int = 0
    priced_as_plan_id: UUID | None = None
    plan_ids: list[UUID] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    agent_ids: list[UUID] = field(default_factory=list)
    is_first_time_only: bool = False
    least_price_minor: int = 0
    total_limit: int | None = None
    per_customer_limit: int | None = None


def begin(terms: PromotionTerms, *, actor: Actor) -> Promotion:
    """Begin a promotion; one that needs a code takes nothing off before it is given one.

    Raises:
        InvalidInput: a name or banner cannot be read, `currency_unknown`, `rate_out_of_range`, `amount_zero`,
            `amount_too_large`, `number_range`, `span_reversed`, `promotion_bonus_plans`, `promotion_agents_missing`.
    """
    _check(terms)
    made = Promotion(id=new_id(), **asdict(terms))
    db.session.add(made)
    db.session.flush()
    if terms.total_limit is not None:
        db.session.add_all(
            PromotionCounter(promotion_id=made.id, number=number, most=most)
            for number, most in enumerate(spread(terms.total_limit), start=1)
        )
        db.session.flush()
    log.record(actor=actor, act="promotions.begin", subject=("promotion", made.id), after=_facts(terms))
    return made


def spread(total_limit: int) -> list[int]:
    """Split a total limit into the parts that its counters allow: as even as can be, none empty, the larger first."""
    counters = min(total_limit, COUNTERS)
    each, over = divmod(total_limit, counters)
    return [each + 1] * over + [each] * (counters - over)


def end(promotion_id: UUID, *, actor: Actor) -> None:
    """End a promotion now; what was sold under it stays as it is, and quotes that name it are worth nothing."""
    promotion = queries.by_id(promotion_id)
    db.session.refresh(promotion, with_for_update=True)
    if promotion.ended_at is not None:
        return
    promotion.ended_at = clock.now()
    log.record(
        actor=actor,
        act="promotions.end",
        subject=("promotion", promotion.id),
        after={"name": promotion.name},
    )
    db.session.flush()


def _check(terms: PromotionTerms) -> None:
    for name in ("name", "banner_en", "banner_zh"):
        names.read(getattr(terms, name), field=name)
    check_currency(terms.currency)
    if terms.ends_at is not None and terms.ends_at <= terms.starts_at:
        raise InvalidInput(field="ends_at", reason="span_reversed")
    _check_what_it_gives(terms)
    if terms.bearer is PromotionBearer.AGENT and not terms.agent_ids:
        raise InvalidInput(field="agents", reason="promotion_agents_missing")
    for name in ("total_limit", "per_customer_limit"):
        limit = getattr(terms, name)
        if limit is not None and not 1 <= limit <= MOST_USES:
            raise InvalidInput(field=name, reason="number_range", least=1, most=MOST_USES)


def _check_what_it_gives(terms: PromotionTerms) -> None:
    if terms.kind is PromotionKind.PERCENT and not 1 <= terms.bps <= BPS:
        raise InvalidInput(field="bps", reason="rate_out_of_range")
    if terms.kind is PromotionKind.FIXED and terms.amount_minor <= 0:
        raise InvalidInput(field="amount", reason="amount_zero")
    if terms.cap_minor is not None and terms.cap_minor <= 0:
        raise InvalidInput(field="cap", reason="amount_zero")
    for name, amount in (("amount", terms.amount_minor), ("cap", terms.cap_minor), ("price", terms.least_price_minor)):
        if amount is not None and not 0 <= amount <= MAX_MINOR:
            raise InvalidInput(field=name, reason="amount_too_large")
    is_pair = len(terms.plan_ids) == 1 and terms.priced_as_plan_id not in (None, *terms.plan_ids)
    if terms.kind is PromotionKind.BONUS_DATA and not is_pair:
        raise InvalidInput(field="priced_as", reason="promotion_bonus_plans")


def _facts(terms: PromotionTerms) -> Mapping[str, Any]:
    facts = {name: value for name, value in asdict(terms).items() if value not in (None, [], 0, "")}
    return {
        name: [str(one) for one in value]
        if isinstance(value, list)
        else str(value)
        if not isinstance(value, int)
        else value
        for name, value in facts.items()
    }
