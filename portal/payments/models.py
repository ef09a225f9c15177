"""Payments through providers, what providers told of them, and how an operator is paid.

Amounts are minor units of the row's currency; instants are aware UTC.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, String, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.actor import ActorKind
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money
from portal.payments.providers.base import Method, NoticeKind, Surface


class PaymentPurpose(StrEnum):
    """What a payment is for."""

    TOP_UP = "top_up"
    """An agent fills its wallet; the subject is the top-up to be."""
    RENEWAL = "renewal"
    """A renewal that awaits its payment; the subject."""


class PaymentState(StrEnum):
    """Where a payment stands in the portal."""

    BEGUN = "begun"
    """The payer may pay it; the provider is asked from time to time."""
    SETTLED = "settled"
    """Paid as asked, and booked."""
    HELD = "held"
    """Another amount or currency was paid than was asked: finance decides."""
    DECLINED = "declined"
    """The payer's bank or the provider said no."""
    EXPIRED = "expired"
    """Nobody paid in time."""
    RETURNED = "returned"
    """The money came, and goes back to the payer."""


class PaymentChannel(StrEnum):
    """Before whom a method of payment is offered."""

    AGENT = "agent"
    """An agent's people, who fill the wallet."""
    WEBSITE = "website"
    """Customers, on a pay link or on their own pages."""


class ProviderRefundState(StrEnum):
    """Where money stands that is given back through a provider."""

    PENDING = "pending"
    """It is still being asked for, or the provider has not finished."""
    SUCCEEDED = "succeeded"
    """The payer has it; their bank may still send it back."""
    FAILED = "failed"
    """The provider will not, or the payer's bank sent it back: somebody must look, and may have it tried again."""
    REPLACED = "replaced"
    """It failed, and the money was given another way: it is never tried again."""


class PaymentAct(StrEnum):
    """What a provider was asked about a payment."""

    BEGIN = "begin"
    ASK = "ask"
    CLOSE = "close"
    CHARGE = "charge"
    REFUND = "refund"
    ASK_REFUND = "ask_refund"


class PaymentAccount(Model):
    """An operator's account at a provider; its credentials are encrypted with the operator's key."""

    __tablename__ = "payment_accounts"

    provider: Mapped[str] = mapped_column(String(40), primary_key=True)
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_on: Mapped[bool]
    connected_as: Mapped[str | None] = mapped_column(String(200))
    """Whose the credentials are, in the provider's words, when the connection was last tested."""
    tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class PaymentOffer(Model):
    """A method that is offered in a currency and channel, and the provider that it goes through."""

    __tablename__ = "payment_offers"

    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    channel: Mapped[PaymentChannel] = mapped_column(enum_column(PaymentChannel), primary_key=True)
    method: Mapped[Method] = mapped_column(enum_column(Method), primary_key=True)
    provider: Mapped[str] = mapped_column(String(40))


