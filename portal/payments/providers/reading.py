"""Read providers' answers strictly: what is not as agreed is unreadable, never guessed."""

import json
from datetime import UTC, datetime
from typing import Any


class Unreadable(ValueError):
    """An answer is not what the provider's API promises."""


def parsed(body: bytes) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise Unreadable("not JSON") from error
    if not isinstance(answer, dict):
        raise Unreadable("not an object")
    return answer


def text(body: dict[str, Any], name: str) -> str:
    """Read a text that must be there and not empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(name)
    return value


def text_or_none(body: dict[str, Any], name: str) -> str | None:
    """Read a text that may be missing, null or empty."""
    return text(body, name) if body.get(name) else None


def whole(body: dict[str, Any], name: str) -> int:
    """Read a whole number, signed; what is written with a point is none."""
    value = body.get(name)
    if type(value) is not int:
        raise Unreadable(name)
    return value


def inner(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Read an object that must be there."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise Unreadable(name)
    return value


def inner_or_none(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Read an object that may be missing or null."""
    return None if body.get(name) is None else inner(body, name)


def rows(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Read a list of objects; a missing one is empty."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise Unreadable(name)
    return value


def epoch(body: dict[str, Any], name: str) -> datetime:
    """Read an instant in seconds of the Unix epoch."""
    try:
        return datetime.fromtimestamp(whole(body, name), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable(name) from error


def instant(body: dict[str, Any], name: str) -> datetime:
    """Read an instant in ISO 8601 with its zone."""
    try:
        value = datetime.fromisoformat(text(body, name))
        if value.tzinfo is None:
            raise Unreadable(name)
        return value.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(name) from error
