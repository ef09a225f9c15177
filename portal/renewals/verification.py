"""Prove that every renewal's money, receipt and confirmation agree with its state.

The ledger's own verification proves that an entry's transfers are those of its digest. So what the transfers of a hold
or a delivery must be is shown by one digest, computed here from the renewal's row and the table in `docs/money.md`,
not by the code that posts them.
"""

from portal.audit import sealing
from portal.ledger import verification
from portal.ledger.verification import Check, Finding
from portal.payments import verification as payments
from portal.promotions import verification as promotions


def verify_everything() -> list[Finding]:
    """Check every rule of the books, the renewals' included, and the seals over the audit log; name what breaks one."""
    above = verification.run((*CHECKS, *payments.CHECKS, *promotions.CHECKS))
    return [*verification.verify(), *above, *_broken_seals()]


def _broken_seals() -> list[Finding]:
    return [
        Finding("audit", "the records are not those that were sealed", f"audit log {seal.first_id} to {seal.last_id}")
        for seal in sealing.broken_seals()
    ]


_ESCROW = """
    SELECT concat('escrow holds ', coalesce(held, 0), ' and ', coalesce(refunded, 0), ' were refunded of ', total_minor,
                  ' paid while ', state) AS what,
           concat('renewal ', coalesce(id, subject_id), ' ', reference) AS place
    FROM (
        SELECT subject_id,
               sum(CASE WHEN credit_account_id = ANY (escrows.ids) THEN amount_minor ELSE -amount_minor END) AS held,
               sum(amount_minor) FILTER (WHERE kind = 'refund' AND debit_account_id = ANY (escrows.ids)) AS refunded
        FROM ledger_transfers, (SELECT array_agg(id) AS ids FROM ledger_accounts WHERE kind = 'escrow') escrows
        WHERE debit_account_id = ANY (escrows.ids) OR credit_account_id = ANY (escrows.ids)
        GROUP BY subject_id
    ) moved
    FULL JOIN (
        SELECT id, reference, state, total_minor,
               CASE WHEN state IN ('paid', 'submitting', 'unknown', 'refused') THEN total_minor
                    ELSE coalesce(bounced_minor, 0) END AS due,
               CASE state WHEN 'refunded' THEN total_minor WHEN 'partly_refunded' THEN 1 ELSE 0 END AS least,
               CASE WHEN state = 'refunded' THEN total_minor
                    WHEN state IN ('partly_refunded', 'refunding') THEN greatest(total_minor - 1, 0)
                    ELSE 0
               END AS most
        FROM renewals
        LEFT JOIN (
            SELECT renewal_id, sum(amount_minor) AS bounced_minor
            FROM bounces WHERE ended_at IS NULL GROUP BY renewal_id
        ) bounced ON renewal_id = renewals.id
    ) renewal ON id = subject_id
    WHERE coalesce(held, 0) <> coalesce(due, 0)
          OR coalesce(refunded, 0) NOT BETWEEN coalesce(least, 0) AND coalesce(most, 0)
"""

