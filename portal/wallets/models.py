"""Top-ups of wallets, by hand and automatic, and the thresholds below which an agent is told. Amounts: minor units."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money
from portal.payments.models import Payment, SavedMethod


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


class WalletThreshold(Model):
    """Below what an agent wants to be told that a wallet runs low; what can still be spent is compared with it."""

    __tablename__ = "wallet_thresholds"
    __table_args__ = (Unique("agent_id", "currency"), CheckConstraint("threshold_minor > 0", name="threshold_positive"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    threshold_minor: Mapped[int] = mapped_column(BigInteger)
    fallen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when the wallet has been below it; None while it is not."""
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the owners were last told of a fall."""

    @property
    def threshold(self) -> Money:
        """Below what the wallet runs low."""
        return Money(self.threshold_minor, self.currency)


class TopUpPause(StrEnum):
    """Why automatic top-ups stopped until their owner looks."""

    DECLINES = "declines"
    """The card was declined so often in a row that trying on would be no use."""
    CARD_GONE = "card_gone"
    """The saved card was forgotten, or its provider charges it no more."""


class TopUpRest(StrEnum):
    """Why automatic top-ups wait for a while, and then go on by themselves."""

    DAY_IS_FULL = "day_is_full"
    """As often or as much was charged today as its owner permitted."""
    DECLINED = "declined"
    """The bank said no: it is asked again later, not at once."""
    OWNER_WANTED = "owner_wanted"
    """The bank wants the card's owner there (3-D Secure)."""
    NOT_REACHED = "not_reached"
    """Nobody was charged: the provider was not reached, or did not say so in time."""


class AutomaticTopUp(Model):
    """An agent's mandate to charge a saved card whenever a wallet falls below a threshold, within a day's bounds."""

    __tablename__ = "automatic_top_ups"
    __table_args__ = (
        Unique("agent_id", "currency"),
        CheckConstraint("threshold_minor > 0", name="threshold_positive"),
        # One charge always ends the shortage, so that the same fall is never charged for twice.
        CheckConstraint("amount_minor >= threshold_minor", name="amount_ends_the_shortage"),
        CheckConstraint("most_a_day > 0 AND most_minor_a_day >= amount_minor", name="most_a_day_allows_one"),
        CheckConstraint("(paused_at IS NULL) = (pause IS NULL)", name="pause_has_reason"),
        CheckConstraint("(rests_until IS NULL) = (rest IS NULL)", name="rest_has_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    saved_method_id: Mapped[UUID] = mapped_column(ForeignKey("saved_methods.id"))
    threshold_minor: Mapped[int] = mapped_column(BigInteger)
    """What can still be spent is compared with it, the credit limit counted in."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    most_a_day: Mapped[int]
    """How often it may be charged in a day of the operator's zone."""
    most_minor_a_day: Mapped[int] = mapped_column(BigInteger)

    is_on: Mapped[bool]
    consent: Mapped[str] = mapped_column(Text)
    """The sentence that was agreed to, as it was shown."""
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consented_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    consented_by_name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(String(100))
    """What a charge is for, as the card's owner reads it at the provider."""
    language: Mapped[str] = mapped_column(String(5))

    declines_in_row: Mapped[int] = mapped_column(default=0)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pause: Mapped[TopUpPause | None] = mapped_column(enum_column(TopUpPause))
    rests_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rest: Mapped[TopUpRest | None] = mapped_column(enum_column(TopUpRest))

    saved_method: Mapped[SavedMethod] = relationship(lazy="joined", innerjoin=True)

    @property
    def threshold(self) -> Money:
        """Below what the wallet is topped up."""
        return Money(self.threshold_minor, self.currency)

    @property
    def amount(self) -> Money:
        """What is charged at a time."""
        return Money(self.amount_minor, self.currency)

    @property
    def most(self) -> Money:
        """What is charged at most in a day."""
        return Money(self.most_minor_a_day, self.currency)

    @property
    def is_paused(self) -> bool:
        """Whether its owner has to look before it goes on."""
        return self.is_on and self.paused_at is not None

    def rests(self, now: datetime) -> bool:
        """Whether it waits for a while."""
        return self.is_on and self.paused_at is None and self.rests_until is not None and self.rests_until > now

    def may_charge(self, now: datetime) -> bool:
        """Whether it is switched on, and neither paused nor resting."""
        return self.is_on and self.paused_at is None and not self.rests(now)


class TopUpAttemptState(StrEnum):
    """What became of one automatic top-up."""

    OPEN = "open"
    """The card is about to be charged, or was, and the outcome is not known yet: its money is on its way."""
    PAID = "paid"
    """Charged; the wallet was credited."""
    DECLINED = "declined"
    """The bank said no; nothing was charged."""
    OWNER_WANTED = "owner_wanted"
    """The bank wants the card's owner there; nothing was charged."""
    NOT_REACHED = "not_reached"
    """The provider was not reached, or never heard of it; nothing was charged."""
    RETURNED = "returned"
    """Another amount was charged than was asked, and given back."""
    DROPPED = "dropped"
    """Nobody was asked: it was not needed any more, or not wanted any more."""


class TopUpAttempt(Model):
    """One automatic top-up. Its id is the top-up to be: the subject of its payment, and the key that charges once."""

    __tablename__ = "top_up_attempts"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_has_time"),
        Index("ix_top_up_attempts_automatic", "automatic_top_up_id", "id"),
        Index("uq_top_up_attempts_open", "automatic_top_up_id", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    automatic_top_up_id: Mapped[UUID] = mapped_column(ForeignKey("automatic_top_ups.id"))
    saved_method_id: Mapped[UUID] = mapped_column(ForeignKey("saved_methods.id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[TopUpAttemptState] = mapped_column(enum_column(TopUpAttemptState))
    opened_on: Mapped[date]
    """The day of the operator's zone whose bounds it counts against."""
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def amount(self) -> Money:
        """What is charged."""
        return Money(self.amount_minor, self.currency)
