"""Plans and their versions; a renewal keeps the version it was sold at."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money


class Term(StrEnum):
    """Whether a plan serves a trip or a stay."""

    SHORT = "short"
    """Up to about a month."""
    LONG = "long"
    """Longer than that."""


class Plan(Model):
    """A plan under its lasting code; what it holds and costs stands in its versions."""

    __tablename__ = "plans"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_retired(self) -> bool:
        """Whether the plan is no longer on sale."""
        return self.retired_at is not None


class PlanVersion(Model):
    """A plan as it was offered during some time. Prices are in minor units of its currency, tax included."""

    __tablename__ = "plan_versions"
    __table_args__ = (
        UniqueConstraint("plan_id", "version"),
        Index("uq_plan_versions_current", "plan_id", unique=True, postgresql_where=text("superseded_at IS NULL")),
        CheckConstraint("data_mb > 0", name="data_positive"),
        CheckConstraint("validity_days BETWEEN 1 AND 3650", name="validity_days"),
        CheckConstraint("price_minor >= 0 AND cost_minor >= 0", name="prices_not_negative"),
        CheckConstraint("tax_bps BETWEEN 0 AND 10000", name="tax_bps"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plans.id"))
    version: Mapped[int]
    carrier: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(120))
    name_zh: Mapped[str] = mapped_column(String(120))
    data_mb: Mapped[int | None]
    """Whole megabytes (1 GB is 1024); None is unlimited."""
    validity_days: Mapped[int]
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """ISO 3166-1 alpha-2 codes."""
    term: Mapped[Term] = mapped_column(enum_column(Term))
    price_minor: Mapped[int] = mapped_column(BigInteger)
    cost_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(CHAR(3))
    tax_bps: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    plan: Mapped[Plan] = relationship(lazy="joined", innerjoin=True)

    @property
    def code(self) -> str:
        """The plan's lasting code."""
        return self.plan.code

    @property
    def price(self) -> Money:
        """The retail price, tax included."""
        return Money(self.price_minor, self.currency)

    @property
    def is_unlimited(self) -> bool:
        """Whether data never runs out."""
        return self.data_mb is None


class CatalogueImport(Model):
    """A CSV that an admin brought, kept between its preview and its confirmation."""

    __tablename__ = "catalogue_imports"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    brought_by: Mapped[UUID]
    brought_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    csv_text: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
