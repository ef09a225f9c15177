"""The portal's only clock: aware UTC instants, settable in tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_fixed: ContextVar[datetime | None] = ContextVar("fixed_now", default=None)


def now() -> datetime:
    """Tell the present instant, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)  # noqa: TID251 - the one place that may ask


def today(zone: str) -> date:
    """Tell the present calendar day in the named IANA zone."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def fixed(at: datetime) -> Iterator[None]:
    """Hold the clock at an aware instant while the block runs."""
    if at.tzinfo is None:
        raise ValueError("the clock takes aware instants only")
    token = _fixed.set(at)
    try:
        yield
    finally:
        _fixed.reset(token)


def day_of(at: datetime, zone: str) -> date:
    """Tell the calendar day of an aware instant in the named IANA zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """Tell the instant, in UTC, at which a calendar day begins in the named IANA zone."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
