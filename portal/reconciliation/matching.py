"""Find out what of ours a fetched line is about, by the references that both sides wrote down."""

from portal.core import clock
from portal.core.db import Statement, execute_together
from portal.reconciliation.models import ReportSource, SourceKind


def match(source: ReportSource) -> None:
    """Match the lines of a source that are not matched yet; what nothing of ours fits stays unmatched."""
    values = {"source_id": source.id, "name": source.name, "now": clock.now()}
    if statements := STATEMENTS[source.kind]:
        execute_together([Statement(statement, values) for statement in statements])


_REFUND = r"""
    UPDATE report_lines line
    SET refund_id = refund.id, matched_at = %(now)s
    FROM provider_refunds refund, payments payment
    WHERE line.source_id = %(source_id)s AND line.matched_at IS NULL AND line.kind = 'refund'
          AND payment.id = refund.payment_id AND payment.provider = %(name)s AND {same}
"""

_PAYMENT = """
    UPDATE report_lines line
    SET payment_id = payment.id, matched_at = %(now)s
    FROM payments payment
    WHERE line.source_id = %(source_id)s AND line.matched_at IS NULL AND line.kind IN {kinds}
          AND payment.provider = %(name)s AND {same}
"""

_RENEWAL = """
    UPDATE report_lines line
    SET renewal_id = renewals.id, matched_at = %(now)s
    FROM renewals
    WHERE line.source_id = %(source_id)s AND line.matched_at IS NULL
          AND renewals.reference = line.reference AND renewals.carrier = %(name)s
"""

_NAMED_SO = "('payment', 'refund', 'dispute', 'dispute_reversal', 'fee')"
"""Kinds that may bear the payment's reference; a refund that does was not ours: ours have references of their own."""

STATEMENTS = {
    SourceKind.PROVIDER: (
        _REFUND.format(same="refund.reference = line.reference"),
        # A refund that was tried again has the number of its try behind our reference.
        _REFUND.format(same=r"refund.reference = regexp_replace(line.reference, '-\d+$', '')"),
        _REFUND.format(same="refund.provider_id = line.line_id"),
        _PAYMENT.format(same="payment.reference = line.reference", kinds=_NAMED_SO),
        _PAYMENT.format(same="payment.provider_id = line.line_id", kinds="('payment')"),
        _PAYMENT.format(same="payment.capture_id = line.line_id", kinds="('payment')"),
    ),
    SourceKind.CARRIER: (_RENEWAL,),
    SourceKind.BANK: (),
}
"""What is tried for each kind of source, in this order; the first that fits holds."""