# What must have been posted, entry by entry, against what was.
_ENTRIES = """
    SELECT CASE
               WHEN posted.key IS NULL THEN 'an entry is missing'
               WHEN due.id IS NULL THEN 'an entry that the state does not call for'
               ELSE 'an entry with other transfers than the renewal calls for'
           END AS what,
           coalesce(posted.key, concat('renewal:', due.id, ':', due.kind)) AS place
    FROM (
        SELECT id, kind,
               sha256(convert_to(concat('renewal:', id, ':', kind, '|', kind, '|', id, lines), 'UTF8')) AS digest
        FROM (
            SELECT id, 'hold' AS kind, concat(chr(10), {payer}, '|escrow|', total_minor, '|', currency) AS lines
            FROM renewals
            WHERE total_minor > 0 AND state NOT IN ('awaiting_payment', 'cancelled')
            UNION ALL
            SELECT id, 'return', concat(chr(10), 'escrow|', {payer}, '|', total_minor, '|', currency)
            FROM renewals
            WHERE total_minor > 0 AND state = 'returned'
            UNION ALL
            SELECT id, 'deliver', concat(
                CASE WHEN base_minor > tax_minor
                    THEN concat(chr(10), 'escrow|revenue|', base_minor - tax_minor, '|', currency) END,
                CASE WHEN tax_minor > 0
                    THEN concat(chr(10), 'escrow|tax_payable|', tax_minor, '|', currency) END,
                CASE WHEN fee_minor > 0
                    THEN concat(chr(10), 'escrow|commission_earned:', agent_id, '|', fee_minor, '|', currency) END,
                CASE WHEN discount_minor > 0
                    THEN concat(chr(10), CASE promotion_bearer WHEN 'agent'
                        THEN concat('commission_earned:', agent_id) ELSE 'promotions' END,
                        '|revenue|', discount_minor, '|', currency) END,
                CASE WHEN share_minor > 0 THEN concat(
                    chr(10), 'commission_expense|commission_earned:', agent_id, '|', share_minor, '|', currency) END,
                CASE WHEN override_minor > 0 THEN concat(
                    chr(10), 'commission_expense|commission_earned:', parent_agent_id, '|', override_minor, '|',
                    currency) END,
                CASE WHEN cost_minor > 0 THEN concat(
                    chr(10), 'carrier_cost|carrier_payable:', carrier, '|', cost_minor, '|', currency) END)
            FROM renewals
            WHERE greatest(price_minor, total_minor, cost_minor) > 0
                  AND state IN ('delivered', 'refunding', 'partly_refunded', 'refunded')
        ) called_for
    ) due
    FULL JOIN (
        SELECT subject_id, kind, key, digest
        FROM ledger_entries
        WHERE subject_kind = 'renewal' AND kind NOT IN ('refund', 'take_back', 'bounce', 'bounce_end')
    ) posted ON posted.subject_id = due.id AND posted.kind = due.kind
    WHERE posted.digest IS DISTINCT FROM due.digest
""".format(
    payer="""CASE source WHEN 'agent_wallet' THEN concat('agent_wallet:', agent_id)
                          WHEN 'customer_balance' THEN concat('customer_balance:', customer_id) ELSE source END"""
)

# Refunds by what their rows say was taken from whom; the refunds of a renewal are numbered in their order.
_REFUNDS = """
    SELECT CASE
               WHEN posted.key IS NULL THEN 'the entry of a refund is missing'
               WHEN due.renewal_id IS NULL THEN 'an entry of a refund that was not carried out'
               ELSE 'a refund with other transfers than its row says'
           END AS what,
           coalesce(posted.key, due.key) AS place
    FROM (
        SELECT renewal_id, key, sha256(convert_to(concat(key, '|', kind, '|', renewal_id, lines), 'UTF8')) AS digest
        FROM (
            SELECT renewal_id, 'refund' AS kind,
                   concat('renewal:', renewal_id, ':', 'refund',
                          CASE WHEN NOT is_whole THEN concat(':', number) END) AS key,
                   concat(
                CASE WHEN refunds.revenue_minor > 0
                    THEN concat(chr(10), 'revenue|escrow|', refunds.revenue_minor, '|', refunds.currency) END,
                CASE WHEN refunds.tax_minor > 0
                    THEN concat(chr(10), 'tax_payable|escrow|', refunds.tax_minor, '|', refunds.currency) END,
                CASE WHEN refunds.fee_minor > 0 THEN concat(
                    chr(10), 'commission_earned:', sold.agent_id, '|escrow|', refunds.fee_minor, '|',
                    sold.currency) END,
                CASE WHEN is_whole AND discount_minor > 0 THEN concat(
                    chr(10), 'revenue|',
                    CASE promotion_bearer WHEN 'agent' THEN concat('commission_earned:', sold.agent_id)
                                          ELSE 'promotions' END,
                    '|', discount_minor, '|', sold.currency) END,
                CASE WHEN refunds.share_minor > 0 THEN concat(
                    chr(10), 'commission_earned:', sold.agent_id, '|commission_expense|', refunds.share_minor, '|',
                    sold.currency) END,
                CASE WHEN refunds.override_minor > 0 THEN concat(
                    chr(10), 'commission_earned:', parent_agent_id, '|commission_expense|', refunds.override_minor, '|',
                    sold.currency) END,
                chr(10), 'escrow|',
                CASE WHEN destination = 'wallet' OR destination = 'source' AND source = 'agent_wallet'
                         THEN concat('agent_wallet:', sold.agent_id)
                     WHEN destination = 'disputed' THEN concat('disputed:', split_part(source, ':', 2))
                     WHEN source = 'customer_balance' THEN concat('customer_balance:', customer_id)
                     ELSE source END,
                '|', amount_minor, '|', sold.currency) AS lines
            FROM refunds
            JOIN renewals sold ON sold.id = renewal_id
            CROSS JOIN LATERAL (SELECT number = 1 AND amount_minor = total_minor AS is_whole) size
            WHERE refunds.state IN ('done', 'came_back')
            UNION ALL
            SELECT renewal_id, 'take_back', concat('renewal:', renewal_id, ':', 'take_back'),
                   concat(chr(10), 'carrier_payable:', carrier, '|carrier_cost|', cost_minor, '|', sold.currency)
            FROM refunds
            JOIN renewals sold ON sold.id = renewal_id
            WHERE refunds.state IN ('done', 'came_back') AND carrier_answer = 'taken_back' AND cost_minor > 0
        ) called_for
    ) due
    FULL JOIN (
        SELECT key, digest
        FROM ledger_entries
        WHERE subject_kind = 'renewal' AND kind IN ('refund', 'take_back')
    ) posted USING (key)
    WHERE posted.digest IS DISTINCT FROM due.digest
"""

