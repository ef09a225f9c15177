"""Wallets as pages read them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, or_, select

from portal.core import clock
from portal.core.db import db, existing
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.ledger.models import Account
from portal.wallets.models import AutomaticTopUp, TopUp, TopUpAttempt, WalletThreshold


@dataclass(frozen=True, slots=True)
class Wallet:
    """An agent's wallet in one currency; `available` is what can still be spent, the credit limit counted in."""

    account_id: int
    balance: Money
    credit_limit: Money
    available: Money

    @property
    def currency(self) -> str:
        """The wallet's one currency."""
        return self.balance.currency


@dataclass(frozen=True, slots=True)
class LowWallet:
    """A wallet of which less can be spent than its agent wants to have there."""

    wallet: Wallet
    threshold: Money


def of_agent(agent_id: UUID) -> list[Wallet]:
    """List an agent's wallets by currency, those that hold or owe something first."""
    accounts = db.session.scalars(
        select(Account)
        .where(Account.owner_id == agent_id, Account.kind == "agent_wallet")
        .order_by(Account.balance_minor == 0, Account.currency)
        .execution_options(populate_existing=True)
    )
    return [_wallet(account) for account in accounts]


def of_agents(agent_ids: Sequence[UUID]) -> dict[UUID, list[Wallet]]:
    """List the wallets of several agents, each agent's by currency; an agent without one is left out."""
    accounts = db.session.scalars(
        select(Account)
        .where(Account.owner_id.in_(agent_ids), Account.kind == "agent_wallet")
        .order_by(Account.currency)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[Wallet]] = {}
    for account in accounts:
        if account.owner_id is not None:
            found.setdefault(account.owner_id, []).append(_wallet(account))
    return found


def in_currency(agent_id: UUID, currency: str) -> Wallet:
    """Give an agent's wallet in a currency.

    Raises:
        NotFound: the agent has none.
    """
    for wallet in of_agent(agent_id):
        if wallet.currency == currency:
            return wallet
    raise NotFound


def low_of_agent(agent_id: UUID) -> list[LowWallet]:
    """List an agent's wallets that are below their thresholds now, by currency."""
    rows = db.session.execute(
        select(Account, WalletThreshold.threshold_minor)
        .join(
            WalletThreshold,
            and_(WalletThreshold.agent_id == Account.owner_id, WalletThreshold.currency == Account.currency),
        )
        .where(
            Account.owner_id == agent_id,
            Account.kind == "agent_wallet",
            Account.balance_minor + Account.credit_limit_minor < WalletThreshold.threshold_minor,
        )
        .order_by(Account.currency)
        .execution_options(populate_existing=True)
    )
    return [LowWallet(_wallet(account), Money(threshold, account.currency)) for account, threshold in rows]


def threshold_of(agent_id: UUID, currency: str) -> Money | None:
    """Tell below what an agent is told that a wallet runs low; None where it is not."""
    found = db.session.scalar(
        select(WalletThreshold.threshold_minor).where(
            WalletThreshold.agent_id == agent_id, WalletThreshold.currency == currency
        )
    )
    return None if found is None else Money(found, currency)


def automatic(agent_id: UUID, currency: str) -> AutomaticTopUp | None:
    """Give what an agent agreed to of automatic top-ups in a currency, switched on or off."""
    return db.session.scalar(
        select(AutomaticTopUp)
        .where(AutomaticTopUp.agent_id == agent_id, AutomaticTopUp.currency == currency)
        .execution_options(populate_existing=True)
    )


def hindered(agent_id: UUID) -> list[AutomaticTopUp]:
    """List an agent's automatic top-ups that are on, but paused or resting, by currency."""
    found = db.session.scalars(
        select(AutomaticTopUp)
        .where(
            AutomaticTopUp.agent_id == agent_id,
            AutomaticTopUp.is_on,
            or_(AutomaticTopUp.paused_at.is_not(None), AutomaticTopUp.rests_until > clock.now()),
        )
        .order_by(AutomaticTopUp.currency)
        .execution_options(populate_existing=True)
    )
    return list(found)


def attempts_of(automatic_top_up_id: UUID) -> list[TopUpAttempt]:
    """List the latest automatic top-ups, the newest first."""
    return list(
        db.session.scalars(
            select(TopUpAttempt)
            .where(TopUpAttempt.automatic_top_up_id == automatic_top_up_id)
            .order_by(TopUpAttempt.id.desc())
            .limit(20)
            .execution_options(populate_existing=True)
        )
    )


def top_up(top_up_id: UUID) -> TopUp:
    """Give a top-up.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(TopUp, top_up_id))


def top_ups_by_id(top_up_ids: Collection[UUID]) -> dict[UUID, TopUp]:
    """Give the top-ups with these ids, for a list that names them."""
    return {found.id: found for found in db.session.scalars(select(TopUp).where(TopUp.id.in_(top_up_ids)))}


def top_up_by_reference(reference: str) -> TopUp | None:
    """Find a top-up by its short reference."""
    return db.session.scalar(select(TopUp).where(TopUp.reference == reference.strip().upper()))


def top_up_by_bank_reference(bank_reference: str) -> TopUp | None:
    """Find a top-up by its bank reference, written as `bank_references.read` does."""
    return db.session.scalar(select(TopUp).where(TopUp.bank_reference == bank_reference))


def _wallet(account: Account) -> Wallet:
    balance = Money(account.balance_minor or 0, account.currency)
    limit = Money(account.credit_limit_minor, account.currency)
    return Wallet(account.id, balance, limit, balance + limit)
