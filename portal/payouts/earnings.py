"""What an agent has earned and may take: the ledger's balance, less what is on hold and what is promised already."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text

from portal.core import clock, settings
from portal.core.db import db
from portal.core.money import Money
from portal.ledger.models import Account
from portal.payouts.models import OPEN, Payout


@dataclass(frozen=True, slots=True)
class Earnings:
    """An agent's commission in one currency: `balance` may be negative after refunds, and is carried forward."""

    balance: Money
    """What the operator owes the agent, straight from the ledger."""
    on_hold: Money
    """The part earned by deliveries whose hold period is not over; never negative."""
    under_way: Money
    """The part promised to payouts that are not booked yet."""

    @property
    def currency(self) -> str:
        """The currency."""
        return self.balance.currency

    @property
    def payable(self) -> Money:
        """What can be paid out or moved to the wallet now; zero when refunds or holds leave nothing."""
        return Money(max(0, (self.balance - self.on_hold - self.under_way).minor), self.currency)

    @property
    def is_negative(self) -> bool:
        """Whether refunds took back more than stands: the agent's next commission fills it up."""
        return self.balance.minor < 0


def of_agent(agent_id: UUID) -> list[Earnings]:
    """List what an agent has earned, one a currency."""
    accounts = db.session.scalars(
        select(Account)
        .where(Account.owner_id == agent_id, Account.kind == "commission_earned")
        .order_by(Account.currency)
    ).all()
    return [_earnings(agent_id, account.id, account.currency) for account in accounts]


def in_currency(agent_id: UUID, currency: str) -> Earnings:
    """Give what an agent has earned in a currency; nothing where it never earned."""
    account_id = db.session.scalar(
        select(Account.id).where(
            Account.owner_id == agent_id, Account.kind == "commission_earned", Account.currency == currency
        )
    )
    if account_id is None:
        return Earnings(Money(0, currency), Money(0, currency), Money(0, currency))
    return _earnings(agent_id, account_id, currency)


def _earnings(agent_id: UUID, account_id: int, currency: str) -> Earnings:
    balance, on_hold = db.session.execute(_BALANCE_AND_HOLD, _values(account_id)).one()
    under_way = db.session.scalar(
        select(func.coalesce(func.sum(Payout.amount_minor), 0)).where(
            Payout.agent_id == agent_id, Payout.currency == currency, Payout.state.in_(OPEN)
        )
    )
    return Earnings(Money(int(balance), currency), Money(int(on_hold), currency), Money(int(under_way or 0), currency))


def _values(account_id: int) -> dict[str, object]:
    return {
        "account_id": account_id,
        "now": clock.now(),
        "today": clock.today(settings.current().time_zone),
    }


# What a delivery earned less what refunds of it took back, what a dispute of it froze, and the discount that the agent
# bears, is on hold until its terms' days are over: what is not in the balance is not held back from it a second time.
# Every transfer of such a delivery lies after the last snapshot that was taken before the longest hold began.
_BALANCE_AND_HOLD = text(
    """
    WITH latest AS (
        SELECT last_transfer_id, debits_minor, credits_minor FROM ledger_snapshots
        WHERE account_id = :account_id ORDER BY last_transfer_id DESC LIMIT 1
    ), settled AS (
        SELECT last_transfer_id FROM ledger_snapshots
        WHERE account_id = :account_id
              AND taken_on < CAST(:today AS date) - (SELECT coalesce(max(hold_days), 0) FROM commission_terms) - 1
        ORDER BY last_transfer_id DESC LIMIT 1
    ), moved AS (
        SELECT id, subject_kind, subject_id, amount_minor AS amount FROM ledger_transfers
        WHERE credit_account_id = :account_id AND id > coalesce((SELECT last_transfer_id FROM settled), 0)
        UNION ALL
        SELECT id, subject_kind, subject_id, -amount_minor FROM ledger_transfers
        WHERE debit_account_id = :account_id AND id > coalesce((SELECT last_transfer_id FROM settled), 0)
    ), on_hold AS (
        SELECT sum(moved.amount) AS amount
        FROM moved
        LEFT JOIN disputes ON moved.subject_kind = 'dispute' AND disputes.id = moved.subject_id
        JOIN renewals ON moved.subject_kind IN ('renewal', 'dispute')
                      AND renewals.id = coalesce(disputes.renewal_id, moved.subject_id)
        JOIN commission_terms terms ON terms.id = renewals.terms_id
        WHERE renewals.delivered_at > :now - make_interval(days => terms.hold_days)
        GROUP BY renewals.id
    )
    SELECT coalesce((SELECT credits_minor - debits_minor FROM latest), 0)
           + coalesce((SELECT sum(amount) FROM moved WHERE id > coalesce((SELECT last_transfer_id FROM latest), 0)), 0),
           coalesce((SELECT sum(greatest(amount, 0)) FROM on_hold), 0)
    """
)
