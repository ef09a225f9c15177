"""Promotions as pages read them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from portal.core import names
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.pages import Page, newest_first
from portal.promotions.models import Promotion, PromotionCode, PromotionRedemption


@dataclass(frozen=True, slots=True)
class Uses:
    """How often a promotion was used and not given back, and what it took off, in minor units of its currency."""

    count: int = 0
    discount_minor: int = 0


def by_id(promotion_id: UUID) -> Promotion:
    """Give a promotion.

    Raises:
        NotFound: there is no such promotion.
    """
    found = db.session.get(Promotion, promotion_id)
    if found is None:
        raise NotFound
    return found


def page(
    *, text: str = "", is_open_at: datetime | None = None, older: str | None = None, newer: str | None = None
) -> Page[Promotion]:
    """Page through promotions, the newest first; `text` is in the name; `is_open_at` leaves those that are over out."""
    query = select(Promotion)
    if text:
        query = query.where(Promotion.name.icontains(names.searchable(text), autoescape=True))
    if is_open_at is not None:
        query = query.where(
            Promotion.ended_at.is_(None), or_(Promotion.ends_at.is_(None), Promotion.ends_at > is_open_at)
        )
    return newest_first(query, Promotion.id, older=older, newer=newer)


def uses_of(promotion_ids: Collection[UUID]) -> dict[UUID, Uses]:
    """Count the uses of promotions."""
    rows = db.session.execute(
        select(
            PromotionRedemption.promotion_id,
            func.count(),
            func.sum(PromotionRedemption.discount_minor),
        )
        .where(PromotionRedemption.promotion_id.in_(promotion_ids), PromotionRedemption.given_back_at.is_(None))
        .group_by(PromotionRedemption.promotion_id)
    )
    used = {promotion_id: Uses(count, int(total)) for promotion_id, count, total in rows}
    return {promotion_id: used.get(promotion_id, Uses()) for promotion_id in promotion_ids}


def codes_page(promotion_id: UUID, *, older: str | None = None, newer: str | None = None) -> Page[PromotionCode]:
    """Page through the codes of a promotion, the newest first."""
    return newest_first(
        select(PromotionCode).where(PromotionCode.promotion_id == promotion_id),
        PromotionCode.id,
        older=older,
        newer=newer,
    )


def all_codes(promotion_id: UUID) -> Sequence[PromotionCode]:
    """List every code of a promotion, the oldest first: what a file of them holds."""
    return db.session.scalars(
        select(PromotionCode).where(PromotionCode.promotion_id == promotion_id).order_by(PromotionCode.id)
    ).all()
