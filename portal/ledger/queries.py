"""The books as pages read them: accounts with balances, statements, the trial balance, the entries of a subject."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from portal.core.db import db
from portal.core.pages import PAGE_SIZE, Page, number_key, page_of
from portal.ledger import snapshots
from portal.ledger.extracts import AccountBalance, Movement, PostedEntry, PostedTransfer, TrialBalance, TrialLine
from portal.ledger.models import Side


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts to list; None means any."""

    kind: str | None = None
    owner_id: UUID | None = None
    currency: str | None = None


def accounts(wanted: AccountFilter, *, older: str | None = None, newer: str | None = None) -> Page[AccountBalance]:
    """Page through the accounts that match, by name and currency, each with its balance."""
    conditions, values = _matching(wanted)
    order = "name, currency"
    if newer:
        conditions.append("(name, currency) < (:name, :shown_currency)")
        order = "name DESC, currency DESC"
    elif older:
        conditions.append("(name, currency) > (:name, :shown_currency)")
    name, _, currency = (newer or older or "").rpartition("|")
    rows = db.session.execute(
        text(_ACCOUNTS.format(where=" AND ".join(conditions), order=order)),
        {**values, "name": name, "shown_currency": currency, "limit": PAGE_SIZE + 1},
    ).all()
    return page_of(
        [_account(row) for row in rows],
        key=lambda account: f"{account.name}|{account.currency}",
        size=PAGE_SIZE,
        older=older,
        newer=newer,
    )


def account(account_id: int) -> AccountBalance | None:
    """Give one account with its balance; None when there is none."""
    row = db.session.execute(
        text(_ACCOUNTS.format(where="id = :account_id", order="id")), {"account_id": account_id, "limit": 1}
    ).one_or_none()
    return _account(row) if row else None


def of_owner(owner_id: UUID, *, kind: str) -> list[AccountBalance]:
    """List an owner's accounts of one kind, one a currency: an agent's wallets, or what it has earned."""
    conditions, values = _matching(AccountFilter(kind=kind, owner_id=owner_id))
    rows = db.session.execute(
        text(_ACCOUNTS.format(where=" AND ".join(conditions), order="currency")), {**values, "limit": 1000}
    )
    return [_account(row) for row in rows]


def statement(
    of: AccountBalance, *, older: str | None = None, newer: str | None = None, size: int = PAGE_SIZE
) -> Page[Movement]:
    """Page through an account's movements, newest first, each with the balance right after it."""
    values: dict[str, Any] = {"account_id": of.id, "limit": size + 1}
    bound, order = "", "DESC"
    newer_id, older_id = number_key(newer), number_key(older)
    if newer_id is not None:
        bound, order, values["id"] = "AND id > :id", "", newer_id
    elif older_id is not None:
        bound, values["id"] = "AND id < :id", older_id
    rows = db.session.execute(text(_STATEMENT.format(bound=bound, order=order)), values).all()
    page = page_of(
        rows,
        key=lambda row: str(row.id),
        size=size,
        older=None if older_id is None else older,
        newer=None if newer_id is None else newer,
    )
    return Page(_movements(of, page.rows), page.newer, page.older)


def trial_balance() -> list[TrialBalance]:
    """Net all accounts of each kind, one table a currency."""
    rows = db.session.execute(_TRIAL_BALANCE).all()
    return [
        TrialBalance(currency, tuple(_trial_line(row) for row in lines))
        for currency, lines in groupby(rows, key=lambda row: row.currency)
    ]


def entries_of(subject_id: UUID) -> list[PostedEntry]:
    """List everything posted for a renewal, top-up or other subject, oldest first."""
    return entries_of_each([subject_id])


def entries_of_each(subject_ids: Collection[UUID]) -> list[PostedEntry]:
    """List everything posted for any of several subjects, oldest first."""
    rows = db.session.execute(_ENTRIES_OF, {"subject_ids": list(subject_ids)}).all()
    return [
        PostedEntry(
            entry_id, key, kind, posted_at.astimezone(UTC), tuple(PostedTransfer(*row[4:]) for row in transfers)
        )
        for (entry_id, key, kind, posted_at), transfers in groupby(rows, key=lambda row: tuple(row[:4]))
    ]


def _matching(wanted: AccountFilter) -> tuple[list[str], dict[str, Any]]:
    values = {"kind": wanted.kind, "owner_id": wanted.owner_id, "currency": wanted.currency}
    return ["true", *(f"{column} = :{column}" for column, value in values.items() if value is not None)], values


def _account(row: Row[Any]) -> AccountBalance:
    values = row._mapping  # noqa: SLF001 - the public name of a row's mapping
    return AccountBalance(**{**values, "side": Side(values["side"]), "balance_minor": int(values["balance_minor"])})


