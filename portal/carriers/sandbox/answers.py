"""Read the stand-in carriers' answers strictly: what is not as agreed is unreadable, never guessed."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from portal.carriers.base import CardState, CardStatus, CarrierPlan, Confirmation, CostLine, Raw, TakenBack
from portal.carriers.masking import masked
from portal.core.http import Answer
from portal.core.money import Money

MAX_MB = 2**31 - 1

MAX_MINOR = 10**12

_CURRENCY = re.compile(r"[A-Z]{3}")

_NUMBER = re.compile(r"[!-~]{1,64}")


class Unreadable(ValueError):
    """An answer is not what the carrier's API promises."""


def kept(answer: Answer) -> Raw:
    """Make the answer fit to be kept beside the attempt."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = answer.body.decode("utf-8", "replace")
    raw: Raw = masked({"status": answer.status, "request_id": answer.request_id, "body": body})
    return raw


def parsed(answer: Answer) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Unreadable: it is something else.
    """
    try:
        body = json.loads(answer.body)
    except ValueError as error:
        raise Unreadable("not JSON") from error
    if not isinstance(body, dict):
        raise Unreadable("not an object")
    return body


def failure(body: dict[str, Any]) -> tuple[str, str]:
    """Read an error's code and message."""
    error = body.get("error")
    if not isinstance(error, dict):
        raise Unreadable("error")
    return _text(error, "code"), masked(_text(error, "message"))


def plans(body: dict[str, Any]) -> list[CarrierPlan]:
    """Read a price list's plans."""
    rows = body.get("plans")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable("plans")
    return [
        CarrierPlan(
            code=_text(row, "code"),
            data_mb=_megabytes(row, "data_mb"),
            validity_days=_whole(row.get("validity_days"), "validity_days"),
        )
        for row in rows
    ]


def costs(body: dict[str, Any]) -> list[CostLine]:
    """Read what a carrier asks for renewals."""
    rows = body.get("costs")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable("costs")
    return [_cost(row) for row in rows]


def card_state(body: Any, raw: Raw | None = None) -> CardState:
    """Read a card's state."""
    if not isinstance(body, dict):
        raise Unreadable("card")
    status = body.get("status")
    return CardState(
        plan_code=None if body.get("plan_code") is None else _text(body, "plan_code"),
        data_total_mb=_megabytes(body, "data_total_mb"),
        data_left_mb=_megabytes(body, "data_left_mb"),
        valid_until=None if body.get("valid_until") is None else _instant(body, "valid_until"),
        status=CardStatus(status) if status in list(CardStatus) else CardStatus.UNKNOWN,
        raw=raw if raw is not None else masked(body),
    )


def confirmation(body: dict[str, Any], raw: Raw) -> Confirmation:
    """Read a renewal that was carried out."""
    number = _text(body, "confirmation")
    if not _NUMBER.fullmatch(number):
        raise Unreadable("confirmation")
    return Confirmation(
        number=number,
        reference=_text(body, "reference"),
        iccid=_text(body, "iccid"),
        plan_code=_text(body, "plan_code"),
        before=card_state(body.get("before")),
        after=card_state(body.get("after")),
        raw=raw,
    )


def taken_back(body: dict[str, Any], reference: str, raw: Raw) -> TakenBack:
    """Read that the renewal of a reference was taken back."""
    number = _text(body, "number")
    if body.get("reference") != reference:
        raise Unreadable("reference")
    if not _NUMBER.fullmatch(number):
        raise Unreadable("number")
    return TakenBack(number=number, reference=reference, card=card_state(body.get("card")), raw=raw)


def _cost(row: dict[str, Any]) -> CostLine:
    minor = row.get("amount_minor")
    if type(minor) is not int or abs(minor) > MAX_MINOR:
        raise Unreadable("amount_minor")
    currency = _text(row, "currency")
    if not _CURRENCY.fullmatch(currency):
        raise Unreadable("currency")
    return CostLine(
        line_id=_text(row, "id"),
        reference=_text(row, "reference"),
        amount=Money(minor, currency),
        booked_at=_instant(row, "booked_at"),
    )


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(name)
    return value


def _whole(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_MB:
        raise Unreadable(name)
    return value


def _megabytes(body: dict[str, Any], name: str) -> int | None:
    # A missing amount is not an unlimited one.
    if name not in body:
        raise Unreadable(name)
    return None if body[name] is None else _whole(body[name], name)


def _instant(body: dict[str, Any], name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(_text(body, name))
        if instant.tzinfo is None:
            raise Unreadable(name)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(name) from error
