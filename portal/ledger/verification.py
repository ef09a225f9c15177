"""Prove the books: each check is one statement over whole tables, so that it sees one moment even while money moves.

Checks read no more rows than they must and each row once: entries with their transfers, guarded accounts in order of
their movements, and the sums between every two accounts. Whoever alters a row behind our back breaks one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from portal.core.db import db
from portal.ledger.chart import GUARDED, SIDES

NAMED_AT_MOST = 100
"""Rows one check names; beyond that the books are not wrong in a row but altogether."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that breaks a rule: which rule, what is wrong, and where to look."""

    rule: str
    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the statement whose rows (`what`, `place`) break it."""

    rule: str
    sql: str
    workers: int = 2
    """Processes that help; 0 where rows must be met in order, which one does faster than several and a merge."""


def verify() -> list[Finding]:
    """Check the accounts, entries, transfers and snapshots; name the rows that break a rule, none when all is right."""
    return run(CHECKS)


def run(checks: Sequence[Check]) -> list[Finding]:
    """Run checks one after the other; they may use several cores and 64 MB a sort until the transaction ends."""
    for setting in _SETTINGS:
        db.session.execute(text(setting))
    return [finding for check in checks for finding in _findings(check)]


def _findings(check: Check) -> list[Finding]:
    db.session.execute(text(f"SET LOCAL max_parallel_workers_per_gather = {check.workers}"))
    rows = db.session.execute(text(f"{check.sql} ORDER BY place LIMIT {NAMED_AT_MOST}"))
    return [Finding(check.rule, row.what, row.place) for row in rows]


_SETTINGS = (
    "SET LOCAL work_mem = '64MB'",
    # Hardly a row comes back from a check, whatever the planner expects: workers are always worth their start.
    "SET LOCAL parallel_setup_cost = 0",
    "SET LOCAL parallel_tuple_cost = 0",
)

_TRANSFERS = """
    SELECT CASE
               WHEN entry.id IS NULL THEN 'a transfer without an entry'
               WHEN (transfer.kind, transfer.subject_kind, transfer.subject_id, transfer.posted_at)
                    IS DISTINCT FROM (entry.kind, entry.subject_kind, entry.subject_id, entry.posted_at)
               THEN 'a transfer that says something else than its entry'
               WHEN debited.guarded IS DISTINCT FROM (transfer.debit_balance_minor IS NOT NULL)
                    OR credited.guarded IS DISTINCT FROM (transfer.credit_balance_minor IS NOT NULL)
               THEN 'a running balance where the account is not guarded, or none where it is'
               ELSE 'not a positive amount between two accounts of its currency'
           END AS what,
           concat('transfer ', transfer.id, ' of entry ', transfer.entry_id, ' ', entry.key) AS place
    FROM ledger_transfers transfer
    LEFT JOIN ledger_entries entry ON entry.id = transfer.entry_id
    LEFT JOIN ledger_accounts debited ON debited.id = transfer.debit_account_id
    LEFT JOIN ledger_accounts credited ON credited.id = transfer.credit_account_id
    WHERE (transfer.kind = entry.kind AND transfer.subject_kind = entry.subject_kind
           AND transfer.subject_id = entry.subject_id AND transfer.posted_at = entry.posted_at
           AND transfer.amount_minor > 0 AND debited.id <> credited.id
           AND debited.currency = transfer.currency AND credited.currency = transfer.currency
           AND debited.guarded = (transfer.debit_balance_minor IS NOT NULL)
           AND credited.guarded = (transfer.credit_balance_minor IS NOT NULL)) IS NOT TRUE
"""

# Computes each entry's digest from its rows, as `journal.digest` computed it from what was asked for.
_ENTRIES = """
    SELECT 'the transfers are not those that were posted' AS what,
           concat('entry ', entry.id, ' ', entry.key, ', transfers ', first_id, ' to ', last_id) AS place
    FROM ledger_entries entry
    LEFT JOIN (
        SELECT transfer.entry_id, min(transfer.id) AS first_id, max(transfer.id) AS last_id,
               string_agg(concat_ws('|', debited.name, credited.name, transfer.amount_minor, transfer.currency,
                                    transfer.reverses_id), chr(10) ORDER BY transfer.id) AS lines
        FROM ledger_transfers transfer
        LEFT JOIN ledger_accounts debited ON debited.id = transfer.debit_account_id
        LEFT JOIN ledger_accounts credited ON credited.id = transfer.credit_account_id
        GROUP BY transfer.entry_id
    ) posted ON posted.entry_id = entry.id
    WHERE entry.digest <> sha256(convert_to(
        concat(entry.key, '|', entry.kind, '|', entry.subject_id, chr(10), lines), 'UTF8'))