class Payment(Model):
    """Money asked of somebody through a provider. Amount, currency and purpose are fixed when it is begun."""

    __tablename__ = "payments"
    __table_args__ = (
        Unique("agent_id", "idempotency_key"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(settled_minor IS NULL) = (settled_currency IS NULL)", name="settled_has_currency"),
        CheckConstraint("(fee_minor IS NULL) = (fee_currency IS NULL)", name="fee_has_currency"),
        CheckConstraint("state NOT IN ('settled', 'held', 'returned') OR settled_minor > 0", name="paid_has_amount"),
        Index("ix_payments_agent", "agent_id", "id"),
        Index("ix_payments_subject", "subject_id"),
        Index("ix_payments_state", "state", "id"),
        Index("ix_payments_provider_id", "provider", "provider_id"),
        Index("ix_payments_capture_id", "provider", "capture_id", postgresql_where=text("capture_id IS NOT NULL")),
        Index("ix_payments_to_ask", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    purpose: Mapped[PaymentPurpose] = mapped_column(enum_column(PaymentPurpose))
    subject_id: Mapped[UUID]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id"))

    method: Mapped[Method] = mapped_column(enum_column(Method))
    surface: Mapped[Surface] = mapped_column(enum_column(Surface))
    provider: Mapped[str] = mapped_column(String(40))
    provider_id: Mapped[str | None] = mapped_column(String(255))
    capture_id: Mapped[str | None] = mapped_column(String(255))
    saved_method_id: Mapped[UUID | None] = mapped_column(ForeignKey("saved_methods.id"))
    """The saved card or account that was charged while its owner was away."""
    is_to_be_saved: Mapped[bool] = mapped_column(default=False)

    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    settled_currency: Mapped[str | None] = mapped_column(CHAR(3))
    settled_minor: Mapped[int | None] = mapped_column(BigInteger)
    fee_currency: Mapped[str | None] = mapped_column(CHAR(3))
    fee_minor: Mapped[int | None] = mapped_column(BigInteger)
    """What the provider keeps, where it says so; its currency may be another one than the amount's."""

    state: Mapped[PaymentState] = mapped_column(enum_column(PaymentState))
    decline_code: Mapped[str | None] = mapped_column(String(120))
    """Why it was declined, or, while it is begun, why the last card was."""
    description: Mapped[str] = mapped_column(String(100))
    language: Mapped[str] = mapped_column(String(5))
    return_url: Mapped[str] = mapped_column(String(500))
    cancel_url: Mapped[str] = mapped_column(String(500))
    go_to: Mapped[str | None] = mapped_column(Text)
    """The provider's page, where the payer goes."""
    go_to_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when that page opens; None: as long as the payment lasts."""
    qr_text: Mapped[str | None] = mapped_column(Text)
    """What the QR code says that the payer scans."""
    for_app: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    """What a page inside the provider's app hands to it, signed."""

    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the clock has the provider asked next; None once nothing more is expected."""
    asks: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was first known that nothing more is to come: settled, held, declined, expired or returned."""

    idempotency_key: Mapped[str] = mapped_column(String(80))
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))

    @property
    def amount(self) -> Money:
        """What was asked."""
        return Money(self.amount_minor, self.currency)

    @property
    def settled(self) -> Money | None:
        """What was really paid; None while nothing was."""
        if self.settled_minor is None or self.settled_currency is None:
            return None
        return Money(self.settled_minor, self.settled_currency)

    @property
    def fee(self) -> Money | None:
        """What the provider keeps, where it says so; may be in another currency than the amount."""
        if self.fee_minor is None or self.fee_currency is None:
            return None
        return Money(self.fee_minor, self.fee_currency)

    @property
    def is_open(self) -> bool:
        """Whether it may still be paid."""
        return self.state is PaymentState.BEGUN

    def has_way(self, *, now: datetime) -> bool:
        """Tell whether its payer has where to pay: a page that still opens, a code, or an app."""
        has_page = self.go_to is not None and (self.go_to_until is None or now < self.go_to_until)
        return has_page or self.qr_text is not None or self.for_app is not None

    @property
    def is_paid(self) -> bool:
        """Whether it was paid as asked and booked."""
        return self.state is PaymentState.SETTLED


class PaymentCall(Model):
    """One answer of a provider about a payment, secrets masked: for those who look into it later."""

    __tablename__ = "payment_calls"
    __table_args__ = (Index("ix_payment_calls_payment", "payment_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    act: Mapped[PaymentAct] = mapped_column(enum_column(PaymentAct))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    outcome: Mapped[str] = mapped_column(String(120))
    """The provider's word on the state, or the reason code of its refusal."""
    answer: Mapped[Any] = mapped_column(JSONB)


class PaymentNotice(Model):
    """A webhook whose signature was good, as it came; a provider's event is kept once."""

    __tablename__ = "payment_notices"
    __table_args__ = (Unique("provider", "event_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    provider: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[NoticeKind] = mapped_column(enum_column(NoticeKind))
    word: Mapped[str] = mapped_column(String(120))
    reference: Mapped[str | None] = mapped_column(String(64))
    provider_id: Mapped[str | None] = mapped_column(String(255))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class ForgedNotices(Model):
    """How many webhooks without a good signature came in the name of a provider on a day (UTC), and why refused."""

    __tablename__ = "forged_notices"

    provider: Mapped[str] = mapped_column(String(40), primary_key=True)
    received_on: Mapped[str] = mapped_column(CHAR(10), primary_key=True)
    why: Mapped[str] = mapped_column(String(20), primary_key=True)
    times: Mapped[int] = mapped_column(BigInteger)


class SavedMethod(Model):
    """A card or account kept at a provider, to be charged while its owner is away: an agent's or a customer's."""

    __tablename__ = "saved_methods"
    __table_args__ = (
        Unique("provider", "token_hash"),
        CheckConstraint("(agent_id IS NULL) <> (customer_id IS NULL)", name="one_owner"),
        Index("ix_saved_methods_agent", "agent_id", postgresql_where=text("agent_id IS NOT NULL")),
        Index("ix_saved_methods_customer", "customer_id", postgresql_where=text("customer_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id"))
    provider: Mapped[str] = mapped_column(String(40))
    method: Mapped[Method] = mapped_column(enum_column(Method))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """The provider's names for it and for its owner, encrypted."""
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """A keyed hash of its owner here and its name there, so that the same card is kept once for each owner."""
    label: Mapped[str] = mapped_column(String(80))
    expires: Mapped[str | None] = mapped_column(String(7))
    """`2028-04` for cards."""
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ProviderRefund(Model):
    """Money to give back through the provider that it was paid through."""

    __tablename__ = "provider_refunds"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_provider_refunds_payment", "payment_id"),
        Index("ix_provider_refunds_state", "state", "id"),
        Index("ix_provider_refunds_subject", "subject_id"),
        Index("ix_provider_refunds_to_ask", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    """Who is told when it succeeded or failed, see `purposes.refunded`; empty: nobody."""
    subject_id: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))
    state: Mapped[ProviderRefundState] = mapped_column(enum_column(ProviderRefundState))
    provider_id: Mapped[str | None] = mapped_column(String(255))
    failure_code: Mapped[str | None] = mapped_column(String(120))
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the clock has it looked at again that it succeeded; None while it did not, or once nothing more can come."""
    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))

    payment: Mapped[Payment] = relationship(lazy="raise_on_sql")

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)
