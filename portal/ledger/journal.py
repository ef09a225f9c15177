"""Post entries: the database's `post_entry` moves the money, guards the balances and keeps the running balance."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from psycopg.errors import CheckViolation, UniqueViolation

from portal.core import clock
from portal.core.db import Statement, execute, execute_together
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


_POST = """
    SELECT post_entry(%(id)s, %(key)s, %(kind)s, %(subject_kind)s, %(subject_id)s, %(currency)s, %(now)s, %(digest)s,
                      %(debits)s, %(credits)s, %(amounts)s, %(reverses)s) AS outcome
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
        results = execute_together([*locks, *(_posting(draft) for draft in drafts)])
        for draft, (row,) in zip(drafts, results[len(locks) :], strict=True):
            if row.outcome == "no_account":
                chart.open_accounts(_accounts(draft), draft.currency)
                post(draft)
            if row.outcome == "stands":
                _check_same(draft)


def _posting(draft: EntryDraft) -> Statement:
    if any(line.amount_minor <= 0 for line in draft.lines):
        raise ValueError("a transfer moves a positive amount")
    return Statement(
        _POST,
        {
            "id": new_id(),
            "now": clock.now(),
            "key": draft.key,
            "kind": draft.kind,
            "subject_kind": draft.subject_kind,
            "subject_id": draft.subject_id,
            "currency": draft.currency,
            "digest": digest(draft),
            "debits": _array(line.debit.name for line in draft.lines),
            "credits": _array(line.credit.name for line in draft.lines),
            "amounts": _array(line.amount_minor for line in draft.lines),
            "reverses": _array(line.reverses_id for line in draft.lines),
        },
    )


def _check_same(draft: EntryDraft) -> None:
    (posted,) = execute("SELECT digest FROM ledger_entries WHERE key = %(key)s", {"key": draft.key})
    if bytes(posted.digest) != digest(draft):
        raise EntryDiffers(key=draft.key)


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
