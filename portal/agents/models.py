"""Agents and the versions of their commission terms."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

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

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    licence_number: Mapped[str] = mapped_column(String(60), unique=True)
    contact_name: Mapped[str] = mapped_column(String(120))
    contact_email: Mapped[str] = mapped_column(String(254))
    contact_phone: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[AgentStatus] = mapped_column(enum_column(AgentStatus), default=AgentStatus.PENDING)
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
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
