"""Read Stripe's balance transactions; pure."""

from collections.abc import Mapping
from typing import Any

from portal.core.money import Money
from portal.payments.providers.base import Booking
from portal.payments.providers.reading import epoch, text, text_or_none, whole
from portal.payments.providers.stripe.amounts import from_wire
from portal.payments.providers.stripe.answers import reference_of

KINDS = {
    "charge": "payment",
    "charge_failure": "payment",
    "refund": "refund",
    "refund_failure": "refund",
    "partial_capture_reversal": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute_reversal",
    "fee": "fee",
    "payout": "payout",
    "payout_reversal": "payout",
}
"""By Stripe's reporting categories (docs.stripe.com/reports/reporting-categories)."""


def read(row: dict[str, Any], payouts: Mapping[str, str]) -> Booking:
    """Read one line; `payouts` gives the payout of each line that one has brought to the bank."""
    source = row.get("source")
    kind = KINDS.get(text(row, "reporting_category"), "other")
    currency = text(row, "currency")
    line_id = text(row, "id")
    return Booking(
        provider_id=line_id,
        kind=kind,
        reference=reference_of(source) if isinstance(source, dict) else None,
        gross=from_wire(whole(row, "amount"), currency),
        fee=_fee(row, currency),
        booked_at=epoch(row, "created"),
        payout_id=_named(source) if kind == "payout" else payouts.get(line_id),
    )


def disputed_intent(row: dict[str, Any]) -> str | None:
    """Find the payment intent that a line about a dispute belongs to."""
    source = row.get("source")
    if not isinstance(source, dict) or source.get("object") != "dispute":
        return None
    return text_or_none(source, "payment_intent")


def _fee(row: dict[str, Any], currency: str) -> Money:
    return from_wire(whole(row, "fee"), currency)


def _named(source: Any) -> str | None:
    return text(source, "id") if isinstance(source, dict) else source
