"""Read Stripe's payments, refunds and disputes; pure."""

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
from portal.payments.providers.reading import Unreadable, epoch, inner, inner_or_none, rows, text, text_or_none, whole
from portal.payments.providers.stripe.amounts import from_wire

OFF_SESSION = "off_session"
"""A metadata key of ours: the payment intent was made by a charge, no Checkout page belongs to it."""

BRANDS = {"amex": "American Express", "jcb": "JCB", "unionpay": "UnionPay", "diners": "Diners Club"}

DISPUTES = {
    # Stripe's `prevented` and `warning_closed` are inquiries that ended without money moved.
    "won": DisputeState.WON,
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
    "lost": DisputeState.LOST,
}

REFUNDS = {
    "succeeded": RefundState.SUCCEEDED,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def session_standing(session: dict[str, Any]) -> Standing:
    """Read a Checkout Session with its `payment_intent` expanded; one refused card leaves it open for another."""
    intent = inner_or_none(session, "payment_intent")
    status = text(session, "status")
    state = PaymentState.PENDING
    if intent and text(intent, "status") == "succeeded":
        state = PaymentState.SETTLED
    elif status == "expired" or (intent and text(intent, "status") == "canceled"):
        state = PaymentState.EXPIRED
    elif status == "complete" and intent and text(intent, "status") == "requires_payment_method":
        # Alipay and WeChat Pay may still refuse after the payer left the page; the page does not open again.
        state = PaymentState.DECLINED
    return _standing(state, text(session, "id"), intent, masked(session))


def intent_standing(intent: dict[str, Any]) -> Standing:
    """Read a payment intent that a charge of a saved card made."""
    match text(intent, "status"):
        case "succeeded":
            state = PaymentState.SETTLED
        case "canceled":
            state = PaymentState.EXPIRED
        case "processing":
            state = PaymentState.PENDING
        case _:
            # It waits for its owner, who is not there.
            state = PaymentState.DECLINED
    return _standing(state, text(intent, "id"), intent, masked(intent))


def refund_standing(refund: dict[str, Any]) -> RefundStanding:
    """Read a refund."""
    status = text(refund, "status")
    if status not in REFUNDS:
        raise Unreadable(f"refund {status}")
    return RefundStanding(
        state=REFUNDS[status],
        provider_id=text(refund, "id"),
        amount=from_wire(whole(refund, "amount"), text(refund, "currency")),
        failure_code=text_or_none(refund, "failure_reason") or ("canceled" if status == "canceled" else None),
        raw=masked(refund),
    )


def dispute_standing(dispute: dict[str, Any]) -> DisputeStanding:
    """Read a dispute; its fee is what Stripe took for it so far."""
    moves = rows(dispute, "balance_transactions")
    due = inner_or_none(dispute, "evidence_details") or {}
    return DisputeStanding(
        state=DISPUTES.get(text(dispute, "status"), DisputeState.OPEN),
        provider_id=text(dispute, "id"),
        payment_id=text_or_none(dispute, "payment_intent") or text(dispute, "charge"),
        amount=from_wire(whole(dispute, "amount"), text(dispute, "currency")),
        fee=from_wire(sum(whole(move, "fee") for move in moves), text(moves[0], "currency")) if moves else None,
        reason=text_or_none(dispute, "reason") or "general",
        answer_before=epoch(due, "due_by") if due.get("due_by") else None,
        raw=masked(dispute),
    )


def reference_of(thing: dict[str, Any]) -> str | None:
    """Find our reference on whatever Stripe shows."""
    metadata = inner_or_none(thing, "metadata") or {}
    return text_or_none(thing, "client_reference_id") or text_or_none(metadata, "reference")


def is_off_session(intent: dict[str, Any]) -> bool:
    """Tell whether a charge of a saved card made the payment intent."""
    return bool((inner_or_none(intent, "metadata") or {}).get(OFF_SESSION))


def _standing(state: PaymentState, provider_id: str, intent: dict[str, Any] | None, raw: Any) -> Standing:
    is_settled = state is PaymentState.SETTLED
    charge = inner_or_none(intent, "latest_charge") if intent else None
    failure = inner_or_none(intent, "last_payment_error") if intent else None
    return Standing(
        state=state,
        provider_id=provider_id,
        amount=_received(intent) if intent and is_settled else None,
        settled_at=_settled_at(charge) if charge and is_settled else None,
        fee=_fee(charge) if charge and is_settled else None,
        capture_id=text(intent, "id") if intent and is_settled else None,
        decline_code=_decline_code(failure) if failure and not is_settled else None,
        saved=_saved(intent) if intent and is_settled else None,
        refunded_minor=_refunded(charge) if charge and is_settled else 0,
        raw=raw,
    )


def _received(intent: dict[str, Any]) -> Money:
    return from_wire(whole(intent, "amount_received"), text(intent, "currency"))


def _settled_at(charge: dict[str, Any]) -> datetime:
    return epoch(inner_or_none(charge, "balance_transaction") or charge, "created")


def _fee(charge: dict[str, Any]) -> Money | None:
    # In the currency that the account is paid out in, which may be another one than the payer's.
    booked = inner_or_none(charge, "balance_transaction")
    return from_wire(whole(booked, "fee"), text(booked, "currency")) if booked else None


def _refunded(charge: dict[str, Any]) -> int:
    return from_wire(whole(charge, "amount_refunded"), text(charge, "currency")).minor


def _decline_code(failure: dict[str, Any]) -> str:
    return text_or_none(failure, "decline_code") or text_or_none(failure, "code") or "declined"


def _saved(intent: dict[str, Any]) -> SavedMethod | None:
    method = inner_or_none(intent, "payment_method")
    customer = text_or_none(intent, "customer")
    if intent.get("setup_future_usage") != "off_session" or not method or not customer or method.get("type") != "card":
        return None
    card = inner(method, "card")
    brand = text(card, "brand")
    return SavedMethod(
        token=text(method, "id"),
        customer_token=customer,
        label=f"{BRANDS.get(brand, brand.title())} ...{text(card, 'last4')}",
        expires=f"{whole(card, 'exp_year')}-{whole(card, 'exp_month'):02d}",
    )
