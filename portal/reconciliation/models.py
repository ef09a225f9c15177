"""What others' books say, how far they were compared with ours, and every difference between the two.

Amounts are minor units of the row's currency, signed from the portal's side of the account that is compared: money that
came to a provider or the bank is positive, money that left it negative; what a carrier asks for is positive.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import clock
from portal.core.db import Model, UtcDateTime, enum_column
from portal.core.ids import new_id
from portal.core.money import Money


class SourceKind(StrEnum):
    """Whose books are compared with ours."""

    PROVIDER = "provider"
    """A payment provider's, with `clearing:<provider>`."""
    CARRIER = "carrier"
    """A carrier's bill, with `carrier_payable:<carrier>`."""
    BANK = "bank"
    """The bank's lines of a provider's payouts, with what was booked to `bank` for them."""


class ReportLineKind(StrEnum):
    """What a line of others' books is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    DISPUTE_REVERSAL = "dispute_reversal"
    FEE = "fee"
    PAYOUT = "payout"
    OTHER = "other"
    COST = "cost"
    """What a carrier asks for a renewal, or asks no more."""
    ARRIVAL = "arrival"
    """What a provider's payout brought to the bank."""


class DifferenceKind(StrEnum):
    """What is the matter where our books and theirs do not say the same."""

    UNKNOWN_PAYMENT = "unknown_payment"
    """They had a payment that the portal never began."""
    MISSING_HERE = "missing_here"
    """They have it; our books do not."""
    MISSING_THERE = "missing_there"
    """Our books have it; theirs do not."""
    OTHER_AMOUNT = "other_amount"
    HELD_PAYMENT = "held_payment"
    """Paid otherwise than asked: in no account of ours until finance decides."""
    RETURN_UNDER_WAY = "return_under_way"
    """A payment that goes back whole: the way back is not in their books yet."""
    REFUND_UNDER_WAY = "refund_under_way"
    """They have it; here the refund still waits for their word."""
    UNKNOWN_REFUND = "unknown_refund"
    """Given back at the provider, past the portal."""
    OTHER_DISPUTE = "other_dispute"
    """A dispute that stands otherwise there than here."""
    DISPUTE_FEE = "dispute_fee"
    FEE_NOT_BOOKED = "fee_not_booked"
    """A fee that nobody expected, or another one than was told when it was paid."""
    PAYOUT_NOT_AT_BANK = "payout_not_at_bank"
    PAYOUT_OTHER_AMOUNT = "payout_other_amount"
    UNKNOWN_ARRIVAL = "unknown_arrival"
    """Money at the bank that no payout explains."""
    CHANGED_LINE = "changed_line"
    """A line that said something else when it was first fetched."""
    UNKNOWN_LINE = "unknown_line"


class DifferenceState(StrEnum):
    """How far a difference is."""

    OPEN = "open"
    EXPLAINED = "explained"
    MENDED = "mended"
    """An entry that two people agreed to made it good."""
    GONE = "gone"
    """Both sides say the same by now."""


class Explanation(StrEnum):
    """Why a difference may stand."""

    TIMING = "timing"
    """It will close by itself; it opens again when it has not done so in time."""
    ACCEPTED = "accepted"
    """It stays, for the reason given."""