def _movements(of: AccountBalance, rows: Sequence[Row[Any]]) -> list[Movement]:
    """Give each row the balance after it: the stored one, or counted back from that of the newest row."""
    if not rows:
        return []
    sign = 1 if of.side in (Side.LIABILITY, Side.INCOME) else -1
    after = rows[0].balance_minor if of.is_guarded else snapshots.balance_at(of.id, rows[0].id).minor
    movements = []
    for row in rows:
        balance = row.balance_minor if of.is_guarded else after
        movements.append(
            Movement(
                posted_at=row.posted_at.astimezone(UTC),
                kind=row.kind,
                subject_kind=row.subject_kind,
                subject_id=row.subject_id,
                counter_account_id=row.counter_account_id,
                counter_account=row.counter_account,
                currency=of.currency,
                amount_minor=sign * row.credited_minor,
                balance_minor=balance,
            )
        )
        after -= sign * row.credited_minor
    return movements


def _trial_line(row: Row[Any]) -> TrialLine:
    net = int(row.debits_less_credits)
    return TrialLine(row.kind, Side(row.side), row.accounts, max(net, 0), max(-net, 0))


_ACCOUNTS = """
    SELECT id, name, kind, owner_id, currency, side, guarded AS is_guarded, credit_limit_minor,
           CASE WHEN guarded THEN balance_minor
                WHEN side IN ('asset', 'expense') THEN net ELSE -net END AS balance_minor
    FROM (
        SELECT * FROM ledger_accounts WHERE {where} ORDER BY {order} LIMIT :limit
    ) account
    LEFT JOIN LATERAL (
        SELECT last_transfer_id, debits_minor, credits_minor FROM ledger_snapshots
        WHERE account_id = account.id AND NOT guarded
        ORDER BY last_transfer_id DESC LIMIT 1
    ) snapshot ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(debits_minor, 0) - coalesce(credits_minor, 0)
               + (SELECT coalesce(sum(amount_minor), 0) FROM ledger_transfers
                  WHERE NOT guarded AND debit_account_id = account.id AND id > coalesce(last_transfer_id, 0))
               - (SELECT coalesce(sum(amount_minor), 0) FROM ledger_transfers
                  WHERE NOT guarded AND credit_account_id = account.id AND id > coalesce(last_transfer_id, 0)) AS net
    ) moved
    ORDER BY {order}
"""

# Either side by its own index, newest first; the two short lists are merged.
_STATEMENT = """
    SELECT movement.*, counter.name AS counter_account
    FROM (
        (SELECT id, posted_at, kind, subject_kind, subject_id, credit_account_id AS counter_account_id,
                -amount_minor AS credited_minor, debit_balance_minor AS balance_minor
         FROM ledger_transfers WHERE debit_account_id = :account_id {bound} ORDER BY id {order} LIMIT :limit)
        UNION ALL
        (SELECT id, posted_at, kind, subject_kind, subject_id, debit_account_id, amount_minor, credit_balance_minor
         FROM ledger_transfers WHERE credit_account_id = :account_id {bound} ORDER BY id {order} LIMIT :limit)
    ) movement
    JOIN ledger_accounts counter ON counter.id = counter_account_id
    ORDER BY movement.id {order} LIMIT :limit
"""

_TRIAL_BALANCE = text(
    """
    WITH taken AS (
        SELECT coalesce(max(last_transfer_id), 0) AS last_id FROM ledger_snapshots
    ), flow AS (
        SELECT debit_account_id, credit_account_id, sum(amount_minor) AS amount
        FROM ledger_transfers
        WHERE id > (SELECT last_id FROM taken)
        GROUP BY debit_account_id, credit_account_id
    ), net AS (
        SELECT account_id, sum(net) AS net
        FROM (
            SELECT debit_account_id AS account_id, amount AS net FROM flow
            UNION ALL SELECT credit_account_id, -amount FROM flow
            UNION ALL (SELECT DISTINCT ON (account_id) account_id, debits_minor - credits_minor
                       FROM ledger_snapshots ORDER BY account_id, last_transfer_id DESC)
        ) parts
        GROUP BY account_id
    )
    SELECT currency, kind, side, count(*) AS accounts, coalesce(sum(net), 0) AS debits_less_credits
    FROM ledger_accounts LEFT JOIN net ON account_id = id
    GROUP BY currency, kind, side
    ORDER BY currency, array_position(ARRAY['asset', 'liability', 'income', 'expense'], side::text), kind
    """
)

_ENTRIES_OF = text(
    """
    SELECT entry.id, entry.key, entry.kind, entry.posted_at, transfer.id, debited.id, debited.name, credited.id,
           credited.name, amount_minor, transfer.currency, reverses_id
    FROM ledger_entries entry
    JOIN ledger_transfers transfer ON transfer.entry_id = entry.id
    JOIN ledger_accounts debited ON debited.id = debit_account_id
    JOIN ledger_accounts credited ON credited.id = credit_account_id
    WHERE entry.subject_id = ANY(:subject_ids)
    ORDER BY entry.posted_at, entry.id, transfer.id
    """
)
