"""Make an outside system's raw answer fit to be kept: secrets masked, texts storable and of bounded length."""

import re
from collections.abc import Callable
from typing import Any

MASK = "•••"

MAX_TEXT = 4_000
"""Signs kept of any one text; error pages can be long and tell nothing more."""


def masked(raw: Any, *, secret: re.Pattern[str], in_text: Callable[[str], str], path: str = "") -> Any:
    """Copy an answer, with the values of secret fields masked, and with what `in_text` masks in any text.

    `secret` is looked for in a field's path, whose names are in lower case with dashes: `.payment-source.vault.id`.
    """

    def kept(inner: Any, path: str) -> Any:
        return masked(inner, secret=secret, in_text=in_text, path=path)

    if raw is not None and secret.search(path):
        return MASK
    match raw:
        case dict():
            named = ((str(key), inner) for key, inner in raw.items())
            return {in_text(_storable(name)): kept(inner, f"{path}.{_word(name)}") for name, inner in named}
        case list() | tuple():
            return [kept(inner, path) for inner in raw]
        case str():
            return in_text(_storable(raw))
        case float() if raw != raw or raw in {float("inf"), float("-inf")}:
            return str(raw)
        case int() | float() | None:
            return raw
    return in_text(_storable(str(raw)))


def _word(key: str) -> str:
    # apiKey, api_key and API-Key are one word.
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", key).lower()


def _storable(text: str) -> str:
    # PostgreSQL refuses NUL in jsonb, and lone surrogates cannot be written as UTF-8.
    return text[:MAX_TEXT].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
