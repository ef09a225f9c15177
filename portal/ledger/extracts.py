"""What pages read out of the books: frozen, amounts in minor units of their own currency."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.core.money import Money
from portal.ledger.models import Side


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account and its balance in minor units, positive on the account's own side."""

    id: int
    name: str
    kind: str
    owner_id: UUID | None
    currency: str
    side: Side
    is_guarded: bool
    balance_minor: int
    credit_limit_minor: int

    @property
    def balance(self) -> Money:
        """What the account holds."""
        return Money(self.balance_minor, self.currency)

    @property
    def available(self) -> Money:
        """What a guarded account can still spend: its balance and credit limit."""
        return Money(self.balance_minor + self.credit_limit_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer as one of its accounts sees it: minor units, positive when it raises the account's balance."""

    posted_at: datetime
    kind: str
    subject_kind: str
    subject_id: UUID
    counter_account_id: int
    counter_account: str
    currency: str
    amount_minor: int
    balance_minor: int
    """The account's balance right after this transfer."""

    @property
    def amount(self) -> Money:
        """By how much the balance changed."""
        return Money(self.amount_minor, self.currency)

    @property
    def balance(self) -> Money:
        """The balance right after."""
        return Money(self.balance_minor, self.currency)


@dataclass(frozen=True, slots=True)
class TrialLine:
    """All accounts of one kind, netted: a positive amount in minor units in one of the two columns."""

    kind: str
    side: Side
    accounts: int
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every kind of account in one currency; both columns sum to the same."""

    currency: str
    lines: tuple[TrialLine, ...]

    @property
    def debit(self) -> Money:
        """The sum of the debit column."""
        return Money(sum(line.debit_minor for line in self.lines), self.currency)

    @property
    def credit(self) -> Money:
        """The sum of the credit column."""
        return Money(sum(line.credit_minor for line in self.lines), self.currency)


@dataclass(frozen=True, slots=True)
class PostedTransfer:
    """A transfer with both its accounts; the amount is positive, in minor units."""

    id: int
    debit_account_id: int
    debit_account: str
    credit_account_id: int
    credit_account: str
    amount_minor: int
    currency: str
    reverses_id: int | None

    @property
    def amount(self) -> Money:
        """What moved from the debited account to the credited one."""
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """One event in the books with its transfers in order."""

    id: UUID
    key: str
    kind: str
    posted_at: datetime
    transfers: tuple[PostedTransfer, ...]
