"""Read what the operator's people type: days, rates, whole numbers, amounts that may be zero."""

import re
from datetime import date, datetime, timedelta

from portal.core import clock
from portal.core.errors import InvalidInput
from portal.core.money import BPS, Money, parse_amount
from portal.core.settings import current as settings

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
"""Days outside are slips of the finger, such as 0026-11-23."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RATE = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}")
_ZERO = re.compile(r"0+(\.0+)?", re.ASCII)


def day(text: str, *, field: str) -> date:
    """Read a day as browsers send it: 2026-11-23.

    Raises:
        InvalidInput: `day_invalid`.
    """
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not FIRST_DAY <= found <= LAST_DAY:
        raise InvalidInput(field=field, reason="day_invalid")
    return found


def start_of(found: date) -> datetime:
    """Give the instant at which a day begins in the operator's zone."""
    return clock.start_of(found, settings().time_zone)


def end_of(found: date) -> datetime:
    """Give the instant at which a day ends in the operator's zone: the next one's beginning."""
    return start_of(found + timedelta(days=1))


def rate(text: str, *, field: str) -> int:
    """Read a percentage into basis points: `5` is 500, `1.25` is 125.

    Raises:
        InvalidInput: `rate_invalid`: no number from 0 to 100 with at most two digits after the point.
    """
    match = _RATE.fullmatch(text.strip().removesuffix("%").strip())
    bps = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else -1
    if not 0 <= bps <= BPS:
        raise InvalidInput(field=field, reason="rate_invalid")
    return bps


def amount_or_zero(text: str, currency: str, *, field: str) -> Money:
    """Read an amount that may be zero.

    Raises:
        InvalidInput: as `parse_amount`, zero aside.
    """
    if _ZERO.fullmatch(text.strip()):
        return Money(0, currency)
    return parse_amount(text, currency, field=field)


def whole(text: str, *, field: str) -> int:
    """Read a whole number of at most nine digits.

    Raises:
        InvalidInput: `number_invalid`.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise InvalidInput(field=field, reason="number_invalid")
    return int(text)


def rate_text(bps: int) -> str:
    """Write basis points as they are typed: 500 is `5`, 125 is `1.25`."""
    whole, rest = divmod(bps, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)