# What came back from payers' banks, and what became of it; a refund says so as long as it lies in escrow.
_BOUNCES = """
    SELECT CASE
               WHEN posted.key IS NULL THEN 'an entry of a bounce is missing'
               WHEN due.key IS NULL THEN 'an entry that no bounce calls for'
               ELSE 'a bounce with other transfers than its row says'
           END AS what,
           coalesce(posted.key, due.key) AS place
    FROM (
        SELECT key, sha256(convert_to(concat(key, '|', kind, '|', renewal_id, chr(10), line), 'UTF8')) AS digest
        FROM bounces
        JOIN renewals sold ON sold.id = renewal_id
        CROSS JOIN LATERAL (
            SELECT 'bounce' AS kind, concat('renewal:', renewal_id, ':bounce:', bounces.id) AS key,
                   concat(source, '|escrow|', amount_minor, '|', bounces.currency) AS line
            UNION ALL
            SELECT 'bounce_end', concat('renewal:', renewal_id, ':bounce_end:', bounces.id),
                   concat('escrow|', CASE ended_as WHEN 'payer' THEN source
                                                WHEN 'wallet' THEN concat('agent_wallet:', agent_id)
                                                ELSE 'write_off' END,
                          '|', amount_minor, '|', bounces.currency)
            WHERE ended_at IS NOT NULL
        ) entry
    ) due
    FULL JOIN (
        SELECT key, digest
        FROM ledger_entries
        WHERE subject_kind = 'renewal' AND kind IN ('bounce', 'bounce_end')
    ) posted USING (key)
    WHERE posted.digest IS DISTINCT FROM due.digest
    UNION ALL
    SELECT concat('a refund that is ', refunds.state, ' and of which ', coalesce(minor, 0), ' came back'),
           concat('refund ', refunds.id, ' ', refunds.reference)
    FROM refunds
    LEFT JOIN (
        SELECT subject_id, sum(bounces.amount_minor) AS minor
        FROM bounces JOIN provider_refunds given ON given.id = provider_refund_id
        WHERE bounces.ended_at IS NULL AND given.kind = 'refund'
        GROUP BY subject_id
    ) bounced ON bounced.subject_id = refunds.id
    WHERE coalesce(minor, 0) <> CASE WHEN refunds.state = 'came_back' THEN refunds.amount_minor ELSE 0 END
"""

_CREDIT_NOTES = """
    SELECT concat(count(credit_notes.id), ' credit notes for a refund that is ', refunds.state) AS what,
           concat('refund ', refunds.id, ' ', refunds.reference) AS place
    FROM refunds
    LEFT JOIN credit_notes ON credit_notes.refund_id = refunds.id
    GROUP BY refunds.id
    HAVING count(credit_notes.id) <> CASE WHEN refunds.state IN ('done', 'came_back') THEN 1 ELSE 0 END
"""

_PAPERS = """
    SELECT concat(coalesce(receipts, 0), ' receipts and confirmation ', coalesce(carrier_confirmation, 'none'),
                  ' while ', state) AS what,
           concat('renewal ', coalesce(id, renewal_id), ' ', reference) AS place
    FROM renewals
    FULL JOIN (
        SELECT renewal_id, count(*) AS receipts FROM receipts GROUP BY renewal_id
    ) issued ON renewal_id = id
    WHERE CASE WHEN state IN ('delivered', 'refunding', 'partly_refunded', 'refunded')
               THEN coalesce(receipts, 0) <> 1 OR carrier_confirmation IS NULL OR delivered_at IS NULL
               ELSE receipts > 0 OR carrier_confirmation IS NOT NULL OR delivered_at IS NOT NULL
          END
"""

