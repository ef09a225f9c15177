"""Write what PayPal is asked for: orders, refunds, webhooks; pure."""

from typing import Any

from portal.core.money import Money
from portal.payments.providers.base import Asking, SavedMethod
from portal.payments.providers.paypal.amounts import to_wire
from portal.payments.providers.paypal.answers import CLOSED

EVENTS = (
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "PAYMENT.REFUND.PENDING",
    "PAYMENT.REFUND.FAILED",
    "CUSTOMER.DISPUTE.CREATED",
    "CUSTOMER.DISPUTE.UPDATED",
    "CUSTOMER.DISPUTE.RESOLVED",
)
"""What is asked to be told of."""

LOCALES = {"zh": "zh-CN", "en": "en-US"}


def order(asking: Asking) -> dict[str, Any]:
    """Write an order that nobody is sent to: a saved account will pay it.

    Raises:
        Declined: PayPal cannot express the amount.
    """
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "custom_id": asking.reference,
                "invoice_id": asking.reference,
                "description": asking.description,
                "amount": to_wire(asking.amount),
            }
        ],
    }


def page(asking: Asking) -> dict[str, Any]:
    """Write an order that its payer approves on PayPal's page.

    Raises:
        Declined: PayPal cannot express the amount.
    """
    account: dict[str, Any] = {
        "experience_context": {
            "return_url": asking.return_url,
            "cancel_url": asking.cancel_url,
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
            "locale": LOCALES.get(asking.language, "en-US"),
        }
    }
    if asking.is_to_be_saved:
        account["attributes"] = {"vault": {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}}
    return order(asking) | {"payment_source": {"paypal": account}}


def charge(saved: SavedMethod) -> dict[str, Any]:
    """Write the capture of an order from a saved account whose owner is away."""
    return {
        "payment_source": {
            "paypal": {
                "vault_id": saved.token,
                "stored_credential": {"payment_initiator": "MERCHANT", "usage": "SUBSEQUENT"},
            }
        }
    }


def closing() -> list[dict[str, str]]:
    """Write the mark that an order shall not be captured."""
    return [{"op": "replace", "path": "/purchase_units/@reference_id=='default'/custom_id", "value": CLOSED}]


def refund(reference: str, payment_reference: str, amount: Money, reason: str) -> dict[str, Any]:
    """Write a refund of a part or of all of a capture.

    Raises:
        Declined: PayPal cannot express the amount.
    """
    return {
        "amount": to_wire(amount),
        "custom_id": payment_reference,
        "invoice_id": reference,
        "note_to_payer": reason[:255],
    }


def webhook(url: str) -> dict[str, Any]:
    """Write a webhook for all that matters here."""
    return {"url": url, "event_types": [{"name": name} for name in EVENTS]}
