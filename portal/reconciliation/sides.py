"""Both sides of every matter, in one statement, so that one moment is seen even while money moves.

A *key* names a matter that both books tell of; lines of theirs and transfers of ours are summed up under it. Where the
sums differ there is a difference; where no key differs, the two balances are the same, and the other way round: the
sums over all keys are the two balances.

| key | theirs | ours |
|---|---|---|
| `payment:<id>:paid` | the payment, and what went back of it with no entry of ours | the top-up or hold |
| `refund:<id>` | the refund, and its failure | the refund or return, and its bounce |
| `payment:<id>:disputed` | the dispute, and its reversal | the same |
| `payout:<their id>` | the payout, and its return | what arrived at the bank |
| `line:<id>:fee` | the fee of a line whose matter is known | `provider_fee` |
| `line:<id>` | a line that is about nothing of ours, its fee included; an arrival at the bank | what mended it |
| `line:<id>:changed` | by how much a line changed since it was first fetched | what mended it |
| `renewal:<id>` | what a carrier asks | what was booked as owed |
| `entry:<id>` | | an entry that nothing of theirs can be about |
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.core.db import Statement, execute_together
from portal.reconciliation.models import ReportSource, SourceKind
from portal.refunds import paying_back
from portal.renewals import paying

BOOKED_REFUNDS = (paying.RETURN, paying_back.KIND)
"""Kinds of refunds that have an entry of their own; the others give back what no account of ours ever held."""

LAG = timedelta(hours=6)
"""What was booked so shortly before their books end may stand in theirs a little later: it is compared next time."""

_EVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Where the books end of those who are switched off: what they did not say by then they will not say later."""


@dataclass(frozen=True, slots=True)
class Found:
    """A key whose sides differ, in minor units of its currency."""

    key: str
    currency: str
    theirs_minor: int
    ours_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Total:
    """The balances of a currency, and what of ours is too young to be compared."""

    currency: str
    theirs_minor: int
    ours_minor: int
    young_minor: int


def of(source: ReportSource) -> tuple[list[Total], list[Found]]:
    """Sum up both sides of a source, as one moment sees them: the balances, and every key that differs."""
    horizon = _EVER if source.switched_off_at else source.fetched_until - LAG if source.fetched_until else None
    parts = {
        SourceKind.PROVIDER: (_OF_PROVIDER, f"clearing:{source.name}"),
        SourceKind.CARRIER: (_OF_CARRIER, f"carrier_payable:{source.name}"),
        SourceKind.BANK: (_OF_BANK, "bank"),
    }
    both, account = parts[source.kind]
    asked = Statement(_SIDES.format(both=both), {"source_id": source.id, "account": account, "horizon": horizon})
    (rows,) = execute_together([asked])
    totals = [Total(row.currency, int(row.theirs), int(row.ours), int(row.young)) for row in rows if row.key is None]
    found = [
        Found(row.key, row.currency, int(row.theirs), int(row.ours), row.at.astimezone(UTC)) for row in rows if row.key
    ]
    return totals, found


_SIDES = """
    WITH side AS (
        {both}
    ), sides AS MATERIALIZED (
        SELECT key, currency, coalesce(sum(minor) FILTER (WHERE is_theirs), 0) AS theirs,
               coalesce(sum(minor) FILTER (WHERE NOT is_theirs), 0) AS ours, min(at) AS at,
               NOT bool_or(is_theirs)
               AND (%(horizon)s::timestamptz IS NULL OR min(at) >= %(horizon)s::timestamptz) AS is_young
        FROM side
        GROUP BY key, currency
    )
    SELECT NULL::text AS key, currency, sum(theirs) AS theirs, sum(ours) AS ours,
           coalesce(sum(ours) FILTER (WHERE is_young), 0) AS young, NULL::timestamptz AS at
    FROM sides
    GROUP BY currency
    UNION ALL
    SELECT key, currency, theirs, ours, 0, at
    FROM sides
    WHERE theirs <> ours AND NOT is_young
    ORDER BY 2, 6 NULLS FIRST, 1
"""

# By how much a line changed; where the currency did, all of the old is gone and all of the new has come.
_CHANGED = """
        SELECT concat('line:', id, ':changed'), moved.currency, moved.minor, booked_at, true
        FROM report_lines
        CROSS JOIN LATERAL (
            VALUES (currency, -gross_minor), (fee_currency, fee_minor),
                   (changed->>'currency', (changed->>'gross_minor')::bigint),
                   (changed->>'fee_currency', -(changed->>'fee_minor')::bigint)
        ) moved(currency, minor)
        WHERE source_id = %(source_id)s AND changed_at IS NOT NULL AND moved.minor <> 0
"""

