"""Cards. EIDs and activation codes stand encrypted; keyed hashes find them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.customers.models import Customer


class CardState(StrEnum):
    """What may be done with a card."""

    ACTIVE = "active"
    """Registered; may be renewed."""
    SUSPENDED = "suspended"
    """Kept, but not to be renewed until it is active again."""
    REMOVED = "removed"
    """No longer registered; the ICCID is free for another registration."""


class Card(Model):
    """One registration of an eSIM. Data is in whole megabytes; instants are UTC."""

    __tablename__ = "cards"
    __table_args__ = (
        Index("uq_cards_registered_iccid", "iccid", unique=True, postgresql_where=text("state <> 'removed'")),
        Index("ix_cards_iccid", "iccid", postgresql_ops={"iccid": "text_pattern_ops"}),
        Index("ix_cards_agent", "agent_id", "id"),
        Index("ix_cards_agent_valid_until", "agent_id", "valid_until", "id"),
        Index("ix_cards_customer", "customer_id"),
        Index("ix_cards_eid_hash", "eid_hash", postgresql_where=text("eid_hash IS NOT NULL")),
        Index(
            "ix_cards_activation_code_hash",
            "activation_code_hash",
            postgresql_where=text("activation_code_hash IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    iccid: Mapped[str] = mapped_column(String(20))
    msisdn: Mapped[str | None] = mapped_column(String(20))
    eid_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    eid_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    activation_code_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    activation_code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    label: Mapped[str] = mapped_column(String(80), default="")
    carrier: Mapped[str] = mapped_column(String(40))
    state: Mapped[CardState] = mapped_column(enum_column(CardState), default=CardState.ACTIVE)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    plan_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("plan_versions.id"))
    """The plan it is on, where the portal knows it."""
    data_total_mb: Mapped[int | None]
    data_left_mb: Mapped[int | None]
    """None is unlimited or, while `usage_read_at` is None, not known yet."""
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    usage_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    customer: Mapped[Customer] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_active(self) -> bool:
        """Whether the card may be renewed."""
        return self.state is CardState.ACTIVE


class UsageReading(Model):
    """What a card had left at one moment, as its carrier told; the points of its usage line."""

    __tablename__ = "usage_readings"

    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id"), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    data_left_mb: Mapped[int | None]
    data_total_mb: Mapped[int | None]