class MendState(StrEnum):
    """How far a mend is."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REFUSED = "refused"
    LAPSED = "lapsed"
    """The difference closed by itself, or came to be another one, before anybody decided."""


class ReportSource(Model):
    """Whose books are fetched, up to when they are here, and how the last try went."""

    __tablename__ = "report_sources"
    __table_args__ = (
        Unique("kind", "name"),
        CheckConstraint("(failure IS NULL) = (first_failed_at IS NULL)", name="failure_has_day"),
        Index("ix_report_sources_next", "next_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[SourceKind] = mapped_column(enum_column(SourceKind))
    name: Mapped[str] = mapped_column(String(40))
    """As in the ledger: `stripe` of `clearing:stripe`."""
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the clock has it fetched next, or only compared; None where people bring the lines."""
    fetched_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Their books are here up to this instant."""
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(200))
    """Why the last try brought nothing; None once one did."""
    first_failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the first try failed since one brought something."""
    switched_off_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when it can be asked no more: its credentials or its connector are gone. None while it can."""


class ReportLine(Model):
    """A line of others' books, as it was first fetched: it never changes; another content later stands beside it."""

    __tablename__ = "report_lines"
    __table_args__ = (
        Unique("source_id", "kind", "line_id"),
        Index("ix_report_lines_booked", "source_id", "booked_at"),
        Index("ix_report_lines_payment", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
        Index("ix_report_lines_refund", "refund_id", postgresql_where=text("refund_id IS NOT NULL")),
        Index("ix_report_lines_renewal", "renewal_id", postgresql_where=text("renewal_id IS NOT NULL")),
        Index("ix_report_lines_payout", "source_id", "payout_id", postgresql_where=text("payout_id IS NOT NULL")),
        Index("ix_report_lines_unmatched", "source_id", "id", postgresql_where=text("matched_at IS NULL")),
        Index(
            "ix_report_lines_fees",
            "source_id",
            "id",
            postgresql_where=text("fee_booked_at IS NULL AND fee_minor <> 0"),
        ),
        Index(
            "uq_report_lines_arrival",
            "source_id",
            "payout_id",
            unique=True,
            postgresql_where=text("kind = 'arrival' AND payout_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("report_sources.id"))
    kind: Mapped[ReportLineKind] = mapped_column(enum_column(ReportLineKind))
    line_id: Mapped[str] = mapped_column(String(255))
    """Their own name for the line; of an arrival, the bank's reference."""
    reference: Mapped[str | None] = mapped_column(String(255))
    """What it is about, as they say it."""
    currency: Mapped[str] = mapped_column(CHAR(3))
    gross_minor: Mapped[int] = mapped_column(BigInteger)
    fee_currency: Mapped[str] = mapped_column(CHAR(3))
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    """What they kept, not negative unless they gave a fee back."""
    booked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    payout_id: Mapped[str | None] = mapped_column(String(255))
    """Of a payout, its own name; of an arrival, the payout that it is."""
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    matched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was known what of ours it is about."""
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("provider_refunds.id"))
    renewal_id: Mapped[UUID | None]
    fee_booked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was first fetched with another content."""
    changed: Mapped[Any | None] = mapped_column(JSONB)
    """What it says now: `currency`, `gross_minor`, `fee_currency`, `fee_minor`, `reference`."""

    source: Mapped[ReportSource] = relationship(lazy="raise_on_sql")

    @property
    def gross(self) -> Money:
        """The line's amount before the fee."""
        return Money(self.gross_minor, self.currency)

    @property
    def fee(self) -> Money:
        """What they kept."""
        return Money(self.fee_minor, self.fee_currency)


class ReconciledAccount(Model):
    """One currency of a source as it was compared last: both balances, and what is too young to compare."""

    __tablename__ = "reconciled_accounts"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("report_sources.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    theirs_minor: Mapped[int] = mapped_column(BigInteger)
    ours_minor: Mapped[int] = mapped_column(BigInteger)
    young_minor: Mapped[int] = mapped_column(BigInteger)
    """What of ours was booked after their books end."""
    compared_at: Mapped[datetime] = mapped_column(UtcDateTime)

    source: Mapped[ReportSource] = relationship(lazy="raise_on_sql")


class Difference(Model):
    """One matter on which our books and theirs differ, from the day it was found; it is kept when it is settled."""

    __tablename__ = "differences"
    __table_args__ = (
        Unique("source_id", "key", "currency"),
        CheckConstraint("(state = 'explained') = (explanation IS NOT NULL)", name="explained_has_explanation"),
        Index("ix_differences_state", "source_id", "currency", "state", "arisen_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("report_sources.id"))
    key: Mapped[str] = mapped_column(String(300))
    """What is compared, such as `payment:<id>:paid` or `payout:<their id>`; see `sides`."""
    currency: Mapped[str] = mapped_column(CHAR(3))
    kind: Mapped[DifferenceKind] = mapped_column(enum_column(DifferenceKind))
    reference: Mapped[str] = mapped_column(String(255))
    """What people call it."""
    theirs_minor: Mapped[int] = mapped_column(BigInteger)
    ours_minor: Mapped[int] = mapped_column(BigInteger)
    arisen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the first of either side was booked: its age counts from here."""
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the two were compared last and differed."""
    state: Mapped[DifferenceState] = mapped_column(enum_column(DifferenceState), default=DifferenceState.OPEN)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    explanation: Mapped[Explanation | None] = mapped_column(enum_column(Explanation))
    note: Mapped[str] = mapped_column(String(500), default="")
    explained_by_name: Mapped[str | None] = mapped_column(String(200))
    explained_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reopened_by_name: Mapped[str | None] = mapped_column(String(200))
    reopened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a person opened it again, which stands until it is explained, or its sum or kind changes."""
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"))
    renewal_id: Mapped[UUID | None]

    source: Mapped[ReportSource] = relationship(lazy="raise_on_sql")

    @property
    def theirs(self) -> Money:
        """What they say."""
        return Money(self.theirs_minor, self.currency)

    @property
    def ours(self) -> Money:
        """What our books say."""
        return Money(self.ours_minor, self.currency)

    @property
    def gap(self) -> Money:
        """What ours would have to change by to say the same as theirs."""
        return self.theirs - self.ours

    @property
    def is_standing(self) -> bool:
        """Whether the two sides still differ."""
        return self.state in STANDING


STANDING = (DifferenceState.OPEN, DifferenceState.EXPLAINED)
"""States of a difference that is still there."""


class Mend(Model):
    """An entry that would make a difference good: proposed by one person, posted when another agrees."""

    __tablename__ = "mends"
    __table_args__ = (
        CheckConstraint("gap_minor <> 0", name="moves_something"),
        CheckConstraint("state <> 'posted' OR coalesce(decided_by <> proposed_by, false)", name="four_eyes"),
        CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name="decided_has_day"),
        Index("ix_mends_difference", "difference_id"),
        Index("uq_mends_proposed", "difference_id", unique=True, postgresql_where=text("state = 'proposed'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    difference_id: Mapped[UUID] = mapped_column(ForeignKey("differences.id"))
    counter_account: Mapped[str] = mapped_column(String(80))
    """The account that stands against the compared one, by its name in the books."""
    currency: Mapped[str] = mapped_column(CHAR(3))
    gap_minor: Mapped[int] = mapped_column(BigInteger)
    """By how much the compared account changes."""
    note: Mapped[str] = mapped_column(String(500))
    state: Mapped[MendState] = mapped_column(enum_column(MendState), default=MendState.PROPOSED)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_by_name: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def gap(self) -> Money:
        """By how much the compared account changes."""
        return Money(self.gap_minor, self.currency)
