"""Whole minor units of one currency; nothing here ever sees a float."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from babel.numbers import get_currency_precision, list_currencies

from portal.core.errors import InvalidInput

BPS = 10_000
"""Basis points in one whole: a rate of 5 % is 500."""

MAX_MINOR = 10**12
"""No single amount is larger (10,000,000,000.00 CNY): leaves six digits of head room in a bigint for sums."""

_PLAIN_DECIMAL = re.compile(r"(?P<units>\d{1,3}(,\d{3})+|\d+)(\.(?P<fraction>\d+))?")


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one operation."""


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Tell how many digits follow the point (ISO 4217, through CLDR): CNY 2, JPY 0, KWD 3.

    Raises:
        ValueError: the code is not a currency.
    """
    if currency not in list_currencies():
        raise ValueError(f"not a currency: {currency!r}")
    return get_currency_precision(currency)


def check_currency(currency: str, *, field: str = "currency") -> str:
    """Give an ISO 4217 code that somebody named, once it is known to be one.

    Raises:
        InvalidInput: `currency_unknown`.
    """
    try:
        exponent(currency)
    except ValueError as error:
        raise InvalidInput(field=field, reason="currency_unknown") from error
    return currency


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in whole minor units of one ISO 4217 currency; may be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError("an amount is a whole number of minor units")

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency."""
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Take away an amount of the same currency."""
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        """Turn the sign."""
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        """Compare with an amount of the same currency."""
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        """Compare with an amount of the same currency."""
        self._same(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        """Tell whether the amount is not zero."""
        return self.minor != 0

    def allocate(self, weights: Sequence[int]) -> "list[Money]":
        """Split by whole-number weights, largest remainder first, ties to the earlier; the parts sum to the whole.

        Raises:
            ValueError: no weight is positive, or one is negative.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must not be negative and one must be positive")
        sign = -1 if self.minor < 0 else 1
        size = abs(self.minor)
        parts = [size * weight // total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % total), i))
        for i in by_remainder[: size - sum(parts)]:
            parts[i] += 1
        return [Money(sign * part, self.currency) for part in parts]


def round_half_up(numerator: int, denominator: int) -> int:
    """Divide non-negative whole numbers and round to the nearest, halves up."""
    if numerator < 0 or denominator <= 0:
        raise ValueError("rounding is defined for amounts that are not negative")
    return (2 * numerator + denominator) // (2 * denominator)


def to_decimal_text(amount: Money) -> str:
    """Write an amount with a point and no grouping, as files for machines want it: `-94.50`, `1000`, `0.105`."""
    digits = exponent(amount.currency)
    sign = "-" if amount.minor < 0 else ""
    if digits == 0:
        return f"{sign}{abs(amount.minor)}"
    units, fraction = divmod(abs(amount.minor), 10**digits)
    return f"{sign}{units}.{fraction:0{digits}d}"


def parse_amount(text: str, currency: str, *, field: str = "amount") -> Money:
    """Read a positive amount as a person types it: `1000`, `1,000.50`; nothing is rounded or guessed.

    Raises:
        InvalidInput: empty, signed, zero, full-width, exponent, wrong grouping, too many digits or too large.
    """
    text = text.strip()
    if not text:
        raise InvalidInput(field=field, reason="amount_missing")
    if any(unicodedata.east_asian_width(sign) == "F" for sign in text):
        raise InvalidInput(field=field, reason="amount_full_width")
    if text.startswith("-"):
        raise InvalidInput(field=field, reason="amount_negative")
    match = _PLAIN_DECIMAL.fullmatch(text) if text.isascii() else None
    if match is None:
        raise InvalidInput(field=field, reason="amount_not_a_number")
    digits = exponent(currency)
    fraction = match["fraction"] or ""
    if len(fraction) > digits:
        raise InvalidInput(field=field, reason="amount_too_precise", digits=digits, currency=currency)
    units = match["units"].replace(",", "")
    if len(units) > 15 or (minor := int(units) * 10**digits + int(fraction.ljust(digits, "0") or 0)) > MAX_MINOR:
        raise InvalidInput(field=field, reason="amount_too_large")
    if minor == 0:
        raise InvalidInput(field=field, reason="amount_zero")
    return Money(minor, currency)
