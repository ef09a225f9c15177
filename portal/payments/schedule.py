"""When a provider is asked about a payment without having told us anything; pure."""

from datetime import datetime, timedelta

FIRST_ASK = timedelta(seconds=20)

LONGEST = timedelta(minutes=10)

AFTER_EXPIRY = (timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
"""Some providers take a payment after its end, or forget to tell: expired ones are asked about so long after it."""

LOOK_AGAIN = timedelta(days=1)

SENT_BACK_WITHIN = timedelta(days=30)
"""A payer's bank may send back what a refund gave it; to Stripe it does within thirty days ("Failed refunds")."""


def next_ask(*, asks: int, expires_at: datetime, now: datetime) -> datetime | None:
    """Tell when to ask next: at growing intervals, at its expiry, a few times after that, then never (None)."""
    if now < expires_at:
        return min(expires_at, now + min(FIRST_ASK * 2 ** min(asks, 10), LONGEST))
    return next((expires_at + wait for wait in AFTER_EXPIRY if expires_at + wait > now), None)


def next_look(*, succeeded_at: datetime, now: datetime) -> datetime | None:
    """Tell when to look next whether a refund that succeeded came back: every day for a while, then never (None)."""
    return now + LOOK_AGAIN if now + LOOK_AGAIN <= succeeded_at + SENT_BACK_WITHIN else None
