"""Read Alipay's payments and refunds; pure."""

from collections.abc import Mapping
from typing import Any

from portal.core.money import Money
from portal.payments.providers.alipay.gateway import Reply
from portal.payments.providers.base import PaymentState, RefundStanding, RefundState, Standing
from portal.payments.providers.mainland import fen, from_beijing
from portal.payments.providers.reading import Unreadable


def theirs(reference: str) -> str:
    """Write our reference with the signs that Alipay allows: letters, digits and `_`."""
    return reference.replace("-", "_")


def ours(reference: str) -> str:
    """Read a reference as we write it, with `-` for the `_` that Alipay allows."""
    return reference.replace("_", "-")


def standing(reply: Reply, reference: str) -> Standing:
    """Read a payment; what was given back is told only when that is all of it."""
    trade = reply.fields
    if trade.get("out_trade_no") != theirs(reference):
        raise Unreadable("out_trade_no")
    total, paid_at = fen(trade.get("total_amount")), trade.get("send_pay_date")
    state = _state(trade)
    is_settled = state is PaymentState.SETTLED
    is_given_back = is_settled and trade["trade_status"] == "TRADE_CLOSED"
    return Standing(
        state=state,
        provider_id=str(trade.get("trade_no") or reference),
        amount=Money(total if is_given_back else _received(trade, total), _currency(trade)) if is_settled else None,
        settled_at=from_beijing(paid_at) if is_settled and paid_at else None,
        fee=None,
        capture_id=None,
        decline_code=None,
        saved=None,
        refunded_minor=total if is_given_back else None if is_settled else 0,
        raw=reply.raw,
    )


def refund_standing(reply: Reply, reference: str) -> RefundStanding | None:
    """Read a refund; an answer without an amount knows of none."""
    refund = reply.fields
    if refund.get("refund_amount") is None:
        return None
    if refund.get("out_request_no") != theirs(reference):
        raise Unreadable("out_request_no")
    failure = str(refund["error_code"]) if refund.get("error_code") else None
    is_done = refund.get("refund_status") == "REFUND_SUCCESS"
    state = RefundState.SUCCEEDED if is_done else RefundState.FAILED if failure else RefundState.PENDING
    return RefundStanding(
        state=state,
        provider_id=reference,
        amount=Money(fen(refund["refund_amount"]), "CNY"),
        failure_code=failure,
        raw=reply.raw,
    )


def _state(trade: Mapping[str, Any]) -> PaymentState:
    match trade.get("trade_status"):
        case "WAIT_BUYER_PAY":
            return PaymentState.PENDING
        case "TRADE_SUCCESS" | "TRADE_FINISHED":
            return PaymentState.SETTLED
        case "TRADE_CLOSED":
            # Closed unpaid, or paid and given back whole: only the paid one has a time of payment.
            return PaymentState.SETTLED if trade.get("send_pay_date") else PaymentState.EXPIRED
        case word:
            raise Unreadable(f"trade_status {word!r}")


def _received(trade: Mapping[str, Any], total: int) -> int:
    # Less than the total where a coupon of the merchant's paid a part of it.
    return fen(trade["receipt_amount"]) if trade.get("receipt_amount") is not None else total


def _currency(trade: Mapping[str, Any]) -> str:
    return str(trade.get("trans_currency") or "CNY")
