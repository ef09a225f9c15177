"""Sign a quote into a token that a form carries back, so that nobody pays a price that was not shown."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, Signer

from portal.agents.commission import Grounds
from portal.core import settings
from portal.renewals.errors import QuoteChanged
from portal.renewals.pricing import Quote


def _id_if_any(text: str) -> UUID | None:
    return None if text == "None" else UUID(text)


_FIELDS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("card_id", UUID),
    ("plan_version_id", UUID),
    ("terms_id", UUID),
    ("terms_version", int),
    ("currency", str),
    ("price_minor", int),
    ("discount_minor", int),
    ("base_minor", int),
    ("tax_minor", int),
    ("tax_bps", int),
    ("fee_minor", int),
    ("share_minor", int),
    ("total_minor", int),
    ("cost_minor", int),
    ("override_minor", int),
    ("grounds", Grounds.read),
    ("promotion_id", _id_if_any),
    ("promotion_code", str),  # the last one: it alone might hold a `~`
)


def sign(quote: Quote) -> str:
    """Write a quote as a signed token, safe in forms and addresses. It can be read by whoever holds it."""
    values = [str(getattr(quote, name)) for name, _ in _FIELDS]
    return (
        _signer(settings.current().secret_key)
        .sign("~".join([str(int(quote.expires_at.timestamp())), *values]))
        .decode()
    )


def read(token: str) -> Quote:
    """Read back a quote that we signed.

    Raises:
        QuoteChanged: the token was altered or is not ours.
    """
    try:
        signed = _signer(settings.current().secret_key).unsign(token[:2000]).decode()
        expires, *values = signed.split("~", len(_FIELDS))
        read_values = {name: kind(value) for (name, kind), value in zip(_FIELDS, values, strict=True)}
    except (BadSignature, ValueError, TypeError) as error:
        raise QuoteChanged(quote=None) from error
    return Quote(**read_values, expires_at=datetime.fromtimestamp(int(expires), UTC))


@lru_cache(maxsize=4)
def _signer(secret_key: str) -> Signer:
    return Signer(secret_key, salt="quote")
