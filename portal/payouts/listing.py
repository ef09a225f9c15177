"""List what a statement sums up: every renewal delivered in its month, and whatever else moved the commission."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.core import clock
from portal.core.db import Statement as Asked
from portal.core.db import execute_together
from portal.payouts import headings
from portal.payouts.errors import StatementDiffers
from portal.payouts.models import Statement
from portal.payouts.months import month_after
from portal.payouts.statement import CurrencyPart, StatementContent


@dataclass(slots=True)
class Line:
    """One renewal, refund, dispute or payout: what the customer paid, where it is the agent's own sale, and what moved.

    Amounts are minor units; `moved` is signed, by heading.
    """

    at: datetime
    reference: str
    sold_minor: int | None = None
    moved: dict[str, int] = field(default_factory=dict)

    @property
    def net_minor(self) -> int:
        """By how much the balance changed."""
        return sum(self.moved.values())


def of_statement(made: Statement, content: StatementContent) -> dict[str, list[Line]]:
    """List each currency of a statement, the oldest first; the ledger never changes, so neither do the lines.

    Raises:
        StatementDiffers: the lines do not sum to what the statement says.
    """
    listed = {}
    for part, (sold, moved) in zip(content.parts, _read(made, content), strict=True):
        lines = _lines(sold, moved)
        _prove(made, part, lines)
        listed[part.currency] = lines
    return listed


def _read(made: Statement, content: StatementContent) -> Iterable[tuple[list[Any], list[Any]]]:
    # One round trip for all: what was sold, and what moved, of each currency.
    window = {
        "agent_id": made.agent_id,
        "on": made.month_on,
        "since": clock.start_of(made.month_on, content.zone),
        "until": clock.start_of(month_after(made.month_on), content.zone),
    }
    read = execute_together(
        [Asked(sql, {**window, "currency": part.currency}) for part in content.parts for sql in (_SOLD, _MOVED)]
    )
    return zip(read[::2], read[1::2], strict=True)


def _lines(sold: Iterable[Any], moved: Iterable[Any]) -> list[Line]:
    by_key: dict[tuple[str, str], Line] = {}
    for row in sold:
        by_key["deliver", row.id] = Line(row.delivered_at, row.reference, row.total_minor)
    for row in moved:
        key = (row.kind, row.subject_id) if row.kind == "deliver" else (row.kind, row.entry_id)
        line = by_key.get(key)
        if line is None:
            line = by_key[key] = Line(row.posted_at, row.reference or "")
        line.moved[row.heading] = line.moved.get(row.heading, 0) + row.amount
    return sorted(by_key.values(), key=lambda line: (line.at, line.reference))


def _prove(made: Statement, part: CurrencyPart, lines: Sequence[Line]) -> None:
    sums: dict[str, int] = {}
    for line in lines:
        for heading, amount in line.moved.items():
            sums[heading] = sums.get(heading, 0) + amount
    sold = [line.sold_minor for line in lines if line.sold_minor is not None]
    found: tuple[Any, ...] = (_nonzero(sums), len(sold), sum(sold))
    said = (_nonzero(part.whole.moved), part.whole.sales, part.whole.sales_minor)
    if found != said:
        raise StatementDiffers(f"{made.id} {part.currency}: the lines say {found} instead of {said}")


def _nonzero(sums: Mapping[str, int]) -> dict[str, int]:
    return {heading: amount for heading, amount in sums.items() if amount}


# Ids as text: they are compared only, and a thousand of them cost.
_SOLD = """
    SELECT id::text AS id, reference, delivered_at, total_minor
    FROM renewals
    WHERE agent_id = %(agent_id)s AND currency = %(currency)s AND delivered_at >= %(since)s AND delivered_at < %(until)s
"""

# Transfers have no index by time: the account's own are read from the last snapshot before the month on.
_MOVED = f"""
    WITH account AS (
        SELECT id, owner_id,
               coalesce((SELECT max(last_transfer_id) FROM ledger_snapshots
                         WHERE account_id = ledger_accounts.id AND taken_on < %(on)s), 0) AS last_before
        FROM ledger_accounts
        WHERE kind = 'commission_earned' AND owner_id = %(agent_id)s AND currency = %(currency)s
    ), moved AS (
        SELECT owner_id AS agent_id, entry_id, kind, subject_kind, subject_id, posted_at,
               amount_minor AS amount, debit_account_id AS counter_id
        FROM ledger_transfers JOIN account ON credit_account_id = account.id
        WHERE ledger_transfers.id > last_before AND posted_at >= %(since)s AND posted_at < %(until)s
        UNION ALL
        SELECT owner_id, entry_id, kind, subject_kind, subject_id, posted_at, -amount_minor, credit_account_id
        FROM ledger_transfers JOIN account ON debit_account_id = account.id
        WHERE ledger_transfers.id > last_before AND posted_at >= %(since)s AND posted_at < %(until)s
    )
    SELECT entry_id::text AS entry_id, moved.kind, subject_id::text AS subject_id, posted_at,
           coalesce(renewals.reference, disputes.reference, payouts.reference) AS reference,
           {headings.OF_MOVED} AS heading, amount
    FROM moved
    JOIN ledger_accounts counter ON counter.id = counter_id
    LEFT JOIN renewals ON subject_kind = 'renewal' AND renewals.id = subject_id
    LEFT JOIN disputes ON subject_kind = 'dispute' AND disputes.id = subject_id
    LEFT JOIN payouts ON subject_kind = 'payout' AND payouts.id = subject_id
"""
