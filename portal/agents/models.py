"""Agents and the versions of their commission terms."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.agents.commission import SaleKind
from portal.catalogue.models import Term
from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id


class AgentStatus(StrEnum):
    """Whether an agent may sell."""

    PENDING = "pending"
    """Created; papers not checked yet. Signs in and looks, sells nothing."""
    VERIFIED = "verified"
    """May register cards and sell renewals."""
    SUSPENDED = "suspended"
    """Sells nothing; its people still see what they did."""


class Agent(Model):
    """A business that sells renewals to its own customers."""

    __tablename__ = "agents"
    __table_args__ = (
        CheckConstraint("override_bps BETWEEN 0 AND 10000", name="override_rate"),
        CheckConstraint("override_bps = 0 OR parent_id IS NOT NULL", name="override_has_parent"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    licence_number: Mapped[str] = mapped_column(String(60), unique=True)
    contact_name: Mapped[str] = mapped_column(String(120))
    contact_email: Mapped[str] = mapped_column(String(254))
    contact_phone: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[AgentStatus] = mapped_column(enum_column(AgentStatus), default=AgentStatus.PENDING)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"), index=True)
    """Who stands above it; one level only."""
    override_bps: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """What the parent earns of the base of each sale, in basis points, out of the operator's part."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def may_sell(self) -> bool:
        """Whether the agent is verified and not suspended."""
        return self.status is AgentStatus.VERIFIED


class CommissionTerms(Model):
    """What an agent earns on a renewal in one currency, in one version; without an agent, the operator's default.

    Rates are basis points; fixed amounts and bounds are minor units of the currency; None is unbounded.
    """

    __tablename__ = "commission_terms"
    __table_args__ = (
        UniqueConstraint("agent_id", "currency", "version", postgresql_nulls_not_distinct=True),
        Index(
            "uq_commission_terms_current",
            "agent_id",
            "currency",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("fee_bps BETWEEN 0 AND 10000 AND share_bps BETWEEN 0 AND 10000", name="rates"),
        CheckConstraint(
            "fee_fixed_minor >= 0 AND fee_min_minor >= 0 AND fee_max_minor >= coalesce(fee_min_minor, 0)", name="bounds"
        ),
        CheckConstraint("hold_days BETWEEN 0 AND 365", name="hold_days"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    version: Mapped[int]
    fee_bps: Mapped[int] = mapped_column(default=0)
    fee_fixed_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_min_minor: Mapped[int | None] = mapped_column(BigInteger)
    fee_max_minor: Mapped[int | None] = mapped_column(BigInteger)
    share_bps: Mapped[int] = mapped_column(default=0)
    hold_days: Mapped[int] = mapped_column(default=14, server_default=text("14"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CommissionRule(Model):
    """Other rates for some sales under one version of terms; never changed. Conditions and rates as in `Rule`."""

    __tablename__ = "commission_rules"
    __table_args__ = (
        UniqueConstraint("terms_id", "plan_id", "region", "term", "sale", postgresql_nulls_not_distinct=True),
        CheckConstraint("fee_bps BETWEEN 0 AND 10000 AND share_bps BETWEEN 0 AND 10000", name="rates"),
        CheckConstraint("num_nonnulls(fee_bps, share_bps) > 0", name="sets_a_rate"),
        CheckConstraint("num_nonnulls(plan_id, region, term, sale) > 0", name="has_a_condition"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    terms_id: Mapped[UUID] = mapped_column(ForeignKey("commission_terms.id"))
    position: Mapped[int]
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plans.id"))
    region: Mapped[str | None] = mapped_column(CHAR(2))
    term: Mapped[Term | None] = mapped_column(enum_column(Term))
    sale: Mapped[SaleKind | None] = mapped_column(enum_column(SaleKind))
    fee_bps: Mapped[int | None]
    share_bps: Mapped[int | None]


class CommissionTier(Model):
    """What is added to the share from a delivered volume on, under one version of terms; never changed."""

    __tablename__ = "commission_tiers"
    __table_args__ = (
        CheckConstraint("from_minor > 0", name="from_positive"),
        CheckConstraint("extra_bps BETWEEN 1 AND 10000", name="rate"),
    )

    terms_id: Mapped[UUID] = mapped_column(ForeignKey("commission_terms.id"), primary_key=True)
    from_minor: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """Base of what was delivered in the calendar month (operator's zone), in minor units of the terms' currency."""
    extra_bps: Mapped[int]
