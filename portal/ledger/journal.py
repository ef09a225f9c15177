"""Post entries: one statement moves the money, guards the balances and keeps the running balance."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from psycopg.errors import CheckViolation, UniqueViolation

from portal.core import clock
from portal.core.db import Statement, execute_together
from portal.core.ids import new_id
from portal.ledger import chart
from portal.ledger.chart import AccountRef
from portal.ledger.errors import AlreadyReversed, EntryDiffers, NotCovered


@dataclass(frozen=True, slots=True)
class Line:
    """One transfer to be: a positive amount in minor units from `debit` to `credit`."""

    debit: AccountRef
    credit: AccountRef
    amount_minor: int
    reverses_id: int | None = None


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An event to post once: its unique key, what it concerns, and its transfers in one currency."""

    key: str
    kind: str
    subject_kind: str
    subject_id: UUID
    currency: str
    lines: tuple[Line, ...]

    def nonzero(self) -> "EntryDraft":
        """Drop the transfers of zero: they are not posted."""
        kept = tuple(line for line in self.lines if line.amount_minor)
        return EntryDraft(self.key, self.kind, self.subject_kind, self.subject_id, self.currency, kept)


# The accounts first: unless all of them stand, nothing is posted. Then the entry: when its key stands already nothing
# else happens. Then the guarded balances move, and each transfer keeps the balance right after it: the final one less
# what later lines of the same entry change.
_LINES = """
    SELECT given.nr, given.amount, given.reverses_id, given.debit_later, given.credit_later,
           debit.id AS debit_id, credit.id AS credit_id
    FROM unnest(%(debits)s::text[], %(credits)s::text[], %(amounts)s::bigint[], %(reverses)s::bigint[],
                %(debits_later)s::bigint[], %(credits_later)s::bigint[]) WITH ORDINALITY
         AS given(debit, credit, amount, reverses_id, debit_later, credit_later, nr)
    JOIN ledger_accounts debit ON debit.name = given.debit AND debit.currency = %(currency)s
    JOIN ledger_accounts credit ON credit.name = given.credit AND credit.currency = %(currency)s
"""
_ENTRY = """
    INSERT INTO ledger_entries (id, key, kind, subject_kind, subject_id, posted_at, digest)
    SELECT %(id)s, %(key)s, %(kind)s, %(subject_kind)s, %(subject_id)s, %(now)s, %(digest)s
    FROM (SELECT WHERE (SELECT count(*) FROM lines) = %(count)s) AS complete /* where */
    ON CONFLICT (key) DO NOTHING
    RETURNING id
"""
_MOVED = """
    UPDATE ledger_accounts SET balance_minor = balance_minor + guarded.change
    FROM unnest(%(guarded)s::text[], %(changes)s::bigint[]) AS guarded(name, change)
    WHERE ledger_accounts.name = guarded.name AND ledger_accounts.currency = %(currency)s
      AND EXISTS (SELECT FROM entry)
    RETURNING ledger_accounts.id, ledger_accounts.balance_minor
"""
_TRANSFERS = """
    INSERT INTO ledger_transfers (entry_id, kind, subject_kind, subject_id, debit_account_id, credit_account_id,
                                  amount_minor, currency, posted_at, reverses_id, debit_balance_minor,
                                  credit_balance_minor)
    SELECT entry.id, %(kind)s, %(subject_kind)s, %(subject_id)s, lines.debit_id, lines.credit_id, lines.amount,
           %(currency)s, %(now)s, lines.reverses_id,
           debited.balance_minor - lines.debit_later, credited.balance_minor - lines.credit_later
    FROM lines
    CROSS JOIN entry
    LEFT JOIN moved debited ON debited.id = lines.debit_id
    LEFT JOIN moved credited ON credited.id = lines.credit_id
    ORDER BY lines.nr
    RETURNING id
"""

_LOCK = """
    SELECT id FROM ledger_accounts
    WHERE (name, currency) IN (SELECT * FROM unnest(%(names)s::text[], %(currencies)s::text[]))
    ORDER BY id
    FOR NO KEY UPDATE
"""


