"""Sign a quote into a token that a form carries back, so that nobody pays a price that was not shown."""

from datetime import UTC, datetime
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from portal.core import settings
from portal.renewals.errors import QuoteChanged
from portal.renewals.pricing import Quote

_FIELDS = (
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
    ("promotion_code", str),
)


def sign(quote: Quote) -> str:
    """Write a quote as a signed token, safe in forms and addresses. It can be read by whoever holds it."""
    values: list[str | int] = [
        value if isinstance(value := getattr(quote, name), int) else str(value) for name, _ in _FIELDS
    ]
    return _serializer().dumps([*values, int(quote.expires_at.timestamp())])


def read(token: str) -> Quote:
    """Read back a quote that we signed.

    Raises:
        QuoteChanged: the token was altered or is not ours.
    """
    try:
        *values, expires = _serializer().loads(token[:2000])
        read_values = {name: kind(value) for (name, kind), value in zip(_FIELDS, values, strict=True)}
    except (BadSignature, ValueError, TypeError) as error:
        raise QuoteChanged(quote=None) from error
    return Quote(**read_values, expires_at=datetime.fromtimestamp(expires, UTC))


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.current().secret_key, salt="quote")
