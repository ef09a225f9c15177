"""Read PayPal's orders, captures, refunds and disputes; pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from portal.core.money import Money
from portal.payments.providers.base import (
    DisputeStanding,
    DisputeState,
    PaymentState,
    RefundStanding,
    RefundState,
    SavedMethod,
    Standing,
)
from portal.payments.providers.masking import masked
from portal.payments.providers.paypal.amounts import from_wire
from portal.payments.providers.reading import Unreadable, inner, inner_or_none, instant, rows, text, text_or_none

CLOSED = "closed"
"""Our mark in an order's `custom_id` that it shall not be captured any more."""

CAPTURES = {
    "COMPLETED": PaymentState.SETTLED,
    "PARTIALLY_REFUNDED": PaymentState.SETTLED,
    "REFUNDED": PaymentState.SETTLED,
    "PENDING": PaymentState.PENDING,
    "DECLINED": PaymentState.DECLINED,
    "FAILED": PaymentState.DECLINED,
}

REFUNDS = {
    "COMPLETED": RefundState.SUCCEEDED,
    "PENDING": RefundState.PENDING,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.FAILED,
}

DISPUTES = {
    "RESOLVED_BUYER_FAVOUR": DisputeState.LOST,
    "ACCEPTED": DisputeState.LOST,
    "RESOLVED_SELLER_FAVOUR": DisputeState.WON,
    "CANCELED_BY_BUYER": DisputeState.WON,
    "DENIED": DisputeState.WON,
    # PayPal pays the buyer out of its own pocket.
    "RESOLVED_WITH_PAYOUT": DisputeState.WON,
}


def unit(order: dict[str, Any]) -> dict[str, Any]:
    """Take the one thing that an order is for."""
    units = rows(order, "purchase_units")
    if len(units) != 1:
        raise Unreadable("purchase_units")
    return units[0]


def is_closed(order: dict[str, Any]) -> bool:
    """Tell whether we marked the order as not to be captured."""
    return text_or_none(unit(order), "custom_id") == CLOSED


def standing(order: dict[str, Any]) -> Standing:
    """Read an order with what was captured of it and given back."""
    capture = _capture(order)
    if capture:
        return _captured(order, capture)
    is_over = text(order, "status") == "VOIDED" or is_closed(order)
    return Standing(
        state=PaymentState.EXPIRED if is_over else PaymentState.PENDING,
        provider_id=text(order, "id"),
        amount=None,
        settled_at=None,
        fee=None,
        capture_id=None,
        decline_code=None,
        saved=None,
        refunded_minor=0,
        raw=masked(order),
    )


def declined(order: dict[str, Any], code: str, *, is_final: bool) -> Standing:
    """Give the standing of an order whose capture PayPal refused; where it is not final the payer may choose again."""
    state = PaymentState.DECLINED if is_final else PaymentState.PENDING
    return replace(standing(order), state=state, decline_code=code)


def refund(body: dict[str, Any]) -> RefundStanding:
    """Read a refund."""
    status = text(body, "status")
    if status not in REFUNDS:
        raise Unreadable(f"refund {status}")
    state = REFUNDS[status]
    reason = text_or_none(inner_or_none(body, "status_details") or {}, "reason")
    return RefundStanding(
        state=state,
        provider_id=text(body, "id"),
        amount=from_wire(inner(body, "amount")),
        failure_code=(reason or status).lower() if state is RefundState.FAILED else None,
        raw=masked(body),
    )


def refunds(order: dict[str, Any]) -> list[dict[str, Any]]:
    """List what was given back of an order."""
    return rows(inner_or_none(unit(order), "payments") or {}, "refunds")


def dispute(body: dict[str, Any]) -> DisputeStanding:
    """Read a dispute; PayPal books its fee apart and does not name it here."""
    outcome = text_or_none(inner_or_none(body, "dispute_outcome") or {}, "outcome_code")
    disputed = rows(body, "disputed_transactions")
    if not disputed:
        raise Unreadable("disputed_transactions")
    return DisputeStanding(
        state=DISPUTES.get(outcome or "", DisputeState.OPEN),
        provider_id=text(body, "dispute_id"),
        payment_id=text(disputed[0], "seller_transaction_id"),
        amount=from_wire(inner(body, "dispute_amount")),
        fee=None,
        reason=text(body, "reason").lower(),
        answer_before=instant(body, "seller_response_due_date") if body.get("seller_response_due_date") else None,
        raw=masked(body),
    )


def order_id_of(capture: dict[str, Any]) -> str | None:
    """Find the order that a capture belongs to."""
    related = inner_or_none(inner_or_none(capture, "supplementary_data") or {}, "related_ids") or {}
    return text_or_none(related, "order_id")


def _capture(order: dict[str, Any]) -> dict[str, Any] | None:
    captures = rows(inner_or_none(unit(order), "payments") or {}, "captures")
    return captures[-1] if captures else None


def _captured(order: dict[str, Any], capture: dict[str, Any]) -> Standing:
    status = text(capture, "status")
    if status not in CAPTURES:
        raise Unreadable(f"capture {status}")
    state = CAPTURES[status]
    is_settled = state is PaymentState.SETTLED
    reason = text_or_none(inner_or_none(capture, "status_details") or {}, "reason")
    return Standing(
        state=state,
        provider_id=text(order, "id"),
        amount=from_wire(inner(capture, "amount")) if is_settled else None,
        settled_at=_settled_at(capture) if is_settled else None,
        fee=_fee(capture) if is_settled else None,
        capture_id=text(capture, "id"),
        decline_code=(reason or status).lower() if state is PaymentState.DECLINED else None,
        saved=_saved(order) if is_settled else None,
        refunded_minor=_refunded(order),
        raw=masked(order),
    )


def _settled_at(capture: dict[str, Any]) -> datetime:
    # `update_time` moves with every refund.
    return instant(capture, "create_time")


def _fee(capture: dict[str, Any]) -> Money | None:
    breakdown = inner_or_none(capture, "seller_receivable_breakdown") or {}
    fee = inner_or_none(breakdown, "paypal_fee")
    return from_wire(fee) if fee else None


def _refunded(order: dict[str, Any]) -> int:
    given = [row for row in refunds(order) if REFUNDS.get(row.get("status", "")) is not RefundState.FAILED]
    return sum(from_wire(inner(row, "amount")).minor for row in given)


def _saved(order: dict[str, Any]) -> SavedMethod | None:
    account = inner_or_none(inner_or_none(order, "payment_source") or {}, "paypal") or {}
    vault = inner_or_none(inner_or_none(account, "attributes") or {}, "vault") or {}
    token = text_or_none(vault, "id")
    if token is None or vault.get("status") != "VAULTED":
        return None
    address = text_or_none(account, "email_address") or ""
    name, at, host = address.partition("@")
    return SavedMethod(
        token=token,
        customer_token=text_or_none(inner_or_none(vault, "customer") or {}, "id") or "",
        label=f"PayPal {name[:1]}...{at}{host}" if at else "PayPal",
        expires=None,
    )
