"""Receipts: content frozen at delivery, a gapless number, and the file that was written."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, UtcDateTime
from portal.core.ids import new_id


class Receipt(Model):
    """The receipt of one delivered renewal. `content` is canonical JSON and never changes."""

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        CheckConstraint("(number IS NULL) = (serial IS NULL) AND (year IS NULL) = (serial IS NULL)", name="numbered"),
        Index("ix_receipts_sha256", "file_sha256"),
        Index("ix_receipts_customer", "customer_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    renewal_id: Mapped[UUID] = mapped_column(unique=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    content: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(CHAR(64))
    verification_code: Mapped[str] = mapped_column(String(26), unique=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    number: Mapped[str | None] = mapped_column(String(20), unique=True)
    year: Mapped[int | None]
    serial: Mapped[int | None]
    file_name: Mapped[str | None] = mapped_column(String(120))
    """Path below `invoices/`, such as `2026/11/LEB-2026-0000001.pdf`."""
    file_sha256: Mapped[str | None] = mapped_column(CHAR(64))
    file_size: Mapped[int | None]
    rendered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    render_ms: Mapped[int | None]

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.rendered_at is not None


class ReceiptCounter(Model):
    """The last serial given in a year of the operator's zone; locked while one is taken, so there are no gaps."""

    __tablename__ = "receipt_counters"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_serial: Mapped[int]