def post(*entries: EntryDraft) -> None:
    """Post entries that were not posted before, in one round trip; posting the same again changes nothing.

    Accounts that do not stand yet are opened.

    Raises:
        NotCovered: a guarded account would fall below minus its credit limit.
        EntryDiffers: an entry of the same key stands with other content.
        AlreadyReversed: a line reverses a transfer that was reversed before.
    """
    drafts = [draft for draft in (entry.nonzero() for entry in entries) if draft.lines]
    if not drafts:
        return
    guarded = {(account.name, draft.currency) for draft in drafts for account in _accounts(draft) if account.is_guarded}
    locks = [_locking(guarded)] if len(guarded) > 1 else []
    with refusals():
        results = execute_together([*locks, *(posting(draft) for draft in drafts)])
        for draft, rows in zip(drafts, results[len(locks) :], strict=True):
            if not rows and not _stands(draft):
                chart.open_accounts(_accounts(draft), draft.currency)
                execute_together([posting(draft)])


def posting(draft: EntryDraft) -> Statement:
    """Give the statement that posts a draft, for `execute_together`; it returns a row for each transfer.

    It returns none, and does nothing, when the entry stands already or one of its accounts does not.
    """
    if any(line.amount_minor <= 0 for line in draft.lines):
        raise ValueError("a transfer moves a positive amount")
    changes: dict[str, int] = {}
    debits_later, credits_later = [], []
    for line in reversed(draft.lines):
        debits_later.append(changes.get(line.debit.name, 0))
        credits_later.append(changes.get(line.credit.name, 0))
        if line.debit.is_guarded:
            changes[line.debit.name] = changes.get(line.debit.name, 0) - line.amount_minor
        if line.credit.is_guarded:
            changes[line.credit.name] = changes.get(line.credit.name, 0) + line.amount_minor
    return Statement(
        _TRANSFERS,
        {
            "id": new_id(),
            "now": clock.now(),
            "key": draft.key,
            "kind": draft.kind,
            "subject_kind": draft.subject_kind,
            "subject_id": draft.subject_id,
            "currency": draft.currency,
            "digest": digest(draft),
            "count": len(draft.lines),
            "guarded": _array(changes),
            "changes": _array(changes.values()),
            "debits": _array(line.debit.name for line in draft.lines),
            "credits": _array(line.credit.name for line in draft.lines),
            "amounts": _array(line.amount_minor for line in draft.lines),
            "reverses": _array(line.reverses_id for line in draft.lines),
            "debits_later": _array(reversed(debits_later)),
            "credits_later": _array(reversed(credits_later)),
        },
        before=(("lines", _LINES), ("entry", _ENTRY), ("moved", _MOVED)),
    )


def _stands(draft: EntryDraft) -> bool:
    (rows,) = execute_together(
        [Statement("SELECT digest FROM ledger_entries WHERE key = %(key)s", {"key": draft.key})],
    )
    if rows and bytes(rows[0].digest) != digest(draft):
        raise EntryDiffers(key=draft.key)
    return bool(rows)


def _array(items: Iterable[int | str | None]) -> str:
    # PostgreSQL's own array literal: psycopg's adapters would look at every element's type first, ten times as slow.
    # Names of accounts are quoted; they hold neither quotes nor backslashes, see `AccountRef`.
    return "{" + ",".join(_element(item) for item in items) + "}"


def _element(item: int | str | None) -> str:
    if item is None:
        return "NULL"
    return f'"{item}"' if isinstance(item, str) else str(item)


def _accounts(draft: EntryDraft) -> list[AccountRef]:
    return [account for line in draft.lines for account in (line.debit, line.credit)]


def _locking(guarded: set[tuple[str, str]]) -> Statement:
    # In id order, whatever the order of the entries: two postings over the same accounts never wait for each other.
    names, currencies = zip(*sorted(guarded), strict=True)
    return Statement(_LOCK, {"names": _array(names), "currencies": _array(currencies)})


class refusals:  # noqa: N801 - reads as a word in `with journal.refusals():`
    """Turn the database's refusals of a posting into the ledger's own errors."""

    def __enter__(self) -> None:
        """Begin to watch."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate the check and unique violations that belong to the ledger; let everything else pass."""
        if isinstance(error, CheckViolation) and error.diag.constraint_name == "ck_ledger_accounts_covered":
            raise NotCovered from error
        if isinstance(error, UniqueViolation) and error.diag.constraint_name == "uq_ledger_transfers_reverses":
            raise AlreadyReversed from error


def digest(draft: EntryDraft) -> bytes:
    """Digest an entry's content: SHA-256 over its lines in order; `verification` computes the same in SQL."""
    lines = "\n".join(
        f"{line.debit.name}|{line.credit.name}|{line.amount_minor}|{draft.currency}"
        + (f"|{line.reverses_id}" if line.reverses_id else "")
        for line in draft.lines
    )
    return hashlib.sha256(f"{draft.key}|{draft.kind}|{draft.subject_id}\n{lines}".encode()).digest()
