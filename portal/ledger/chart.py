"""The chart of accounts: which accounts there are, on which side they stand, and opening them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from portal.core.db import Statement, after_commit, execute_together
from portal.ledger.models import Side

SIDES: dict[str, Side] = {
    "agent_wallet": Side.LIABILITY,
    "customer_balance": Side.LIABILITY,
    "escrow": Side.LIABILITY,
    "commission_earned": Side.LIABILITY,
    "carrier_payable": Side.LIABILITY,
    "frozen": Side.LIABILITY,
    "tax_payable": Side.LIABILITY,
    "clearing": Side.ASSET,
    "disputed": Side.ASSET,
    "bank": Side.ASSET,
    "revenue": Side.INCOME,
    "promotions": Side.EXPENSE,
    "commission_expense": Side.EXPENSE,
    "carrier_cost": Side.EXPENSE,
    "provider_fees": Side.EXPENSE,
    "write_off": Side.EXPENSE,
}
"""Every kind of account and its side; an account that is owned by someone is named `<kind>:<owner>`."""

GUARDED = {"agent_wallet", "customer_balance"}
"""Kinds whose live balance stands on their row, so that no code path can overdraw them."""


_OWNER = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class AccountRef:
    """Names an account; its currency is the transfer's.

    Raises:
        ValueError: the owner's name has signs other than letters, digits, `.`, `_` and `-`.
    """

    kind: str
    owner: str | None = None

    def __post_init__(self) -> None:
        if self.owner is not None and not _OWNER.fullmatch(self.owner):
            raise ValueError(f"not the owner of an account: {self.owner!r}")

    @property
    def name(self) -> str:
        """The account's name in the books, such as `escrow` or `agent_wallet:<agent>`."""
        return f"{self.kind}:{self.owner}" if self.owner else self.kind

    @property
    def is_guarded(self) -> bool:
        """Whether the account carries a live balance that cannot be overdrawn."""
        return self.kind in GUARDED


ESCROW = AccountRef("escrow")
REVENUE = AccountRef("revenue")
TAX_PAYABLE = AccountRef("tax_payable")
BANK = AccountRef("bank")
PROMOTIONS = AccountRef("promotions")
COMMISSION_EXPENSE = AccountRef("commission_expense")
CARRIER_COST = AccountRef("carrier_cost")
PROVIDER_FEES = AccountRef("provider_fees")
WRITE_OFF = AccountRef("write_off")


def agent_wallet(agent_id: UUID) -> AccountRef:
    """Name an agent's prepaid wallet."""
    return AccountRef("agent_wallet", str(agent_id))


def commission_earned(agent_id: UUID) -> AccountRef:
    """Name what the operator owes an agent."""
    return AccountRef("commission_earned", str(agent_id))


def carrier_payable(carrier: str) -> AccountRef:
    """Name what the operator owes a carrier."""
    return AccountRef("carrier_payable", carrier)


def clearing(provider: str) -> AccountRef:
    """Name the money that lies at a payment provider."""
    return AccountRef("clearing", provider)


def disputed(provider: str) -> AccountRef:
    """Name the money that a payment provider holds while payers dispute it."""
    return AccountRef("disputed", provider)


def frozen(agent_id: UUID) -> AccountRef:
    """Name what of an agent's money is held while payers dispute it."""
    return AccountRef("frozen", str(agent_id))


_ids: dict[tuple[str, str], int] = {}  # accounts this process has seen committed; they are never closed


def open_accounts(accounts: Iterable[AccountRef], currency: str) -> dict[str, int]:
    """Open the accounts that do not stand yet and give all their ids by name; free for those met before."""
    wanted = {account.name: account for account in accounts}
    found = {name: _ids[name, currency] for name in wanted if (name, currency) in _ids}
    missing = [account for name, account in wanted.items() if name not in found]
    if not missing:
        return found
    *_, rows = execute_together(
        [
            *(_opening(account, currency) for account in missing),
            Statement(
                "SELECT name, id FROM ledger_accounts WHERE name = ANY(%(names)s) AND currency = %(currency)s",
                {"names": [account.name for account in missing], "currency": currency},
            ),
        ]
    )
    opened = {row.name: row.id for row in rows}
    # Only a committed account may be remembered: the id of a rolled-back one would never exist.
    after_commit(partial(_ids.update, {(name, currency): account_id for name, account_id in opened.items()}))
    return found | opened


def forget_ids() -> None:
    """Forget which accounts were seen, after the database under this process was replaced (tests, restore)."""
    _ids.clear()


def _opening(account: AccountRef, currency: str) -> Statement:
    return Statement(
        """
        INSERT INTO ledger_accounts (name, kind, owner_id, currency, side, guarded, balance_minor, credit_limit_minor)
        VALUES (%(name)s, %(kind)s, %(owner_id)s, %(currency)s, %(side)s, %(guarded)s, %(balance)s, 0)
        ON CONFLICT (name, currency) DO NOTHING
        """,
        {
            "name": account.name,
            "kind": account.kind,
            "owner_id": _owner_id(account),
            "currency": currency,
            "side": SIDES[account.kind].value,
            "guarded": account.is_guarded,
            "balance": 0 if account.is_guarded else None,
        },
    )


def _owner_id(account: AccountRef) -> UUID | None:
    return UUID(account.owner) if account.owner and len(account.owner) == 36 else None
