"""Read WeChat Pay's payments and refunds; pure."""

from portal.core.money import Money
from portal.payments.providers.base import PaymentState, RefundStanding, RefundState, Standing, UnknownOutcome
from portal.payments.providers.reading import Unreadable, inner, instant, text, text_or_none, whole
from portal.payments.providers.wechat_pay.line import Reply

STATES = {
    "NOTPAY": PaymentState.PENDING,
    "USERPAYING": PaymentState.PENDING,
    "ACCEPT": PaymentState.PENDING,
    "SUCCESS": PaymentState.SETTLED,
    # Given back at least in part; it was paid all the same.
    "REFUND": PaymentState.SETTLED,
    "PAYERROR": PaymentState.DECLINED,
    "CLOSED": PaymentState.EXPIRED,
    "REVOKED": PaymentState.EXPIRED,
}

REFUND_STATES = {
    "PROCESSING": RefundState.PENDING,
    "SUCCESS": RefundState.SUCCEEDED,
    "CLOSED": RefundState.FAILED,
    # The payer's card is gone: a person has to send the money another way.
    "ABNORMAL": RefundState.FAILED,
}


def standing(reply: Reply, reference: str) -> Standing:
    """Read a payment; WeChat Pay tells that something was given back, but not how much."""
    order = reply.fields or {}
    word = text(order, "trade_state")
    if text(order, "out_trade_no") != reference or word not in STATES:
        raise Unreadable(f"{reference} {word}")
    state = STATES[word]
    is_settled = state is PaymentState.SETTLED
    return Standing(
        state=state,
        provider_id=text_or_none(order, "transaction_id") or reference,
        amount=_amount(inner(order, "amount"), "total") if is_settled else None,
        settled_at=instant(order, "success_time") if is_settled else None,
        fee=None,
        capture_id=None,
        decline_code=word if state is PaymentState.DECLINED else None,
        saved=None,
        refunded_minor=None if word == "REFUND" else 0,
        raw=reply.raw,
    )


def refund_standing(reply: Reply, reference: str) -> RefundStanding:
    """Read a refund."""
    refund = reply.fields or {}
    word = text(refund, "status")
    if text(refund, "out_refund_no") != reference or word not in REFUND_STATES:
        raise Unreadable(f"{reference} {word}")
    state = REFUND_STATES[word]
    return RefundStanding(
        state=state,
        provider_id=text(refund, "refund_id"),
        amount=_amount(inner(refund, "amount"), "refund"),
        failure_code=word if state is RefundState.FAILED else None,
        raw=reply.raw,
    )


def begun(reply: Reply, name: str) -> str:
    """Read the one text that opens a payment.

    Raises:
        UnknownOutcome: it is not there.
    """
    try:
        return text(reply.fields or {}, name)
    except Unreadable as error:
        raise UnknownOutcome("unreadable_answer", name, reply.raw) from error


def _amount(amount: dict[str, object], name: str) -> Money:
    return Money(whole(amount, name), text_or_none(amount, "currency") or "CNY")
