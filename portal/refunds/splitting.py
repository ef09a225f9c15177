"""Split a refund over what the delivery gave to its owners: pure, amounts in minor units."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.ledger import chart
from portal.ledger.journal import EntryDraft
from portal.renewals import bookkeeping
from portal.renewals.bookkeeping import Account, Left


@dataclass(frozen=True, slots=True)
class Split:
    """The entry of a refund, and what it takes from whom."""

    entry: EntryDraft
    parts: Left


def left_after(renewal: Account, refunded: Iterable[Left]) -> Left:
    """Tell what of a delivery is left once earlier refunds took their parts."""
    left = bookkeeping.delivered_in_full(renewal)
    for parts in refunded:
        left = Left(
            revenue_minor=left.revenue_minor - parts.revenue_minor,
            tax_minor=left.tax_minor - parts.tax_minor,
            fee_minor=left.fee_minor - parts.fee_minor,
            share_minor=left.share_minor - parts.share_minor,
            override_minor=left.override_minor - parts.override_minor,
        )
    return left


def split(renewal: Account, amount_minor: int, *, left: Left, number: int) -> Split:
    """Split a refund: the mirror of the delivery when it is all of it at once, else a part of what is left.

    Raises:
        ValueError: the amount is not positive or more than is left.
    """
    if number == 1 and amount_minor == renewal.total_minor:
        return Split(bookkeeping.refund_in_full(renewal), bookkeeping.delivered_in_full(renewal))
    entry = bookkeeping.refund_in_part(renewal, amount_minor, left=left, number=number)
    moved = {(line.debit, line.credit): line.amount_minor for line in entry.lines}
    return Split(
        entry,
        Left(
            revenue_minor=moved.get((chart.REVENUE, chart.ESCROW), 0),
            tax_minor=moved.get((chart.TAX_PAYABLE, chart.ESCROW), 0),
            fee_minor=moved.get((renewal.commission, chart.ESCROW), 0),
            share_minor=moved.get((renewal.commission, chart.COMMISSION_EXPENSE), 0),
            override_minor=moved.get((renewal.parent, chart.COMMISSION_EXPENSE), 0) if renewal.parent else 0,
        ),
    )