"""

_REVERSALS = """
    SELECT 'a reversal that is not the mirror of what it reverses' AS what,
           concat('transfer ', mirror.id, ' of transfer ', mirror.reverses_id) AS place
    FROM ledger_transfers mirror
    LEFT JOIN ledger_transfers original ON original.id = mirror.reverses_id
    WHERE mirror.reverses_id IS NOT NULL
          AND (original.debit_account_id, original.credit_account_id, original.amount_minor)
              IS DISTINCT FROM (mirror.credit_account_id, mirror.debit_account_id, mirror.amount_minor)
"""

_BALANCES = """
    SELECT what, place
    FROM (
        WITH movement AS MATERIALIZED (
            SELECT transfer.id, account.id AS account_id, -amount_minor AS change, debit_balance_minor AS balance
            FROM ledger_transfers transfer
            JOIN ledger_accounts account ON account.id = debit_account_id AND guarded
            UNION ALL
            SELECT transfer.id, account.id, amount_minor, credit_balance_minor
            FROM ledger_transfers transfer
            JOIN ledger_accounts account ON account.id = credit_account_id AND guarded
        )
        SELECT 'the running balance does not follow from the one before' AS what,
               concat('transfer ', id, ' on account ', account_id) AS place
        FROM (
            SELECT *, lag(balance, 1, 0::bigint) OVER (PARTITION BY account_id ORDER BY id) AS balance_before
            FROM movement
        ) followed
        WHERE balance IS DISTINCT FROM balance_before + change
        UNION ALL
        SELECT concat('the balance is ', balance_minor, ', credits less debits are ', coalesce(moved, 0),
                      ', the credit limit is ', credit_limit_minor),
               concat('account ', id, ' ', name, ' ', currency)
        FROM ledger_accounts
        LEFT JOIN (
            SELECT account_id, sum(change)::bigint AS moved FROM movement GROUP BY account_id
        ) movements ON account_id = id
        WHERE guarded AND (balance_minor IS DISTINCT FROM coalesce(moved, 0) OR balance_minor < -credit_limit_minor)
    ) wrong
"""

_CHART = ", ".join(f"('{kind}', '{side.value}', {kind in GUARDED})" for kind, side in SIDES.items())

_ACCOUNTS = f"""
    SELECT 'an account that does not stand where the chart puts it' AS what,
           concat('account ', id, ' ', name, ' ', currency) AS place
    FROM ledger_accounts account
    WHERE split_part(name, ':', 1) <> kind
          OR NOT EXISTS (SELECT FROM (VALUES {_CHART}) chart(kind, side, guarded)
                         WHERE (chart.kind, chart.side, chart.guarded)
                               = (account.kind, account.side::text, account.guarded))
"""

_TOTALS = """
    SELECT what, place
    FROM (
        WITH flow AS MATERIALIZED (
            SELECT debit_account_id, credit_account_id, id <= taken.last_id AS is_taken, sum(amount_minor) AS amount
            FROM ledger_transfers, (SELECT coalesce(max(last_transfer_id), 0) AS last_id FROM ledger_snapshots) taken
            GROUP BY debit_account_id, credit_account_id, is_taken
        ), moved AS (
            SELECT account_id, sum(debits) AS debits, sum(credits) AS credits,
                   sum(debits) FILTER (WHERE is_taken) AS debits_taken,
                   sum(credits) FILTER (WHERE is_taken) AS credits_taken
            FROM (
                SELECT debit_account_id AS account_id, amount AS debits, 0 AS credits, is_taken FROM flow
                UNION ALL
                SELECT credit_account_id, 0, amount, is_taken FROM flow
            ) sides
            GROUP BY account_id
        )
        SELECT concat('assets and expenses are not liabilities and income, by ', sum(debits - credits)) AS what,
               concat('currency ', currency) AS place
        FROM moved
        LEFT JOIN ledger_accounts ON id = account_id
        GROUP BY currency
        HAVING sum(debits - credits) <> 0
        UNION ALL
        SELECT concat('the snapshot says ', debits_minor, ' debited and ', credits_minor, ' credited, the transfers ',
                      coalesce(debits_taken, 0), ' and ', coalesce(credits_taken, 0)),
               concat('snapshot of account ', coalesce(snapshot.account_id, moved.account_id), ' at transfer ',
                      last_transfer_id)
        FROM moved
        FULL JOIN (
            SELECT DISTINCT ON (account_id) * FROM ledger_snapshots ORDER BY account_id, last_transfer_id DESC
        ) snapshot ON snapshot.account_id = moved.account_id
        WHERE coalesce(debits_minor, 0) <> coalesce(debits_taken, 0)
              OR coalesce(credits_minor, 0) <> coalesce(credits_taken, 0)
    ) wrong
"""

CHECKS = (
    Check("transfers", _TRANSFERS),
    Check("entries", _ENTRIES, workers=0),
    Check("entries", _REVERSALS),
    Check("balances", _BALANCES),
    Check("accounts", _ACCOUNTS),
    Check("totals", _TOTALS),
)
