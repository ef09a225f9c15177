"""Make promotions with fixed defaults: ten per cent off, open since the first of November, for everything in CNY."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from portal.core.db import db
from portal.promotions import beginning, codes
from portal.promotions.beginning import PromotionTerms
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import Promotion, PromotionCounter
from tests import make

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)


def terms(**changes: Any) -> PromotionTerms:
    values: dict[str, Any] = {
        "name": "November",
        "banner_en": "10 % off in November",
        "banner_zh": "十一月九折",
        "is_automatic": True,
        "kind": PromotionKind.PERCENT,
        "currency": "CNY",
        "bps": 1_000,
        "starts_at": BEGUN,
    }
    return PromotionTerms(**values | changes)


def campaign(**changes: Any) -> Promotion:
    """Begin a promotion that applies by itself."""
    return beginning.begin(terms(**changes), actor=make.actor())


def with_code(code: str = "SPRING10", *, max_uses: int | None = None, **changes: Any) -> Promotion:
    """Begin a promotion that needs a code, and give it one."""
    made = beginning.begin(terms(is_automatic=False, **changes), actor=make.actor())
    codes.add(made.id, code=code, max_uses=max_uses, actor=make.actor())
    return made


def counted(promotion: Promotion) -> int:
    """Tell how often a promotion with a total limit counts as used."""
    asked = select(func.sum(PromotionCounter.used)).where(PromotionCounter.promotion_id == promotion.id)
    return db.session.scalar(asked) or 0
