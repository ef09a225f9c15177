"""Promotions, their codes, and who redeemed them; a promotion's terms never change, it is ended and another begun."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money
from portal.promotions.discounting import PromotionKind


class PromotionBearer(StrEnum):
    """Whose money a discount is."""

    OPERATOR = "operator"
    """An expense of the operator's."""
    AGENT = "agent"
    """Taken out of what the selling agent earned."""


class Promotion(Model):
    """A discount on renewals of one currency, by code or by itself. Amounts are minor units, rates basis points.

    Empty lists of plans, regions and agents mean all of them.
    """

    __tablename__ = "promotions"
    __table_args__ = (
        CheckConstraint(
            "CASE kind WHEN 'percent' THEN bps BETWEEN 1 AND 10000 AND amount_minor = 0"
            " WHEN 'fixed' THEN amount_minor > 0 AND bps = 0 AND cap_minor IS NULL"
            " ELSE priced_as_plan_id IS NOT NULL AND cardinality(plan_ids) = 1 AND bps = 0 AND amount_minor = 0 END",
            name="gives",
        ),
        CheckConstraint("kind = 'bonus_data' OR priced_as_plan_id IS NULL", name="priced_as"),
        CheckConstraint("bearer = 'operator' OR cardinality(agent_ids) > 0", name="agents_that_bear"),
        CheckConstraint("ends_at > starts_at", name="window"),
        CheckConstraint("cap_minor > 0 AND least_price_minor >= 0", name="amounts"),
        CheckConstraint("total_limit > 0 AND per_customer_limit > 0", name="limits"),
        Index("ix_promotions_automatic", "starts_at", postgresql_where=text("is_automatic AND ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120))
    """What the operator calls it."""
    banner_en: Mapped[str] = mapped_column(String(120))
    banner_zh: Mapped[str] = mapped_column(String(120))
    """What stands on the plans that it applies to."""
    is_automatic: Mapped[bool]
    """Whether it applies by itself; otherwise one of its codes must be given."""
    bearer: Mapped[PromotionBearer] = mapped_column(enum_column(PromotionBearer))
    kind: Mapped[PromotionKind] = mapped_column(enum_column(PromotionKind))
    currency: Mapped[str] = mapped_column(CHAR(3))
    bps: Mapped[int] = mapped_column(default=0)
    cap_minor: Mapped[int | None] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    priced_as_plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plans.id"))
    """The smaller plan whose price is paid for the one plan of `plan_ids`."""

    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    plan_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """ISO 3166-1 alpha-2 codes; a plan fits that works in one of them."""
    agent_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    is_first_time_only: Mapped[bool] = mapped_column(default=False)
    least_price_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    total_limit: Mapped[int | None]
    """Counted by its `PromotionCounter`s; without one, nothing is. `queries.uses_of` counts the uses of all."""
    per_customer_limit: Mapped[int | None]

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When somebody ended it before its time."""

    def money(self, name: str) -> Money:
        """Give one of its amounts: cap, amount or least_price."""
        return Money(getattr(self, f"{name}_minor") or 0, self.currency)


class PromotionCode(Model):
    """A code that lets a promotion apply: capital letters and digits, as `codes.normal` writes them."""

    __tablename__ = "promotion_codes"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z0-9]{4,24}$'", name="signs"),
        CheckConstraint("max_uses > 0", name="max_uses"),
        CheckConstraint("used BETWEEN 0 AND coalesce(max_uses, 0)", name="within_limit"),
        Index("ix_promotion_codes_promotion", "promotion_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.id"))
    code: Mapped[str] = mapped_column(String(24), unique=True)
    max_uses: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0)
    """Counted under `max_uses` only."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class PromotionCounter(Model):
    """A part of a promotion's total limit, and how often it was used: orders at once count on different parts."""

    __tablename__ = "promotion_counters"
    __table_args__ = (CheckConstraint("used BETWEEN 0 AND most", name="within_limit"),)

    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    most: Mapped[int]
    used: Mapped[int] = mapped_column(default=0)


class PromotionCustomer(Model):
    """How often a person used a promotion that limits it, at all agents together."""

    __tablename__ = "promotion_customers"
    __table_args__ = (CheckConstraint("used BETWEEN 0 AND most", name="within_limit"),)

    promotion_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    most: Mapped[int]
    used: Mapped[int]


class PromotionRedemption(Model):
    """One use of a promotion, by one renewal; given back once when the renewal came to nothing."""

    __tablename__ = "promotion_redemptions"
    __table_args__ = (
        CheckConstraint("discount_minor > 0", name="discount_positive"),
        Index("ix_promotion_redemptions_promotion", "promotion_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    promotion_id: Mapped[UUID]
    code_id: Mapped[UUID | None]
    renewal_id: Mapped[UUID] = mapped_column(unique=True)
    agent_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    person_id: Mapped[UUID]
    """Who the customer was when it was redeemed, see `customers.models`; the use counts for them."""
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(CHAR(3))
    redeemed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    counter: Mapped[int | None] = mapped_column(SmallInteger)
    """The number of the counter that counted it, under a total limit."""
    given_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
