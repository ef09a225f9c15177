"""Daily snapshots: what every account was debited and credited so far, so that no balance sums years of transfers."""

from sqlalchemy import text

from portal.core import clock, settings, settled
from portal.core.db import db
from portal.core.money import Money

_ONE_CLOCK = 0x1EDB
"""The advisory lock of the one clock that takes a day's snapshots."""


def take() -> int:
    """Keep the sums of every account that moved since the last snapshot, once a day; tell how many accounts.

    A snapshot ends at a transfer below which nothing can appear any more: transfers get their ids before their
    transaction commits, so all that were being written at the first look are waited for. Gives 0, and leaves it to
    the next day, when one of them takes longer than five seconds: balances stay right, they only sum a little more.
    """
    today = clock.today(settings.current().time_zone)
    if not db.session.scalar(_MAY_TAKE, {"key": _ONE_CLOCK}):
        return 0
    if db.session.scalar(
        text("SELECT EXISTS (SELECT FROM ledger_snapshots WHERE taken_on >= :today)"), {"today": today}
    ):
        return 0
    last_id, seen = db.session.execute(_LAST_TRANSFER).one()
    if last_id is None or not settled.wait_for_writers(seen):
        return 0
    return len(db.session.execute(_TAKE, {"until": last_id, "today": today}).all())


def balance_at(account_id: int, transfer_id: int) -> Money:
    """Give an account's balance right after a transfer: its last snapshot before, and the transfers since.

    Assets and expenses count debits less credits, all others credits less debits.
    """
    minor, currency = db.session.execute(_BALANCE, {"account_id": account_id, "until": transfer_id}).one()
    return Money(int(minor), currency)


# Whether today's are taken is asked after it, in a statement of its own: together both would see the time before.
_MAY_TAKE = text("SELECT pg_try_advisory_xact_lock(:key)")

_LAST_TRANSFER = text("SELECT max(id), pg_current_snapshot()::text FROM ledger_transfers")

# An account that did not move keeps its snapshot: nothing lies between that one and this.
_TAKE = text(
    """
    WITH flow AS (
        SELECT debit_account_id, credit_account_id, sum(amount_minor) AS amount
        FROM ledger_transfers
        WHERE id > (SELECT coalesce(max(last_transfer_id), 0) FROM ledger_snapshots) AND id <= :until
        GROUP BY debit_account_id, credit_account_id
    ), moved AS (
        SELECT account_id, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits
        FROM (
            SELECT debit_account_id AS account_id, amount AS debits, 0 AS credits FROM flow
            UNION ALL
            SELECT credit_account_id, 0, amount FROM flow
        ) sides
        GROUP BY account_id
    )
    INSERT INTO ledger_snapshots (account_id, last_transfer_id, taken_on, debits_minor, credits_minor)
    SELECT moved.account_id, :until, :today, coalesce(debits_minor, 0) + debits, coalesce(credits_minor, 0) + credits
    FROM moved
    LEFT JOIN LATERAL (
        SELECT debits_minor, credits_minor FROM ledger_snapshots WHERE account_id = moved.account_id
        ORDER BY last_transfer_id DESC LIMIT 1
    ) before ON true
    RETURNING account_id
    """
)

_BALANCE = text(
    """
    SELECT CASE WHEN side IN ('asset', 'expense') THEN net ELSE -net END, currency
    FROM ledger_accounts account
    LEFT JOIN LATERAL (
        SELECT last_transfer_id, debits_minor, credits_minor FROM ledger_snapshots
        WHERE account_id = account.id AND last_transfer_id <= :until
        ORDER BY last_transfer_id DESC LIMIT 1
    ) snapshot ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(debits_minor, 0) - coalesce(credits_minor, 0)
               + (SELECT coalesce(sum(amount_minor), 0) FROM ledger_transfers
                  WHERE debit_account_id = account.id AND id > coalesce(last_transfer_id, 0) AND id <= :until)
               - (SELECT coalesce(sum(amount_minor), 0) FROM ledger_transfers
                  WHERE credit_account_id = account.id AND id > coalesce(last_transfer_id, 0) AND id <= :until) AS net
    ) moved
    WHERE account.id = :account_id
    """
)
