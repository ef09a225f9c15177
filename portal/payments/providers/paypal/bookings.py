"""Read PayPal's transaction search; pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from portal.core.money import Money
from portal.payments.providers.base import Booking
from portal.payments.providers.paypal.amounts import from_wire
from portal.payments.providers.reading import inner, inner_or_none, instant, text, text_or_none

LONGEST = timedelta(days=31)
"""PayPal answers for at most so long a time at once."""

LATEST = timedelta(hours=3)
"""So long after a transaction its search may not have it yet."""

ROWS = 500

KINDS = {
    "T0106": "fee",
    "T1106": "dispute",
    "T1107": "refund",
    "T1201": "dispute",
    "T1202": "dispute_reversal",
    "T1108": "fee",
    "T1109": "fee",
}
KINDS_BY_GROUP = {"T00": "payment", "T01": "fee", "T04": "payout"}
"""By transaction event codes (developer.paypal.com/docs/transaction-search): T00 payments, T04 withdrawals."""

MOVED = frozenset({"S", "V"})
"""Successful, or successful and reversed later by a line of its own; pending and denied ones moved nothing."""


def spans(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a time into what PayPal answers for at once."""
    while since < until:
        end = min(since + LONGEST, until)
        yield since, end
        since = end


def query(since: datetime, until: datetime, page: int) -> str:
    """Write the question for one page of lines; both ends belong to it."""
    span = {"start_date": _written(since), "end_date": _written(until)}
    return urlencode(span | {"fields": "transaction_info", "page_size": str(ROWS), "page": str(page)})


def read(row: dict[str, Any]) -> Booking | None:
    """Read one line; None when no money moved."""
    line = inner(row, "transaction_info")
    if text(line, "transaction_status") not in MOVED:
        return None
    code = text(line, "transaction_event_code")
    kind = KINDS.get(code) or KINDS_BY_GROUP.get(code[:3], "other")
    gross = from_wire(inner(line, "transaction_amount"))
    fee = inner_or_none(line, "fee_amount")
    line_id = text(line, "transaction_id")
    return Booking(
        provider_id=line_id,
        kind=kind,
        reference=text_or_none(line, "invoice_id") or text_or_none(line, "custom_field"),
        gross=gross,
        # PayPal writes a fee that it took as a negative amount.
        fee=-from_wire(fee) if fee else Money(0, gross.currency),
        booked_at=instant(line, "transaction_initiation_date"),
        # PayPal does not say which payments a withdrawal brought.
        payout_id=line_id if kind == "payout" else None,
    )


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
