"""Refunds of delivered renewals: who asked, who agreed, what the carrier said, and how the amount was split."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money
from portal.payments.providers.base import DisputeState


class RefundState(StrEnum):
    """Where a refund stands."""

    AWAITING_APPROVAL = "awaiting_approval"
    """Above the limit: a second person has to agree."""
    DECLINED = "declined"
    """The second person did not agree; nothing moved."""
    ASKING_CARRIER = "asking_carrier"
    """Agreed; the carrier is asked whether it takes the plan back."""
    PAYING_BACK = "paying_back"
    """The payment provider is asked to give the money back."""
    FAILED = "failed"
    """The provider will not: somebody must try again or choose the wallet. The books have not moved."""
    DONE = "done"
    """The money went back, and the credit note is issued."""
    CAME_BACK = "came_back"
    """It was done, and the payer's bank sent the money back: somebody must try again or choose the wallet."""


OPEN = frozenset(
    {RefundState.AWAITING_APPROVAL, RefundState.ASKING_CARRIER, RefundState.PAYING_BACK, RefundState.FAILED}
)
"""States in which a refund keeps its renewal to itself; the index over them below names the same."""


CARRIED_OUT = frozenset({RefundState.DONE, RefundState.CAME_BACK})
"""States of a refund that is booked and has its credit note; what came back is owed, not refundable anew."""


class RefundReason(StrEnum):
    """Why money goes back; the credit note says it."""

    NOT_WORKING = "not_working"
    WRONG_CARD = "wrong_card"
    WRONG_PLAN = "wrong_plan"
    PAID_TWICE = "paid_twice"
    NOT_NEEDED = "not_needed"
    GOODWILL = "goodwill"
    DISPUTE_LOST = "dispute_lost"
    OTHER = "other"


class RefundDestination(StrEnum):
    """Where the money goes."""

    SOURCE = "source"
    """Where it came from: the agent's wallet, or the payer through the payment provider."""
    WALLET = "wallet"
    """Into the agent's wallet, whoever paid."""
    DISPUTED = "disputed"
    """The payer has it already: a dispute was decided for them."""


class CarrierAnswer(StrEnum):
    """Whether the carrier took the plan back."""

    NOT_ASKED = "not_asked"
    """A part is refunded: the customer keeps the plan."""
    TAKEN_BACK = "taken_back"
    """It asks no money for it."""
    KEPT = "kept"
    """It keeps its money, so that the operator bears the cost."""


class Refund(Model):
    """A sum of a delivered renewal that goes back; amounts are minor units of `currency`.

    `revenue_minor` to `override_minor` say what was taken from whom; they are known once it is done.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("renewal_id", "number"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "(state IN ('awaiting_approval', 'declined', 'asking_carrier', 'paying_back', 'failed')) = (number IS NULL)"
            " AND (number IS NULL) = (done_at IS NULL)",
            name="carried_out_is_numbered",
        ),
        CheckConstraint(
            "number IS NULL OR revenue_minor + tax_minor + fee_minor = amount_minor", name="parts_sum_to_amount"
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_people"),
        CheckConstraint("refusal IS NULL OR state = 'declined'", name="refusal_of_declined"),
        Index(
            "uq_refunds_open",
            "renewal_id",
            unique=True,
            postgresql_where=text("state IN ('awaiting_approval', 'asking_carrier', 'paying_back', 'failed')"),
        ),
        Index("ix_refunds_state", "state", "id"),
        Index("ix_refunds_agent", "agent_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    renewal_id: Mapped[UUID] = mapped_column(ForeignKey("renewals.id"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    number: Mapped[int | None]
    """1 for the first refund of a renewal that was carried out, 2 for the next."""
    state: Mapped[RefundState] = mapped_column(enum_column(RefundState))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[RefundReason] = mapped_column(enum_column(RefundReason))
    note: Mapped[str] = mapped_column(String(300), default="")
    destination: Mapped[RefundDestination] = mapped_column(enum_column(RefundDestination))

    requested_by: Mapped[UUID | None]
    requested_by_name: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was agreed, by its limit or by a second person."""
    refusal: Mapped[str | None] = mapped_column(String(300))
    """Why the second person did not agree; None of what was withdrawn."""

    carrier_answer: Mapped[CarrierAnswer | None] = mapped_column(enum_column(CarrierAnswer))
    carrier_reason: Mapped[str | None] = mapped_column(String(120))
    """The carrier's number of the return, or the code of its refusal."""
    carrier_raw: Mapped[Any | None] = mapped_column(JSONB)
    """The raw answer, secrets masked."""

    failure_code: Mapped[str | None] = mapped_column(String(120))

    revenue_minor: Mapped[int | None] = mapped_column(BigInteger)
    tax_minor: Mapped[int | None] = mapped_column(BigInteger)
    fee_minor: Mapped[int | None] = mapped_column(BigInteger)
    share_minor: Mapped[int | None] = mapped_column(BigInteger)
    override_minor: Mapped[int | None] = mapped_column(BigInteger)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_under_way(self) -> bool:
        """Whether the carrier or the payment provider still has to answer."""
        return self.state in (RefundState.ASKING_CARRIER, RefundState.PAYING_BACK)

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_to_be_given_again(self) -> bool:
        """Whether the payer has not got the money, and somebody has to try again or choose the wallet."""
        return self.state in (RefundState.FAILED, RefundState.CAME_BACK)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in OPEN


class Dispute(Model):
    """A payer who asks their bank or the provider for the money back; amounts are minor units of `currency`.

    While it is open, the provider holds the amount and the portal holds what was earned on it.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        CheckConstraint("amount_minor > 0 AND frozen_minor >= 0", name="amounts"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_day"),
        Index("ix_disputes_renewal", "renewal_id", postgresql_where=text("renewal_id IS NOT NULL")),
        Index("ix_disputes_state", "state", "id"),
        Index("ix_disputes_to_ask", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    provider: Mapped[str] = mapped_column(String(40))
    provider_id: Mapped[str] = mapped_column(String(255))
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    renewal_id: Mapped[UUID | None] = mapped_column(ForeignKey("renewals.id"))
    """What was paid; None where it was a top-up of the agent's wallet."""
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    state: Mapped[DisputeState] = mapped_column(enum_column(DisputeState))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    frozen_minor: Mapped[int] = mapped_column(BigInteger)
    """What of the agent's is held: earned on the renewal, or out of the wallet that was topped up."""
    reason: Mapped[str] = mapped_column(String(120))
    answer_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the clock has the provider asked next; None once it is decided."""
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id"))
    """The refund that a lost dispute came to."""
    raw: Mapped[Any] = mapped_column(JSONB)
    """The provider's last answer, secrets masked."""

    @property
    def amount(self) -> Money:
        """What the payer wants back."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided yet."""
        return self.state is DisputeState.OPEN
