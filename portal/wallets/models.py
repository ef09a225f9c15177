"""Top-ups of wallets."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.db import Model, UtcDateTime
from portal.core.ids import new_id
from portal.core.money import Money
from portal.payments.models import Payment


class TopUp(Model):
    """Money an agent paid in, by bank or through a payment provider. The amount is in minor units."""

    __tablename__ = "top_ups"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "(payment_id IS NULL) = (bank_reference IS NOT NULL) AND (payment_id IS NULL) = (recorded_by IS NOT NULL)",
            name="by_bank_or_payment",
        ),
        Index("ix_top_ups_agent", "agent_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    bank_reference: Mapped[str | None] = mapped_column(String(60), unique=True)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"), unique=True)
    received_on: Mapped[date]
    note: Mapped[str] = mapped_column(String(300), default="")
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    payment: Mapped[Payment | None] = relationship(lazy="joined")
    """What it was paid by; None for a bank transfer."""

    @property
    def amount(self) -> Money:
        """What was paid in."""
        return Money(self.amount_minor, self.currency)
