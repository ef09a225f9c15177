"""Renewals, what happened to them, and every word exchanged with carriers about them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from portal.agents.models import Agent
from portal.cards.models import Card
from portal.catalogue.models import PlanVersion
from portal.core import clock, settings
from portal.core.actor import ActorKind
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money
from portal.customers.models import Customer
from portal.payments.models import Payment
from portal.promotions.models import PromotionBearer
from portal.renewals.states import UNDER_WAY, RenewalState


class Channel(StrEnum):
    """How a renewal was ordered."""

    AGENT = "agent"
    """An agent's people, at the counter."""
    WEBSITE = "website"
    """The customer, in a browser."""
    APP = "app"
    """The customer, in the app."""
    AUTOMATIC = "automatic"
    """The portal, on a mandate."""


class Renewal(Model):
    """One order to renew one card. Amounts are minor units of `currency`, as rounded once when it was priced."""

    __tablename__ = "renewals"
    __table_args__ = (
        UniqueConstraint("agent_id", "idempotency_key"),
        CheckConstraint("base_minor = price_minor - discount_minor", name="base"),
        CheckConstraint("total_minor = base_minor + fee_minor", name="total"),
        CheckConstraint("discount_minor BETWEEN 0 AND price_minor", name="discount"),
        CheckConstraint("fee_minor >= 0 AND share_minor >= 0 AND tax_minor BETWEEN 0 AND base_minor", name="parts"),
        CheckConstraint(
            "override_minor BETWEEN 0 AND greatest(base_minor - tax_minor - share_minor, 0)", name="override"
        ),
        CheckConstraint("override_minor = 0 OR parent_agent_id IS NOT NULL", name="override_has_parent"),
        Index("ix_renewals_agent", "agent_id", "id"),
        Index("ix_renewals_parent", "parent_agent_id", "id", postgresql_where=text("parent_agent_id IS NOT NULL")),
        Index(
            "ix_renewals_delivered",
            "agent_id",
            "currency",
            "delivered_at",
            postgresql_where=text("delivered_at IS NOT NULL"),
        ),
        Index("ix_renewals_customer", "customer_id", "id"),
        Index("ix_renewals_card", "card_id", "id"),
        Index("ix_renewals_state", "state", "id"),
        Index("ix_renewals_currency_total", "currency", "total_minor", "id"),
        Index("ix_renewals_currency_state", "currency", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    agent_id: Mapped[UUID]
    parent_agent_id: Mapped[UUID | None]
    """Who stood above the agent when it sold, if somebody earns an override."""
    customer_id: Mapped[UUID]
    card_id: Mapped[UUID]
    plan_version_id: Mapped[UUID]
    terms_id: Mapped[UUID]
    commission: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Why it earns what it earns, as `agents.commission.Grounds` writes it; None: by the rates of the terms alone."""
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    source: Mapped[str] = mapped_column(String(40))
    """Where the money came from: `agent_wallet`, `clearing:<provider>`, or `clearing` until somebody has paid."""
    state: Mapped[RenewalState] = mapped_column(enum_column(RenewalState))
    carrier: Mapped[str] = mapped_column(String(40))

    currency: Mapped[str] = mapped_column(CHAR(3))
    price_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    base_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    share_minor: Mapped[int] = mapped_column(BigInteger)
    override_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """What the agent's parent earns, out of the operator's part."""
    total_minor: Mapped[int] = mapped_column(BigInteger)
    cost_minor: Mapped[int] = mapped_column(BigInteger)
    promotion_id: Mapped[UUID | None]
    """Which promotion gave the discount."""
    promotion_code: Mapped[str | None] = mapped_column(String(24))
    """The code that was given; None where the promotion needed none."""
    promotion_bearer: Mapped[PromotionBearer | None] = mapped_column(enum_column(PromotionBearer))
    """Whose money the discount is."""

    idempotency_key: Mapped[str] = mapped_column(String(64))
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    placed_by: Mapped[UUID | None]
    placed_by_name: Mapped[str] = mapped_column(String(120))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    carrier_confirmation: Mapped[str | None] = mapped_column(String(80))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What the card held: `data_left_mb` (None is unlimited), `data_total_mb`, `valid_until` (ISO 8601, UTC)."""
    refusal_code: Mapped[str | None] = mapped_column(String(60))
    refusal_text: Mapped[str | None] = mapped_column(String(500))

    agent: Mapped[Agent] = relationship(lazy="raise_on_sql", primaryjoin=lambda: foreign(Renewal.agent_id) == Agent.id)
    customer: Mapped[Customer] = relationship(
        lazy="raise_on_sql", primaryjoin=lambda: foreign(Renewal.customer_id) == Customer.id
    )
    card: Mapped[Card] = relationship(lazy="raise_on_sql", primaryjoin=lambda: foreign(Renewal.card_id) == Card.id)
    plan_version: Mapped[PlanVersion] = relationship(
        lazy="raise_on_sql", primaryjoin=lambda: foreign(Renewal.plan_version_id) == PlanVersion.id
    )

    @property
    def total(self) -> Money:
        """What the customer pays."""
        return Money(self.total_minor, self.currency)

    @property
    def is_under_way(self) -> bool:
        """Whether the carrier still has to answer."""
        return self.state in UNDER_WAY


class RenewalEvent(Model):
    """One change of a renewal's state, with who caused it and from where."""

    __tablename__ = "renewal_events"
    __table_args__ = (Index("ix_renewal_events_renewal", "renewal_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    renewal_id: Mapped[UUID]
    state: Mapped[RenewalState] = mapped_column(enum_column(RenewalState))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class AttemptAct(StrEnum):
    """What a carrier was asked."""

    SUBMIT = "submit"
    """To carry the renewal out."""
    LOOK_UP = "look_up"
    """What became of it."""


class CarrierAttempt(Model):
    """One call to a carrier about a renewal: written before it is made, completed after."""

    __tablename__ = "carrier_attempts"
    __table_args__ = (Index("ix_carrier_attempts_renewal", "renewal_id", "started_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    renewal_id: Mapped[UUID] = mapped_column(ForeignKey("renewals.id"))
    act: Mapped[AttemptAct] = mapped_column(enum_column(AttemptAct))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(30))
    """delivered, refused, retry, unknown or not_found; None while it runs or when its worker died."""
    answer: Mapped[Any | None] = mapped_column(JSONB)
    """The raw answer, secrets masked."""


class BounceEnd(StrEnum):
    """What became of money that had come back."""

    PAYER = "payer"
    """The provider gave it to the payer after all."""
    WALLET = "wallet"
    """Finance put it into the agent's wallet."""
    DISPUTE = "dispute"
    """The payer took it by a dispute that was lost."""


class Bounce(Model):
    """Money that had gone back to a renewal's payer and that their bank sent back; minor units of `currency`.

    Escrow holds it until it has an end.
    """

    __tablename__ = "bounces"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended_has_end"),
        Index("ix_bounces_renewal", "renewal_id"),
        Index("uq_bounces_open", "provider_refund_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    renewal_id: Mapped[UUID] = mapped_column(ForeignKey("renewals.id"))
    provider_refund_id: Mapped[UUID] = mapped_column(ForeignKey("provider_refunds.id"))
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason_code: Mapped[str | None] = mapped_column(String(120))
    """Why the bank sent it back, in the provider's words."""
    came_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_as: Mapped[BounceEnd | None] = mapped_column(enum_column(BounceEnd))

    @property
    def amount(self) -> Money:
        """What came back."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether its payer still has to get it."""
        return self.ended_at is None


class PayLink(Model):
    """Where a renewal that waits is paid: an address that is its own key, and what came of it."""

    __tablename__ = "pay_links"

    renewal_id: Mapped[UUID] = mapped_column(ForeignKey("renewals.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"), unique=True)
    """The one payment that paid the renewal; None while nobody has, and where it cost nothing."""

    renewal: Mapped[Renewal] = relationship(lazy="raise_on_sql")
    payment: Mapped[Payment | None] = relationship(lazy="raise_on_sql")

    @property
    def address(self) -> str:
        """The full address that the customer opens."""
        return f"{settings.current().address}/pay/{self.code}"
