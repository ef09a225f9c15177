"""Prove that every renewal's money, receipt and confirmation agree with its state.

The ledger's own verification proves that an entry's transfers are those of its digest. So what the transfers of a hold
or a delivery must be is shown by one digest, computed here from the renewal's row and the table in `docs/money.md`,
not by the code that posts them.
"""

from portal.audit import sealing
from portal.ledger import verification
from portal.ledger.verification import Check, Finding


def verify_everything() -> list[Finding]:
    """Check every rule of the books, the renewals' included, and the seals over the audit log; name what breaks one."""
    return [*verification.verify(), *verification.run(CHECKS), *_broken_seals()]


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
               CASE WHEN state IN ('paid', 'submitting', 'unknown', 'refused') THEN total_minor ELSE 0 END AS due,
               CASE state WHEN 'refunded' THEN total_minor WHEN 'partly_refunded' THEN 1 ELSE 0 END AS least,
               CASE WHEN state = 'refunded' THEN total_minor
                    WHEN state IN ('partly_refunded', 'refunding') THEN greatest(total_minor - 1, 0)
                    ELSE 0
               END AS most
        FROM renewals
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
                    THEN concat(chr(10), 'promotions|revenue|', discount_minor, '|', currency) END,
                CASE WHEN share_minor > 0 THEN concat(
                    chr(10), 'commission_expense|commission_earned:', agent_id, '|', share_minor, '|', currency) END,
                CASE WHEN cost_minor > 0 THEN concat(
                    chr(10), 'carrier_cost|carrier_payable:', carrier, '|', cost_minor, '|', currency) END)
            FROM renewals
            WHERE greatest(price_minor, total_minor, cost_minor) > 0
                  AND state IN ('delivered', 'refunding', 'partly_refunded', 'refunded')
        ) called_for
    ) due
    FULL JOIN (
        SELECT subject_id, kind, key, digest FROM ledger_entries WHERE subject_kind = 'renewal' AND kind <> 'refund'
    ) posted ON posted.subject_id = due.id AND posted.kind = due.kind
    WHERE posted.digest IS DISTINCT FROM due.digest
""".format(
    payer="""CASE source WHEN 'agent_wallet' THEN concat('agent_wallet:', agent_id)
                          WHEN 'customer_balance' THEN concat('customer_balance:', customer_id) ELSE source END"""
)

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

_NUMBERS = """
    SELECT what, place
    FROM (
        SELECT CASE WHEN serial = serial_before THEN 'a receipt number given twice'
                    WHEN serial <> serial_before + 1 THEN 'receipt numbers are missing before this one'
                    ELSE 'a receipt number that is not its year and serial'
               END AS what,
               concat('receipt ', id, ' ', number) AS place
        FROM (
            SELECT id, number, year, serial, lag(serial, 1, 0) OVER (PARTITION BY year ORDER BY serial) AS serial_before
            FROM receipts
            WHERE serial IS NOT NULL
        ) numbered
        WHERE serial <> serial_before + 1 OR number <> concat('LEB-', year, '-', lpad(serial::text, 7, '0'))
        UNION ALL
        SELECT concat('the counter stands at ', last_serial, ', the last receipt is ', last_given),
               concat('year ', year)
        FROM receipt_counters
        FULL JOIN (
            SELECT year, max(serial) AS last_given FROM receipts WHERE serial IS NOT NULL GROUP BY year
        ) given USING (year)
        WHERE last_serial IS DISTINCT FROM last_given
    ) wrong
"""

_CONTENTS = """
    SELECT 'the receipt says something else than when it was issued' AS what,
           concat('receipt ', id, ' ', number) AS place
    FROM receipts
    WHERE encode(sha256(convert_to(content, 'UTF8')), 'hex') <> content_sha256
"""

CHECKS = (
    Check("escrow", _ESCROW),
    Check("deliveries", _ENTRIES),
    Check("deliveries", _PAPERS),
    Check("receipts", _NUMBERS),
    Check("receipts", _CONTENTS),
)
