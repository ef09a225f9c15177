"""Top-ups of wallets."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, UtcDateTime
from portal.core.ids import new_id
from portal.core.money import Money


class TopUp(Model):
    """Money an agent paid in, recorded by finance with its bank reference. The amount is in minor units."""

    __tablename__ = "top_ups"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_top_ups_agent", "agent_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    bank_reference: Mapped[str] = mapped_column(String(60), unique=True)
    received_on: Mapped[date]
    note: Mapped[str] = mapped_column(String(300), default="")
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @property
    def amount(self) -> Money:
        """What was paid in."""
        return Money(self.amount_minor, self.currency)
