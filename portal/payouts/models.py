"""Payouts, the runs they are paid in, where they go, and the monthly statements."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.agents.models import Agent
from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money


class PayoutState(StrEnum):
    """How far a payout is."""

    REQUESTED = "requested"
    """The agent asked for it; it counts against what is payable."""
    IN_RUN = "in_run"
    """Finance put it into a run that waits for a second person."""
    APPROVED = "approved"
    """A second person approved it; it goes to the bank."""
    PAID = "paid"
    """It left the bank, or stands in the wallet; booked."""
    REFUSED = "refused"
    """Finance or the bank refused it; the commission is payable again."""
    CANCELLED = "cancelled"
    """The agent took it back before finance began."""


OPEN = (PayoutState.REQUESTED, PayoutState.IN_RUN, PayoutState.APPROVED)
"""States in which a payout is promised and not booked yet."""


class PayoutDestination(StrEnum):
    """Where earned commission goes."""

    BANK = "bank"
    """The agent's bank account."""
    WALLET = "wallet"
    """The agent's own wallet, at once."""


class PayoutRunState(StrEnum):
    """How far a run is."""

    PREPARED = "prepared"
    """Put together; waits for somebody else's approval."""
    APPROVED = "approved"
    """Approved; its bank file may be taken."""
    DISCARDED = "discarded"
    """Given up before approval; its payouts wait for another run."""
    DONE = "done"
    """Every payout in it is paid or refused."""


class PayoutConditions(Model):
    """On what terms the operator pays out one currency: the smallest payout, and the account it pays from."""

    __tablename__ = "payout_conditions"
    __table_args__ = (CheckConstraint("minimum_minor >= 0", name="minimum_not_negative"),)

    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    minimum_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    bank_account: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The operator's own account, encrypted."""
    bank_label: Mapped[str] = mapped_column(String(80), default="")

    @property
    def minimum(self) -> Money:
        """The smallest payout by bank."""
        return Money(self.minimum_minor, self.currency)


class AgentBankAccount(Model):
    """Where an agent wants its payouts of one currency, encrypted; the label names bank and last four signs."""

    __tablename__ = "agent_bank_accounts"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    bank_account: Mapped[bytes] = mapped_column(LargeBinary)
    bank_label: Mapped[str] = mapped_column(String(80))
    set_by_name: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class PayoutRun(Model):
    """Payouts of one currency that go to the bank together, prepared by one person and approved by another."""

    __tablename__ = "payout_runs"
    __table_args__ = (CheckConstraint("approved_by <> prepared_by", name="four_eyes"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    currency: Mapped[str] = mapped_column(CHAR(3))
    state: Mapped[PayoutRunState] = mapped_column(enum_column(PayoutRunState), default=PayoutRunState.PREPARED)
    prepared_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    prepared_by_name: Mapped[str] = mapped_column(String(200))
    prepared_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    approved_by_name: Mapped[str | None] = mapped_column(String(200))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Payout(Model):
    """Earned commission on its way out. The amount is in minor units; the bank account is frozen when it is asked."""

    __tablename__ = "payouts"
    __table_args__ = (
        UniqueConstraint("agent_id", "idempotency_key"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(destination = 'bank') = (bank_account IS NOT NULL)", name="bank_has_account"),
        Index("ix_payouts_agent", "agent_id", "id"),
        Index("ix_payouts_state", "state", "id"),
        Index("ix_payouts_run", "run_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    destination: Mapped[PayoutDestination] = mapped_column(enum_column(PayoutDestination))
    state: Mapped[PayoutState] = mapped_column(enum_column(PayoutState))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("payout_runs.id"))
    bank_account: Mapped[bytes | None] = mapped_column(LargeBinary)
    bank_label: Mapped[str] = mapped_column(String(80), default="")
    idempotency_key: Mapped[str] = mapped_column(String(64))
    requested_by_name: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    bank_reference: Mapped[str | None] = mapped_column(String(60))
    paid_on: Mapped[date | None]
    refusal: Mapped[str | None] = mapped_column(String(300))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    agent: Mapped[Agent] = relationship(lazy="raise_on_sql")

    @property
    def amount(self) -> Money:
        """What is paid out."""
        return Money(self.amount_minor, self.currency)


class StatementMonth(Model):
    """A calendar month of the operator's zone whose statements were or are being made."""

    __tablename__ = "statement_months"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    month_on: Mapped[date] = mapped_column(unique=True)
    """Its first day."""
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Statement(Model):
    """What an agent earned and was paid in one month: frozen content, and the hashes of its two files once made."""

    __tablename__ = "statements"
    __table_args__ = (UniqueConstraint("agent_id", "month_on"), Index("ix_statements_month", "month_on", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    month_on: Mapped[date]
    """The first day of the month."""
    content: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    pdf_sha256: Mapped[str | None] = mapped_column(CHAR(64))
    xlsx_sha256: Mapped[str | None] = mapped_column(CHAR(64))
    rendered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    agent: Mapped[Agent] = relationship(lazy="raise_on_sql")

    @property
    def is_ready(self) -> bool:
        """Whether its files can be taken."""
        return self.rendered_at is not None
