"""The story that the demo tells: whose cards there are, and when each was registered and renewed; pure.

Everything is counted back from today, so that cards run out "tomorrow" whenever the demo is loaded.
"""

import csv
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from stdnum import luhn

CARDS = Path(__file__).with_name("cards.csv")

DAYS_TOLD = 46
"""The house opened so many days ago."""

LEFT_AT_RENEWAL_PERCENT = (3, 14)
"""People renew with about so much of a plan left: least, most."""


WELCOME = "WELCOME10"
"""The code that new customers bring."""

REGULARS = "REGULAR5"
"""The code that Global Link gives to those who come back, at its own cost."""


class Mishap(StrEnum):
    """What went wrong with a card's latest renewal, or is still under way."""

    NONE = ""
    REFUSED = "refused"
    """The carrier was under maintenance; the money went back."""
    SUSPENDED = "suspended"
    """The carrier had suspended the card; the money went back."""
    UNKNOWN = "unknown"
    """The carrier's answer was lost and had to be looked up; delivered in the end."""
    FRESH = "fresh"
    """Placed just now; the running worker delivers it."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One card of the story: `days_left` counts from today, `left_percent` is the data it has left now."""

    agent: str
    customer: str
    email: str
    phone: str
    locale: str
    label: str
    plan: str
    renewals: int
    days_left: int
    left_percent: int
    mishap: Mishap

    def pick(self, what: str, least: int, most: int) -> int:
        """Choose a number from least to most: always the same for the same card and purpose."""
        seed = hashlib.sha256(f"{self.email}:{self.plan}:{what}".encode()).digest()
        return least + int.from_bytes(seed[:6]) % (most - least + 1)

    @property
    def iccid(self) -> str:
        """The card's number, 19 or 20 digits with a right check digit."""
        if self.is_carols_first:
            return "89852000263318806140"
        digits = "89852" + "".join(str(self.pick(f"iccid {nr}", 0, 9)) for nr in range(13 + self.pick("length", 0, 1)))
        return digits + luhn.calc_check_digit(digits)

    @property
    def eid(self) -> str:
        """The chip's number (SGP.29), where the agent noted it: about every fourth."""
        if self.pick("has eid", 0, 3):
            return ""
        digits = "89049032" + "".join(str(self.pick(f"eid {nr}", 0, 9)) for nr in range(22))
        return f"{digits}{98 - int(digits + '00') % 97:02d}"

    @property
    def is_carols_first(self) -> bool:
        """Whether this is the card that guides look at."""
        return self.email == "carol@customers.example" and self.plan.startswith("JP")


@dataclass(frozen=True, slots=True)
class Course:
    """When what happened to a card: aware instants, in order."""

    registered_at: datetime
    valid_until: datetime
    """The end of its validity when it was registered."""
    renewed_at: tuple[datetime, ...]
    stray_at: datetime | None
    """When a renewal was placed that led to nothing."""


def trips() -> list[Trip]:
    """Read the story's cards."""
    with CARDS.open(encoding="utf-8", newline="") as lines:
        return [
            Trip(
                **{name: row[name] for name in ("agent", "customer", "email", "phone", "locale", "label", "plan")},
                renewals=int(row["renewals"]),
                days_left=int(row["days_left"]),
                left_percent=int(row["left_percent"]),
                mishap=Mishap(row["mishap"]),
            )
            for row in csv.DictReader(lines)
        ]


def opened_at(now: datetime, zone: str) -> datetime:
    """Tell when the house opened: nine in the morning, some weeks ago."""
    local = ZoneInfo(zone)
    return datetime.combine(now.astimezone(local).date() - timedelta(days=DAYS_TOLD), time(9), local)


def course(trip: Trip, *, validity_days: int, now: datetime, zone: str) -> Course:
    """Lay out a card's past so that it ends as the story wants: renewed a day or two before each time it ran out."""
    local = ZoneInfo(zone)
    today = now.astimezone(local).date()
    last_day = today + timedelta(days=trip.days_left)
    final = datetime.combine(last_day, time(23, trip.pick("minute of expiry", 0, 59)), local)
    term = timedelta(days=validity_days)
    ends = [final - term * (trip.renewals - nr) for nr in range(trip.renewals)]
    renewed = [
        _counter_hour(trip, f"renewal {nr}", end.date(), trip.pick(f"lead {nr}", 1, 2), local)
        for nr, end in enumerate(ends)
    ]
    first = renewed[0] if renewed else now - timedelta(days=min(validity_days - trip.days_left, 25))
    registered = max(
        _counter_hour(trip, "registration", first.astimezone(local).date(), trip.pick("wait", 1, 3), local),
        opened_at(now, zone) + timedelta(hours=3),
    )
    return Course(
        registered, final - term * trip.renewals, tuple(renewed), _stray_at(trip, renewed, now=now, zone=local)
    )


def _stray_at(trip: Trip, renewed: list[datetime], *, now: datetime, zone: ZoneInfo) -> datetime | None:
    today = now.astimezone(zone).date()
    match trip.mishap:
        case Mishap.REFUSED if renewed:
            return renewed[-1] - timedelta(minutes=38)
        case Mishap.REFUSED:
            return _counter_hour(trip, "stray", today, 6, zone)
        case Mishap.SUSPENDED:
            return _counter_hour(trip, "stray", today, 2, zone)
        case Mishap.FRESH:
            return now
        case _:
            return None


def code(trip: Trip, nr: int) -> str:
    """Tell which promotion's code the customer brings to the nr-th renewal; most bring none."""
    if trip.is_carols_first or trip.pick(f"code {nr}", 0, 3):
        return ""
    return REGULARS if nr else WELCOME


def left_at_renewal(trip: Trip, nr: int, data_mb: int | None) -> int | None:
    """Tell how much of a plan's data is left when the card is renewed for the nr-th time."""
    if data_mb is None:
        return None
    if trip.is_carols_first:
        return 0  # so that her ring speaks of ten gigabytes sharp
    return data_mb * trip.pick(f"left {nr}", *LEFT_AT_RENEWAL_PERCENT) // 100


def use_up(trip: Trip, *, days: list[date], first_mb: int, last_mb: int) -> list[int]:
    """Spread what was used between two instants over days, some thirstier than others; gives what is left on each."""
    thirst = [trip.pick(f"thirst {day}", 1, 10) for day in days]
    whole = sum(thirst) + 5
    used, left = 0, []
    for part in thirst:
        used += part
        left.append(first_mb - (first_mb - last_mb) * used // whole)
    return left


def _counter_hour(trip: Trip, what: str, day: date, days_before: int, zone: ZoneInfo) -> datetime:
    # Shops are open from nine to half past eight.
    minutes = trip.pick(what, 9 * 60, 20 * 60 + 30)
    return datetime.combine(day - timedelta(days=days_before), time(minutes // 60, minutes % 60), zone)
