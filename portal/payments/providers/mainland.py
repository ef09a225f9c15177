"""What Alipay and WeChat Pay have in common: yuan and fen, Beijing's clock, and books kept by whole days there."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from portal.core import clock
from portal.core.masking import MASK
from portal.core.money import Money, to_decimal_text
from portal.payments.providers.base import (
    Asking,
    Booking,
    Declined,
    DisputeStanding,
    Method,
    Raw,
    SavedMethod,
    Standing,
    Surface,
)
from portal.payments.providers.masking import masked
from portal.payments.providers.reading import Unreadable

Keys = TypeVar("Keys")
"""What an operator enters."""

Wire = TypeVar("Wire")
"""What signs and sends."""

BEIJING = ZoneInfo("Asia/Shanghai")

CNY = frozenset({"CNY"})

MAX_BILL_BYTES = 64 * 2**20
"""The longest bill of one day that is read, unpacked: some 200,000 lines."""

BILL_HOUR = 10
"""Both write a day's bill until ten in the morning of the next day, Beijing time."""

_YUAN = re.compile(r"(?P<sign>-?)(?P<units>\d{1,12})(\.(?P<fraction>\d{1,6}))?", re.ASCII)

# Who paid is nobody's business once the payment is known; a signature proves nothing outside its answer.
_PERSONAL = frozenset(
    {"buyer_id", "buyer_user_id", "buyer_open_id", "buyer_logon_id", "buyer_user_name", "open_id", "payer", "sign"}
)


class MainlandProvider(ABC, Generic[Keys, Wire]):
    """What both do alike: one currency, no saved accounts, complaints settled on their own site, books by the day."""

    can_charge_saved = False

    def __init__(
        self,
        credentials: Keys,
        *,
        connect_seconds: float = 5.0,
        act_seconds: float = 60.0,
        ask_seconds: float = 10.0,
    ) -> None:
        """Read the keys; asks nobody.

        Raises:
            Declined: a key can not be read (`key_unreadable`).
        """
        self._credentials = credentials
        self._wire = self._opened(
            credentials, connect_seconds=connect_seconds, act_seconds=act_seconds, ask_seconds=ask_seconds
        )

    @property
    @abstractmethod
    def methods(self) -> Mapping[Method, frozenset[Surface]]:
        """Tell what it can be asked for, and where the payer may stand."""

    @abstractmethod
    def _opened(self, credentials: Keys, **seconds: float) -> Wire:
        """Give what signs and sends, with its patience: `connect_seconds`, `act_seconds` and `ask_seconds`."""

    @abstractmethod
    def _bill_of(self, day: date, *, now: datetime) -> Iterable[Booking]:
        """Read the bill of one of Beijing's days."""

    def _check_offered(self, asking: Asking) -> None:
        """Refuse what is not taken, or not from where the payer stands (`surface_not_supported`)."""
        if asking.surface not in self.methods.get(asking.method, ()):
            raise Declined("surface_not_supported", f"{asking.method} {asking.surface}")

    def currencies(self, method: Method) -> frozenset[str] | None:
        """List the one currency."""
        return CNY if method in self.methods else frozenset()

    def charge(self, saved: SavedMethod, asking: Asking) -> Standing:
        """Refuse: no account of a payer is kept here."""
        raise Declined("not_supported", "charge")

    def dispute_standing(self, provider_id: str) -> DisputeStanding:
        """Refuse: complaints are settled on the provider's own site."""
        raise Declined("not_supported", "dispute_standing")

    def disputes(self, *, since: datetime) -> list[str]:
        """Name none: see `dispute_standing`."""
        return []

    def books_end(self, *, now: datetime) -> datetime:
        """Give the end of the last day in Beijing whose bill is written."""
        return bills_end(now)

    def bookings(self, *, since: datetime, until: datetime) -> list[Booking]:
        """Read the bills of the days; today's is written tomorrow, so a time that touches today is not ready."""
        now = clock.now()
        booked = [
            booking
            for day in days(since, until)
            for booking in self._bill_of(day, now=now)
            if since <= booking.booked_at < until
        ]
        return sorted(booked, key=lambda booking: booking.booked_at)


def yuan(amount: Money) -> str:
    """Write an amount in yuan with two decimals.

    Raises:
        Declined: it is not in CNY, or not above zero.
    """
    checked(amount)
    return to_decimal_text(amount)


def checked(amount: Money) -> Money:
    """Let an amount pass that both providers can move.

    Raises:
        Declined: it is not in CNY, or not above zero.
    """
    if amount.currency not in CNY:
        raise Declined("currency_not_supported", amount.currency)
    if amount.minor <= 0:
        raise Declined("amount_not_positive", str(amount.minor))
    return amount


def fen(text: Any) -> int:
    """Read yuan as whole fen, signed; parts of a fen are unreadable, never rounded.

    Raises:
        Unreadable: it is anything but a plain decimal number.
    """
    match = _YUAN.fullmatch(str(text).strip()) if isinstance(text, str | int) else None
    if match is None:
        raise Unreadable(f"not an amount: {text!r}")
    fraction = (match["fraction"] or "").ljust(2, "0")
    if fraction[2:].strip("0"):
        raise Unreadable(f"parts of a fen: {text!r}")
    minor = int(match["units"]) * 100 + int(fraction[:2])
    return -minor if match["sign"] else minor


def beijing_text(instant: datetime) -> str:
    """Write an instant as Beijing's clock shows it, to the second."""
    return instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def from_beijing(text: Any) -> datetime:
    """Read what Beijing's clock showed as an instant in UTC.

    Raises:
        Unreadable: it is not `YYYY-MM-DD HH:MM:SS`.
    """
    try:
        return datetime.strptime(str(text).strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
    except ValueError as error:
        raise Unreadable(f"not a time: {text!r}") from error


def days(since: datetime, until: datetime) -> Iterator[date]:
    """List Beijing's calendar days that a stretch of time touches; `until` itself is outside of it."""
    if since >= until:
        return
    day = since.astimezone(BEIJING).date()
    last = (until - timedelta(microseconds=1)).astimezone(BEIJING).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def is_bill_due(day: date, *, now: datetime) -> bool:
    """Tell whether the bill of a day must be there by now, so that a missing one says that nothing happened."""
    due_on = day + timedelta(days=1)
    return now >= datetime(due_on.year, due_on.month, due_on.day, BILL_HOUR, tzinfo=BEIJING)


def bills_end(now: datetime) -> datetime:
    """Give the instant up to which bills are written: the beginning of a day in Beijing."""
    today = now.astimezone(BEIJING).date()
    day = today if is_bill_due(today - timedelta(days=1), now=now) else today - timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING).astimezone(UTC)


def kept(answer: Any) -> Raw:
    """Make an answer fit to be kept: secrets and the payer's names masked."""
    raw = masked(_without_persons(answer))
    return raw if isinstance(raw, dict) else {"body": raw}


def _without_persons(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: MASK if name in _PERSONAL else _without_persons(inner) for name, inner in answer.items()}
    if isinstance(answer, list):
        return [_without_persons(inner) for inner in answer]
    return answer
