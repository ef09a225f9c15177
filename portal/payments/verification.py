"""What must hold of disputed payments: the books hold what open disputes do, each was booked as it opened and ended."""

from portal.ledger.verification import Check

# Account by account, along its index: these are few among millions of transfers.
_HELD = """
    SELECT concat('the books hold ', coalesce(held, 0), ', open disputes ', coalesce(due, 0)) AS what,
           concat('account ', name, ' ', currency) AS place
    FROM (
        SELECT name, currency, CASE WHEN side = 'asset' THEN debits - credits ELSE credits - debits END AS held
        FROM ledger_accounts account
        CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS debits FROM ledger_transfers
                            WHERE debit_account_id = account.id) debited
        CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS credits FROM ledger_transfers
                            WHERE credit_account_id = account.id) credited
        WHERE kind IN ('disputed', 'frozen')
    ) booked
    FULL JOIN (
        SELECT name, currency, sum(minor) AS due
        FROM (
            SELECT concat('disputed:', provider) AS name, currency, amount_minor AS minor
            FROM disputes WHERE state = 'open'
            UNION ALL
            SELECT concat('frozen:', agent_id), currency, frozen_minor FROM disputes WHERE state = 'open'
        ) parts
        GROUP BY name, currency
    ) open_ones USING (name, currency)
    WHERE coalesce(held, 0) <> coalesce(due, 0)
"""

# The digest of each entry as the dispute's row calls for it, as `ledger.journal.digest` computes it from its lines.
_ENTRIES = """
    SELECT CASE
               WHEN posted.key IS NULL THEN 'an entry of a dispute is missing'
               WHEN due.key IS NULL THEN 'an entry that no dispute calls for'
               ELSE 'an entry with other transfers than its dispute calls for'
           END AS what,
           coalesce(posted.key, due.key) AS place
    FROM (
        SELECT key, sha256(convert_to(concat(key, '|', kind, '|', id, lines), 'UTF8')) AS digest
        FROM (
            SELECT id, kind, concat('dispute:', id, ':', kind) AS key, lines
            FROM disputes
            LEFT JOIN (SELECT id AS refund_id, amount_minor AS refunded_minor FROM refunds) refund USING (refund_id)
            CROSS JOIN LATERAL (
                -- The payer took by themselves what was going back anyway: it ends as one that is won.
                SELECT state = 'won' OR state = 'lost'
                       AND (EXISTS (SELECT FROM payments WHERE payments.id = payment_id AND payments.state = 'returned')
                            OR EXISTS (SELECT FROM renewal_events event
                                       WHERE event.renewal_id = disputes.renewal_id AND event.state = 'returned'
                                             AND event.facts->>'dispute' = disputes.reference)) AS is_undone
            ) ending
            CROSS JOIN LATERAL (
                SELECT concat('disputed:', provider) AS disputed, concat('clearing:', provider) AS clearing,
                       concat('frozen:', agent_id) AS frozen,
                       concat(CASE WHEN renewal_id IS NULL THEN 'agent_wallet:' ELSE 'commission_earned:' END,
                              agent_id) AS owner,
                       amount_minor - CASE WHEN renewal_id IS NULL THEN frozen_minor
                                           ELSE coalesce(refunded_minor, 0) END AS lost_minor
            ) account
            CROSS JOIN LATERAL (
                SELECT 'dispute' AS kind, concat(
                    chr(10), disputed, '|', clearing, '|', amount_minor, '|', currency,
                    CASE WHEN frozen_minor > 0
                        THEN concat(chr(10), owner, '|', frozen, '|', frozen_minor, '|', currency) END) AS lines
                UNION ALL
                SELECT 'dispute_end', concat(
                    chr(10), clearing, '|', disputed, '|', amount_minor, '|', currency,
                    CASE WHEN frozen_minor > 0
                        THEN concat(chr(10), frozen, '|', owner, '|', frozen_minor, '|', currency) END)
                WHERE is_undone
                UNION ALL
                SELECT 'dispute_end', concat(
                    CASE WHEN frozen_minor > 0 THEN concat(
                        chr(10), frozen, '|', CASE WHEN renewal_id IS NULL THEN disputed ELSE owner END,
                        '|', frozen_minor, '|', currency) END,
                    CASE WHEN lost_minor > 0
                        THEN concat(chr(10), 'write_off|', disputed, '|', lost_minor, '|', currency) END)
                WHERE state = 'lost' AND NOT is_undone AND greatest(frozen_minor, lost_minor) > 0
            ) entry
        ) called_for
    ) due
    FULL JOIN (
        SELECT key, digest FROM ledger_entries WHERE subject_kind = 'dispute' AND kind IN ('dispute', 'dispute_end')
    ) posted USING (key)
    WHERE posted.digest IS DISTINCT FROM due.digest
"""

CHECKS = (Check("disputes", _HELD), Check("disputes", _ENTRIES))
