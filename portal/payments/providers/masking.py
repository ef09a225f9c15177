"""Make a provider's raw answer fit to be kept: secrets and reusable tokens masked, storable text, bounded length."""

import re
from typing import Any

MASK = "•••"

MAX_TEXT = 4_000
"""Signs kept of any one text; error pages can be long and tell nothing more."""

_SECRET_KEY = re.compile(
    r"secret|token|authori[sz]ation|signature|transmission-sig|password|private-?key|api-?v3-?key|ciphertext"
    r"|^(sign|vault-id|pay-sign|app-key)$"
)
# Stripe's names for what can be charged again, and for keys.
_STRIPE_TOKEN = re.compile(r"\b(pm|card|src|cus|seti|sk_test|sk_live|rk_test|rk_live|whsec)_\w+")


def masked(raw: Any) -> Any:
    """Copy an answer, with the values of secret fields and the tokens in any text masked."""
    match raw:
        case dict():
            return {_text(str(key)): _kept(str(key), inner) for key, inner in raw.items()}
        case list() | tuple():
            return [masked(inner) for inner in raw]
        case str():
            return _text(raw)
        case float() if raw != raw or raw in {float("inf"), float("-inf")}:
            return str(raw)
        case int() | float() | None:
            return raw
    return _text(str(raw))


def _kept(key: str, inner: Any) -> Any:
    # apiKey, api_key and API-Key are one word.
    word = re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", key).lower()
    if inner is not None and _SECRET_KEY.search(word):
        return MASK
    # At PayPal a kept account is the `id` within `vault`.
    if word == "vault" and isinstance(inner, dict) and "id" in inner:
        return masked(inner | {"id": MASK})
    return masked(inner)


def _text(text: str) -> str:
    # PostgreSQL refuses NUL in jsonb, and lone surrogates cannot be written as UTF-8.
    storable = text[:MAX_TEXT].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return _STRIPE_TOKEN.sub(rf"\1_{MASK}", storable)
