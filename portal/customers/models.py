"""Customers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, String, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.i18n import PaperLanguage
from portal.core.ids import new_id

UNIQUE_CONTACTS = ("uq_customers_agent_email", "uq_customers_agent_phone")
"""The indexes that give an address, and a number, to one customer of an agent only."""


class Customer(Model):
    """A person as one agent knows them; the same person at another agent is another row.

    Rows that share an address or a number are one person, for good: a trigger keeps `person_id`.
    """

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("email IS NOT NULL OR phone IS NOT NULL", name="reachable"),
        Index(UNIQUE_CONTACTS[0], "agent_id", text("lower(email)"), unique=True),
        Index(UNIQUE_CONTACTS[1], "agent_id", "phone", unique=True),
        Index(
            "ix_customers_name",
            literal_column("lower(name)").label("lowered_name"),
            postgresql_ops={"lowered_name": "text_pattern_ops"},
        ),
        Index("ix_customers_email", text("lower(email)")),
        Index("ix_customers_phone", "phone"),
        Index("ix_customers_person", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(20))
    """E.164, such as +8613800138001."""
    locale: Mapped[str] = mapped_column(String(5), default="zh")
    """The language of mails."""
    receipt_language: Mapped[PaperLanguage] = mapped_column(
        enum_column(PaperLanguage), default=PaperLanguage.BOTH, server_default=PaperLanguage.BOTH
    )
    person_id: Mapped[UUID] = mapped_column(server_default=FetchedValue(), server_onupdate=FetchedValue())
    """The oldest row of the same person, at whichever agent."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
