"""Prove that fees, arrivals and mends are in the books as their rows say: each once, and nothing beside them."""

from portal.ledger import verification
from portal.ledger.verification import Check, Finding


def verify() -> list[Finding]:
    """Check every entry of reconciliation against its row; name those that differ."""
    return verification.run(CHECKS)


# As everywhere: the digest of what must have been posted, from the rows and the table in `docs/money.md`.
_ENTRIES = """
    SELECT CASE WHEN posted.key IS NULL THEN 'an entry is missing'
                WHEN due.key IS NULL THEN 'an entry that nothing calls for'
                ELSE 'an entry with other transfers than its row calls for' END AS what,
           coalesce(posted.key, due.key) AS place
    FROM (
        SELECT key, sha256(convert_to(concat(key, '|', kind, '|', subject_id, chr(10), line), 'UTF8')) AS digest
        FROM (
            SELECT concat('fee:', line.id) AS key, 'provider_fee' AS kind, line.id AS subject_id,
                   concat(CASE WHEN fee_minor > 0 THEN concat('provider_fees|clearing:', name)
                               ELSE concat('clearing:', name, '|provider_fees') END,
                          '|', abs(fee_minor), '|', fee_currency) AS line
            FROM report_lines line JOIN report_sources source ON source.id = source_id
            WHERE fee_booked_at IS NOT NULL
            UNION ALL
            SELECT concat('arrival:', line.id), 'provider_payout', line.id,
                   concat('bank|clearing:', name, '|', gross_minor, '|', currency)
            FROM report_lines line JOIN report_sources source ON source.id = source_id
            WHERE line.kind = 'arrival' AND payout_id IS NOT NULL
            UNION ALL
            SELECT concat('mend:', mends.id), 'mend', difference_id,
                   concat(CASE WHEN (gap_minor > 0) = (source.kind <> 'carrier')
                               THEN concat(account, '|', counter_account)
                               ELSE concat(counter_account, '|', account) END,
                          '|', abs(gap_minor), '|', mends.currency)
            FROM mends
            JOIN differences ON differences.id = difference_id
            JOIN report_sources source ON source.id = source_id
            CROSS JOIN LATERAL (
                SELECT CASE source.kind WHEN 'provider' THEN concat('clearing:', name)
                                        WHEN 'carrier' THEN concat('carrier_payable:', name)
                                        ELSE 'bank' END AS account
            ) compared
            WHERE mends.state = 'posted'
        ) called
    ) due
    FULL JOIN (
        SELECT key, digest FROM ledger_entries WHERE kind IN ('provider_fee', 'provider_payout', 'mend')
    ) posted ON posted.key = due.key
    WHERE posted.digest IS DISTINCT FROM due.digest
"""

CHECKS = (Check("reconciliation", _ENTRIES),)
