"""Short ways to post and read in tests: amounts in minor units, CNY unless said otherwise."""

from uuid import UUID

from sqlalchemy import text

from portal.core.db import db
from portal.core.ids import new_id
from portal.ledger import chart, journal
from portal.ledger.chart import AccountRef
from portal.ledger.journal import EntryDraft, Line

ALICE = AccountRef("agent_wallet", "alice")
BOB = AccountRef("agent_wallet", "bob")
ALICE_EARNED = AccountRef("commission_earned", "alice")


def draft(
    *lines: Line, key: str | None = None, kind: str = "hold", subject_id: UUID | None = None, currency: str = "CNY"
) -> EntryDraft:
    """Draft an entry with a key of its own."""
    return EntryDraft(key or f"test:{new_id()}", kind, "test", subject_id or new_id(), currency, lines)


def move(
    debit: AccountRef, credit: AccountRef, amount_minor: int, *, key: str | None = None, kind: str = "hold"
) -> None:
    """Post one transfer."""
    journal.post(draft(Line(debit, credit, amount_minor), key=key, kind=kind))


def top_up(wallet: AccountRef, amount_minor: int, *, currency: str = "CNY") -> None:
    """Put money into a wallet."""
    journal.post(draft(Line(chart.BANK, wallet, amount_minor), kind="top_up", currency=currency))


def set_credit_limit(wallet: AccountRef, limit_minor: int) -> None:
    """Let a wallet fall below zero by so much."""
    db.session.execute(
        text("UPDATE ledger_accounts SET credit_limit_minor = :limit WHERE id = :id"),
        {"limit": limit_minor, "id": account_id(wallet)},
    )


def account_id(account: AccountRef, *, currency: str = "CNY") -> int:
    """Give an account's id, opened when it is not."""
    return chart.open_accounts([account], currency)[account.name]


def live_balance(account: AccountRef, *, currency: str = "CNY") -> int | None:
    """Read the balance on a guarded account's row."""
    return db.session.scalar(
        text("SELECT balance_minor FROM ledger_accounts WHERE name = :name AND currency = :currency"),
        {"name": account.name, "currency": currency},
    )


def net(account: AccountRef, *, currency: str = "CNY") -> int:
    """Sum an account's transfers: credits less debits."""
    return int(
        db.session.scalar(
            text(
                """
                SELECT coalesce(sum(CASE WHEN credit_account_id = a.id THEN amount_minor ELSE -amount_minor END), 0)
                FROM ledger_accounts a JOIN ledger_transfers ON a.id IN (debit_account_id, credit_account_id)
                WHERE a.name = :name AND a.currency = :currency
                """
            ),
            {"name": account.name, "currency": currency},
        )
        or 0
    )


def tamper(sql: str, **values: object) -> int:
    """Change rows behind the portal's back, triggers and foreign keys off; tell how many were hit."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    changed = db.session.execute(text(sql), values).rowcount
    db.session.execute(text("SET LOCAL session_replication_role = origin"))
    return changed
