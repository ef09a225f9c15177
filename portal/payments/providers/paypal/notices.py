"""Read PayPal's webhooks; whether one is genuine is asked of PayPal, by the bytes that came."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.payments.providers.base import STALE_AFTER_SECONDS, Forged, Notice, NoticeKind
from portal.payments.providers.masking import masked
from portal.payments.providers.paypal import answers
from portal.payments.providers.reading import Unreadable, inner, instant, parsed, rows, text, text_or_none

# What PayPal's question calls a header of the webhook.
SIGNED = {
    "auth_algo": "paypal-auth-algo",
    "cert_url": "paypal-cert-url",
    "transmission_id": "paypal-transmission-id",
    "transmission_sig": "paypal-transmission-sig",
    "transmission_time": "paypal-transmission-time",
}

KINDS = {
    "CHECKOUT.ORDER.": NoticeKind.PAYMENT,
    # These two are about money given back, not about the capture.
    "PAYMENT.CAPTURE.REFUNDED": NoticeKind.REFUND,
    "PAYMENT.CAPTURE.REVERSED": NoticeKind.REFUND,
    "PAYMENT.CAPTURE.": NoticeKind.PAYMENT,
    "PAYMENT.REFUND.": NoticeKind.REFUND,
    "CUSTOMER.DISPUTE.": NoticeKind.DISPUTE,
}


def question(*, headers: Mapping[str, str], body: bytes, webhook_id: str, now: datetime) -> bytes:
    """Write the question whether a webhook is genuine, its body byte for byte as it came.

    Raises:
        Forged: it is not signed, not JSON, or too old.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    signed = {name: lower.get(header, "") for name, header in SIGNED.items()}
    if not all(signed.values()):
        raise Forged(why="missing")
    try:
        parsed(body)
        sent_at = instant(signed, "transmission_time")
    except Unreadable as error:
        raise Forged(why="wrong") from error
    if abs((now - sent_at).total_seconds()) > STALE_AFTER_SECONDS:
        raise Forged(why="stale")
    head = json.dumps(signed | {"webhook_id": webhook_id}).encode()
    # PayPal signs a checksum of the very bytes: writing the JSON anew could change it.
    return head[:-1] + b', "webhook_event": ' + body + b"}"


def read(body: bytes) -> Notice:
    """Read a webhook that PayPal calls genuine.

    Raises:
        Forged: it is no event.
    """
    try:
        event = parsed(body)
        word = text(event, "event_type")
        kind = next((kind for start, kind in KINDS.items() if word.startswith(start)), NoticeKind.OTHER)
        resource = inner(event, "resource")
        return Notice(
            event_id=text(event, "id"),
            kind=kind,
            word=word,
            reference=_reference(resource),
            provider_id=_provider_id(word, resource),
            occurred_at=instant(event, "create_time"),
            raw=masked(event),
        )
    except Unreadable as error:
        raise Forged(why="wrong") from error


def _reference(resource: dict[str, Any]) -> str | None:
    units = rows(resource, "purchase_units")
    thing = units[0] if units else resource
    # The custom id of a closed order says so instead.
    return text_or_none(thing, "invoice_id") or text_or_none(thing, "custom_id")


def _provider_id(word: str, resource: dict[str, Any]) -> str | None:
    if word.startswith("CUSTOMER.DISPUTE."):
        return text_or_none(resource, "dispute_id")
    if word.startswith("PAYMENT.CAPTURE.") and KINDS.get(word) is not NoticeKind.REFUND:
        return answers.order_id_of(resource)
    return text_or_none(resource, "id")
