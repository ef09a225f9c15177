"""Receipts: content frozen at delivery, a gapless number, and the files that were written."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.db import Model, UtcDateTime
from portal.core.ids import new_id
from portal.receipts.content import Paper


class Printed:
    """A file that the worker prints once: where it lies, and the hash that proves it."""

    file_name: Mapped[str | None] = mapped_column(String(120))
    """Path below `invoices/`, such as `2026/11/LEB-2026-0000001.pdf`."""
    file_sha256: Mapped[str | None] = mapped_column(CHAR(64))
    file_size: Mapped[int | None]
    rendered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.rendered_at is not None


class Receipt(Printed, Model):
    """The receipt of one delivered renewal. `content` is canonical JSON and never changes."""

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        CheckConstraint("(number IS NULL) = (serial IS NULL) AND (year IS NULL) = (serial IS NULL)", name="numbered"),
        Index("ix_receipts_sha256", "file_sha256"),
        Index("ix_receipts_customer", "customer_id", "id"),
    )

    paper: ClassVar = Paper.A4

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
    render_ms: Mapped[int | None]

    @property
    def download_name(self) -> str:
        """What its file is called."""
        return f"{self.number}.pdf"


class ReceiptRoll(Printed, Model):
    """The same receipt on a thermal roll, printed when somebody first asks for it."""

    __tablename__ = "receipt_rolls"
    __table_args__ = (Index("ix_receipt_rolls_sha256", "file_sha256"),)

    paper: ClassVar = Paper.THERMAL

    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipts.id"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    receipt: Mapped[Receipt] = relationship(lazy="joined")

    @property
    def number(self) -> str | None:
        """The receipt's number."""
        return self.receipt.number

    @property
    def content(self) -> str:
        """What the receipt says."""
        return self.receipt.content

    @property
    def download_name(self) -> str:
        """What its file is called."""
        return f"{self.number}-80mm.pdf"


class CreditNote(Printed, Model):
    """What corrects a receipt once money went back. `content` is canonical JSON and never changes."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        CheckConstraint("(number IS NULL) = (serial IS NULL) AND (year IS NULL) = (serial IS NULL)", name="numbered"),
        Index("ix_credit_notes_renewal", "renewal_id", "id"),
        Index("ix_credit_notes_customer", "customer_id", "id"),
        Index("ix_credit_notes_sha256", "file_sha256"),
    )

    paper: ClassVar = Paper.A4

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    refund_id: Mapped[UUID] = mapped_column(unique=True)
    renewal_id: Mapped[UUID]
    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipts.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    content: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(CHAR(64))
    verification_code: Mapped[str] = mapped_column(String(26), unique=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    number: Mapped[str | None] = mapped_column(String(20), unique=True)
    year: Mapped[int | None]
    serial: Mapped[int | None]

    @property
    def download_name(self) -> str:
        """What its file is called."""
        return f"{self.number}.pdf"


class CreditNoteCounter(Model):
    """The last serial of a year's credit notes, a series of its own; locked while one is taken."""

    __tablename__ = "credit_note_counters"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_serial: Mapped[int]


class ReceiptCounter(Model):
    """The last serial given in a year of the operator's zone; locked while one is taken, so there are no gaps."""

    __tablename__ = "receipt_counters"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_serial: Mapped[int]
