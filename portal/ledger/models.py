"""Accounts, entries, transfers and snapshots. Entries and transfers are inserted only: triggers refuse the rest."""

from datetime import date, datetime
from enum import StrEnum
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
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model, UtcDateTime, enum_column


class Side(StrEnum):
    """What an account is, and so which way its balance counts."""

    ASSET = "asset"
    """Debits less credits."""
    EXPENSE = "expense"
    """Debits less credits."""
    LIABILITY = "liability"
    """Credits less debits."""
    INCOME = "income"
    """Credits less debits."""


class Account(Model):
    """An account of one currency. Only guarded ones carry a live balance (credits less debits, minor units)."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("name", "currency"),
        UniqueConstraint("id", "currency"),
        CheckConstraint(
            "guarded = (balance_minor IS NOT NULL) AND (NOT guarded OR side = 'liability')", name="guarded_has_balance"
        ),
        CheckConstraint("balance_minor >= -credit_limit_minor", name="covered"),
        CheckConstraint("credit_limit_minor >= 0", name="credit_limit_not_negative"),
        Index("ix_ledger_accounts_owner", "owner_id", postgresql_where=text("owner_id IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(30))
    owner_id: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(CHAR(3))
    side: Mapped[Side] = mapped_column(enum_column(Side))
    guarded: Mapped[bool] = mapped_column(default=False)
    balance_minor: Mapped[int | None] = mapped_column(BigInteger)
    credit_limit_minor: Mapped[int] = mapped_column(BigInteger, default=0)


class Entry(Model):
    """One event in the books: the transfers that share it, and a digest over them."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_subject", "subject_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(30))
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[UUID]
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


class Transfer(Model):
    """A positive amount in minor units moved from the debited account to the credited one.

    The balances are those of a guarded account right after this transfer (its running balance), else NULL.
    """

    __tablename__ = "ledger_transfers"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        Index("ix_ledger_transfers_debit", "debit_account_id", "id"),
        Index("ix_ledger_transfers_credit", "credit_account_id", "id"),
        Index("ix_ledger_transfers_entry", "entry_id"),
        Index(
            "uq_ledger_transfers_reverses", "reverses_id", unique=True, postgresql_where=text("reverses_id IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entry_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(30))
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[UUID]
    debit_account_id: Mapped[int] = mapped_column(BigInteger)
    credit_account_id: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(CHAR(3))
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_transfers.id"))
    debit_balance_minor: Mapped[int | None] = mapped_column(BigInteger)
    credit_balance_minor: Mapped[int | None] = mapped_column(BigInteger)


class Snapshot(Model):
    """What an account had been debited and credited, up to and with one transfer; taken daily by the clock."""

    __tablename__ = "ledger_snapshots"

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"), primary_key=True)
    last_transfer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    taken_on: Mapped[date]
    debits_minor: Mapped[int] = mapped_column(BigInteger)
    credits_minor: Mapped[int] = mapped_column(BigInteger)