_OF_PROVIDER = f"""
        SELECT CASE
                   WHEN line.kind = 'payout' THEN concat('payout:', coalesce(payout_id, line_id))
                   WHEN refund.kind IN {BOOKED_REFUNDS} THEN concat('refund:', refund.id)
                   WHEN refund.id IS NOT NULL THEN concat('payment:', refund.payment_id, ':paid')
                   WHEN line.payment_id IS NOT NULL AND line.kind = 'payment'
                   THEN concat('payment:', line.payment_id, ':paid')
                   WHEN line.payment_id IS NOT NULL AND line.kind IN ('dispute', 'dispute_reversal')
                   THEN concat('payment:', line.payment_id, ':disputed')
                   ELSE concat('line:', line.id)
               END AS key, line.currency, gross_minor AS minor, booked_at AS at, true AS is_theirs
        FROM report_lines line
        LEFT JOIN provider_refunds refund ON refund.id = refund_id
        WHERE source_id = %(source_id)s AND gross_minor <> 0
        UNION ALL
        SELECT concat('line:', id, CASE WHEN kind = 'payout' OR refund_id IS NOT NULL
                                             OR (payment_id IS NOT NULL
                                                 AND kind IN ('payment', 'dispute', 'dispute_reversal'))
                                        THEN ':fee' END),
               fee_currency, -fee_minor, booked_at, true
        FROM report_lines
        WHERE source_id = %(source_id)s AND fee_minor <> 0
        UNION ALL
        {_CHANGED}
        UNION ALL
        SELECT coalesce(
                   CASE transfer.subject_kind
                       WHEN 'top_up' THEN 'payment:' || top_ups.payment_id || ':paid'
                       WHEN 'dispute' THEN 'payment:' || disputes.payment_id || ':disputed'
                       WHEN 'difference' THEN differences.key
                       WHEN 'report_line' THEN CASE transfer.kind
                           WHEN 'provider_payout' THEN 'payout:' || arrival.payout_id
                           ELSE concat('line:', transfer.subject_id, ':fee') END
                       WHEN 'renewal' THEN CASE transfer.kind
                           WHEN 'hold' THEN 'payment:' || pay_links.payment_id || ':paid'
                           ELSE 'refund:' || coalesce(bounces.provider_refund_id, gone.id) END
                   END,
                   concat('entry:', transfer.entry_id)),
               transfer.currency,
               CASE WHEN debit_account_id = account.id THEN transfer.amount_minor ELSE -transfer.amount_minor END,
               transfer.posted_at, false
        FROM ledger_accounts account
        JOIN ledger_transfers transfer ON account.id IN (debit_account_id, credit_account_id)
        JOIN ledger_entries entry ON entry.id = transfer.entry_id
        LEFT JOIN top_ups ON transfer.subject_kind = 'top_up' AND top_ups.id = transfer.subject_id
        LEFT JOIN pay_links ON transfer.subject_kind = 'renewal' AND renewal_id = transfer.subject_id
        -- All of it at once has no number behind its key; see `renewals.bookkeeping`.
        LEFT JOIN refunds ON transfer.kind = 'refund' AND refunds.renewal_id = transfer.subject_id
             AND entry.key IN (concat('renewal:', refunds.renewal_id, ':refund:', refunds.number),
                               CASE refunds.number WHEN 1 THEN concat('renewal:', refunds.renewal_id, ':refund') END)
        LEFT JOIN bounces ON transfer.kind IN ('bounce', 'bounce_end') AND bounces.renewal_id = transfer.subject_id
             AND entry.key = concat('renewal:', bounces.renewal_id, ':', transfer.kind, ':', bounces.id)
        LEFT JOIN provider_refunds gone
             ON gone.kind = CASE transfer.kind WHEN 'return' THEN '{paying.RETURN}' ELSE '{paying_back.KIND}' END
             AND gone.subject_id = CASE transfer.kind WHEN 'return' THEN transfer.subject_id ELSE refunds.id END
        LEFT JOIN disputes ON transfer.subject_kind = 'dispute' AND disputes.id = transfer.subject_id
        LEFT JOIN differences ON transfer.subject_kind = 'difference' AND differences.id = transfer.subject_id
             AND differences.source_id = %(source_id)s
        LEFT JOIN report_lines arrival ON transfer.subject_kind = 'report_line' AND arrival.id = transfer.subject_id
        WHERE account.name = %(account)s
"""

_OF_CARRIER = f"""
        SELECT CASE WHEN renewal_id IS NULL THEN concat('line:', id) ELSE concat('renewal:', renewal_id) END AS key,
               currency, gross_minor AS minor, booked_at AS at, true AS is_theirs
        FROM report_lines
        WHERE source_id = %(source_id)s
        UNION ALL
        {_CHANGED}
        UNION ALL
        SELECT coalesce(CASE transfer.subject_kind
                            WHEN 'renewal' THEN concat('renewal:', transfer.subject_id)
                            WHEN 'difference' THEN differences.key
                        END,
                        concat('entry:', entry_id)),
               transfer.currency,
               CASE WHEN credit_account_id = account.id THEN amount_minor ELSE -amount_minor END, posted_at, false
        FROM ledger_accounts account
        JOIN ledger_transfers transfer ON account.id IN (debit_account_id, credit_account_id)
        LEFT JOIN differences ON transfer.subject_kind = 'difference' AND differences.id = transfer.subject_id
             AND differences.source_id = %(source_id)s
        WHERE account.name = %(account)s
"""

# Only what came from providers: finance's own lines of the account have no counterpart here.
_OF_BANK = f"""
        SELECT concat('line:', id) AS key, currency, gross_minor AS minor, booked_at AS at, true AS is_theirs
        FROM report_lines
        WHERE source_id = %(source_id)s
        UNION ALL
        {_CHANGED}
        UNION ALL
        SELECT coalesce(differences.key, concat('line:', arrival.id)), transfer.currency,
               CASE WHEN debit_account_id = account.id THEN amount_minor ELSE -amount_minor END, posted_at, false
        FROM ledger_accounts account
        JOIN ledger_transfers transfer ON account.id IN (debit_account_id, credit_account_id)
        LEFT JOIN report_lines arrival ON transfer.subject_kind = 'report_line' AND arrival.id = transfer.subject_id
             AND arrival.source_id = %(source_id)s
        LEFT JOIN differences ON transfer.subject_kind = 'difference' AND differences.id = transfer.subject_id
             AND differences.source_id = %(source_id)s
        WHERE account.name = %(account)s AND transfer.subject_kind IN ('report_line', 'difference')
              AND (arrival.id IS NOT NULL OR differences.id IS NOT NULL)
"""