# For receipts and for credit notes, which have a series of their own.
_NUMBERS = """
    SELECT what, place
    FROM (
        SELECT CASE WHEN serial = serial_before THEN 'a {paper} number given twice'
                    WHEN serial <> serial_before + 1 THEN '{paper} numbers are missing before this one'
                    ELSE 'a {paper} number that is not its year and serial'
               END AS what,
               concat('{paper} ', id, ' ', number) AS place
        FROM (
            SELECT id, number, year, serial, lag(serial, 1, 0) OVER (PARTITION BY year ORDER BY serial) AS serial_before
            FROM {table}
            WHERE serial IS NOT NULL
        ) numbered
        WHERE serial <> serial_before + 1 OR number <> concat('{prefix}-', year, '-', lpad(serial::text, 7, '0'))
        UNION ALL
        SELECT concat('the counter stands at ', last_serial, ', the last {paper} is ', last_given),
               concat('year ', year)
        FROM {counters}
        FULL JOIN (
            SELECT year, max(serial) AS last_given FROM {table} WHERE serial IS NOT NULL GROUP BY year
        ) given USING (year)
        WHERE last_serial IS DISTINCT FROM last_given
    ) wrong
"""

_CONTENTS = """
    SELECT 'the {paper} says something else than when it was issued' AS what,
           concat('{paper} ', id, ' ', number) AS place
    FROM {table}
    WHERE encode(sha256(convert_to(content, 'UTF8')), 'hex') <> content_sha256
"""

_RECEIPTS = {"paper": "receipt", "table": "receipts", "counters": "receipt_counters", "prefix": "LEB"}
_NOTES = {"paper": "credit note", "table": "credit_notes", "counters": "credit_note_counters", "prefix": "CN"}

# What was paid online against the one payment that paid it, and the other way round; finance may have put one that came
# with another amount into the agent's wallet. Of what came above the total, the rest was sent back.
_PAYMENTS = """
    SELECT concat('paid from ', source, ', ', total_minor, ' ', renewals.currency, ', by a payment that is ',
                  coalesce(concat(payments.state, ', ', settled_minor, ' ', settled_currency), 'missing')) AS what,
           concat('renewal ', renewals.id, ' ', renewals.reference) AS place
    FROM renewals
    LEFT JOIN pay_links ON renewal_id = renewals.id
    LEFT JOIN payments ON payments.id = pay_links.payment_id AND subject_id = renewals.id
    LEFT JOIN (
        SELECT payment_id, sum(amount_minor) AS rest_minor
        FROM provider_refunds WHERE kind = 'renewal_rest' GROUP BY payment_id
    ) rests ON rests.payment_id = payments.id
    WHERE source LIKE 'clearing:%'
          AND (payments.state IS DISTINCT FROM 'settled' OR source <> concat('clearing:', provider)
               OR (settled_minor - coalesce(rest_minor, 0), settled_currency)
                  IS DISTINCT FROM (total_minor, renewals.currency))
    UNION ALL
    SELECT 'a payment was kept that paid nothing', concat('payment ', payments.id, ' ', payments.reference)
    FROM payments
    WHERE purpose = 'renewal' AND state = 'settled'
          AND NOT EXISTS (SELECT FROM pay_links WHERE payment_id = payments.id)
          AND NOT EXISTS (SELECT FROM top_ups WHERE payment_id = payments.id)
"""

CHECKS = (
    Check("escrow", _ESCROW),
    Check("deliveries", _ENTRIES),
    Check("deliveries", _PAPERS),
    Check("payments", _PAYMENTS),
    Check("refunds", _REFUNDS),
    Check("refunds", _BOUNCES),
    Check("refunds", _CREDIT_NOTES),
    Check("receipts", _NUMBERS.format(**_RECEIPTS)),
    Check("receipts", _CONTENTS.format(**_RECEIPTS)),
    Check("credit notes", _NUMBERS.format(**_NOTES)),
    Check("credit notes", _CONTENTS.format(**_NOTES)),
)
