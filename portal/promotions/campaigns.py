"""What promotions say, as the pure rules take it; kept in the process, since none of it ever changes."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import Promotion, PromotionBearer

MOST_KEPT = 10_000
"""Campaigns kept in a process, a few kilobytes each at most: more are dropped and read again."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A promotion but for what changes: how often it was used, and whether somebody ended it.

    Amounts are minor units of `currency`, rates basis points; empty plans, regions and agents mean all of them.
    """

    id: UUID
    bearer: PromotionBearer
    banner_en: str
    banner_zh: str
    kind: PromotionKind
    currency: str
    bps: int
    cap_minor: int | None
    amount_minor: int
    priced_as_plan_id: UUID | None
    starts_at: datetime
    ends_at: datetime | None
    plan_ids: tuple[UUID, ...]
    regions: tuple[str, ...]
    agent_ids: tuple[UUID, ...]
    is_first_time_only: bool
    least_price_minor: int
    total_limit: int | None
    per_customer_limit: int | None

    @property
    def most_per_customer(self) -> int | None:
        """How often one customer may use it."""
        return 1 if self.is_first_time_only else self.per_customer_limit


_kept: dict[UUID, Campaign] = {}


def by_ids(promotion_ids: Collection[UUID]) -> dict[UUID, Campaign]:
    """Give what promotions say, by id; those met before are not read again."""
    found = {promotion_id: kept for promotion_id in promotion_ids if (kept := _kept.get(promotion_id))}
    if missing := [promotion_id for promotion_id in promotion_ids if promotion_id not in found]:
        read = {row.id: of(row) for row in db.session.scalars(select(Promotion).where(Promotion.id.in_(missing)))}
        if len(_kept) + len(read) > MOST_KEPT:
            _kept.clear()
        _kept.update(read)
        found |= read
    return found


def of(row: Promotion) -> Campaign:
    """Give what a promotion says."""
    values: dict[str, Any] = {}
    for name in _NAMES:
        value = getattr(row, name)
        values[name] = tuple(value) if isinstance(value, list) else value
    return Campaign(**values)


_NAMES = tuple(field.name for field in fields(Campaign))
