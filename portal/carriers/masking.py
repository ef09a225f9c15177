"""Make a carrier's raw answer fit to be kept: secrets masked, text that a JSON column can hold, bounded length."""

import re
from typing import Any

MASK = "•••"

MAX_TEXT = 4_000
"""Signs kept of any one text; error pages can be long and tell nothing more."""

# The names that eSIM Access (`ac`, `qrCodeUrl`, `pin`), Airalo (`lpa`, `qrcode`, `access_token`) and eSIM Go
# (`matchingId`) give to theirs.
_SECRET_KEY = re.compile(
    r"authori[sz]ation|token|secret|password|signature|api-?key|access-?code|activation|matching-?id|qr-?code"
    r"|confirmation-?code|short-?url|^(ac|lpa|eid|pin\d?|puk\d?|cookie|set-cookie|key)$"
)
_ACTIVATION_CODE = re.compile(r"LPA:1\$\S+", re.IGNORECASE)
_EID = re.compile(r"(?<!\d)\d{28}(\d{4})(?!\d)")


def masked(raw: Any) -> Any:
    """Copy an answer, with the values of secret fields, activation codes and EIDs in any text masked."""
    match raw:
        case dict():
            return {
                _text(str(key)): MASK if _is_secret(str(key)) and inner is not None else masked(inner)
                for key, inner in raw.items()
            }
        case list() | tuple():
            return [masked(inner) for inner in raw]
        case str():
            return _text(raw)
        case float() if raw != raw or raw in {float("inf"), float("-inf")}:
            return str(raw)
        case int() | float() | None:
            return raw
    return _text(str(raw))


def _is_secret(key: str) -> bool:
    # apiKey, api_key and API-Key are one word.
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", key).lower()
    return _SECRET_KEY.search(words) is not None


def _text(text: str) -> str:
    # PostgreSQL refuses NUL in jsonb, and lone surrogates cannot be written as UTF-8.
    storable = text[:MAX_TEXT].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return _EID.sub(rf"{MASK}\1", _ACTIVATION_CODE.sub(f"LPA:1${MASK}", storable))
