"""Read Stripe's webhooks once their signature proved good; pure."""

from collections.abc import Mapping
from datetime import datetime

import stripe

from portal.payments.providers.base import STALE_AFTER_SECONDS, Forged, Notice, NoticeKind
from portal.payments.providers.masking import masked
from portal.payments.providers.reading import Unreadable, epoch, inner, parsed, text
from portal.payments.providers.stripe import answers
from portal.payments.providers.stripe.credentials import StripeCredentials

KINDS = {
    "checkout.session.": NoticeKind.PAYMENT,
    "payment_intent.": NoticeKind.PAYMENT,
    "refund.": NoticeKind.REFUND,
    "charge.refund.": NoticeKind.REFUND,
    "charge.dispute.": NoticeKind.DISPUTE,
}

EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
)
"""What is asked to be told of."""


def read(credentials: StripeCredentials, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
    """Read a webhook of this account.

    Raises:
        Forged: it is not signed by our secret, too old or from the future, or of another account or mode.
    """
    signature = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    if not signature:
        raise Forged(why="missing")
    if not signature.isascii():
        # The library compares it as text, which raises a TypeError there.
        raise Forged(why="wrong")
    try:
        # The tolerance is measured below, by the clock that the caller goes by.
        stripe.WebhookSignature.verify_header(body, signature, credentials.webhook_secret, tolerance=None)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        raise Forged(why="wrong") from error
    signed_at = int(next(part[2:] for part in signature.split(",") if part.startswith("t=")))
    if abs(now.timestamp() - signed_at) > STALE_AFTER_SECONDS:
        raise Forged(why="stale")
    try:
        event = parsed(body)
        # Connect accounts' events carry `account`; events of the test mode must not pay live orders.
        if event.get("account") or bool(event.get("livemode")) != _is_live(credentials):
            raise Forged(why="foreign")
        subject = inner(inner(event, "data"), "object")
        word = text(event, "type")
        return Notice(
            event_id=text(event, "id"),
            kind=next((kind for start, kind in KINDS.items() if word.startswith(start)), NoticeKind.OTHER),
            word=word,
            reference=answers.reference_of(subject),
            provider_id=text(subject, "id"),
            occurred_at=epoch(event, "created"),
            raw=masked(event),
        )
    except Unreadable as error:
        raise Forged(why="wrong") from error


def _is_live(credentials: StripeCredentials) -> bool:
    return "_live_" in credentials.secret_key
