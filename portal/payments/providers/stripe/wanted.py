"""Write what Stripe is asked for: a Checkout page, a charge, a refund; pure."""

from datetime import datetime, timedelta

from stripe.params import PaymentIntentCreateParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from portal.core.money import Money
from portal.payments.providers.base import Asking, Method, SavedMethod
from portal.payments.providers.stripe.amounts import to_wire
from portal.payments.providers.stripe.answers import OFF_SESSION

SHORTEST, LONGEST = timedelta(minutes=31), timedelta(hours=24)
"""How long a Checkout page may stand: Stripe wants 30 minutes to 24 hours; the first a minute longer for the way."""

WHOLE_INTENT = ["latest_charge.balance_transaction", "payment_method"]
"""What is wanted with a payment intent: the fee, and the card where it is kept."""


def page(asking: Asking, *, now: datetime) -> SessionCreateParams:
    """Write a Checkout Session for one thing at one price.

    Raises:
        Declined: Stripe has no number for the amount.
    """
    metadata = {"reference": asking.reference}
    params: SessionCreateParams = {
        "mode": "payment",
        # Since 2026-09-30.endive this takes the place of `payment_method_types`: the method must also be switched on
        # in the operator's Stripe dashboard.
        "allowed_payment_method_types": [asking.method.value],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": asking.amount.currency.lower(),
                    "unit_amount": to_wire(asking.amount),
                    "product_data": {"name": asking.description},
                },
            }
        ],
        "client_reference_id": asking.reference,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": asking.description},
        # The payer pays what was agreed, in the currency that was agreed.
        "adaptive_pricing": {"enabled": False},
        "success_url": asking.return_url,
        "cancel_url": asking.cancel_url,
        "expires_at": int(min(max(asking.expires_at, now + SHORTEST), now + LONGEST).timestamp()),
        "locale": "zh" if asking.language == "zh" else "en",
    }
    if asking.method is Method.WECHAT_PAY:
        params["payment_method_options"] = {"wechat_pay": {"client": "web"}}
    if asking.is_to_be_saved and asking.method is Method.CARD:
        params["customer_creation"] = "always"
        params["payment_intent_data"]["setup_future_usage"] = "off_session"
    return params


def charge(saved: SavedMethod, asking: Asking) -> PaymentIntentCreateParams:
    """Write a charge of a saved card that is carried out at once.

    Raises:
        Declined: Stripe has no number for the amount.
    """
    return {
        "amount": to_wire(asking.amount),
        "currency": asking.amount.currency.lower(),
        "customer": saved.customer_token,
        "payment_method": saved.token,
        "allowed_payment_method_types": ["card"],
        "confirm": True,
        "off_session": True,
        "description": asking.description,
        "metadata": {"reference": asking.reference, OFF_SESSION: "yes"},
        "expand": WHOLE_INTENT,
    }


def refund(reference: str, payment_reference: str, intent_id: str, amount: Money, reason: str) -> RefundCreateParams:
    """Write a refund of a part or of all of a payment intent.

    Raises:
        Declined: Stripe has no number for the amount.
    """
    return {
        "payment_intent": intent_id,
        "amount": to_wire(amount),
        "metadata": {"reference": reference, "payment": payment_reference, "reason": reason[:500]},
    }
