"""Read ICCIDs (ITU-T E.118): 18 to 20 digits that begin with 89 and end in a Luhn check digit."""

import re
import unicodedata
from dataclasses import dataclass

from stdnum import luhn

from portal.core.errors import InvalidInput

SHORTEST, LONGEST = 18, 20
"""Digits. Carriers print 18 and 20 as well as the 19 of the recommendation."""

ISSUER_PREFIX = "89"
"""The telecom industry (ISO/IEC 7812)."""


@dataclass(frozen=True, slots=True)
class Iccid:
    """A number that a card may bear, and what is odd about it: `iccid_luhn`, `iccid_prefix`.

    Odd ones are sold: eSIM Access's own sample fails Luhn and does not begin with 89.
    """

    number: str
    warnings: tuple[str, ...]


def read(text: str) -> Iccid:
    """Read an ICCID as it is typed, pasted or scanned: spaces, dashes and one trailing F (BCD padding) are dropped.

    Raises:
        InvalidInput: empty, full-width, not digits only, or not 18 to 20 of them.
    """
    number = bare(text)
    if re.fullmatch(r"[0-9]+[Ff]", number):
        number = number[:-1]
    reason = _refusal(number)
    if reason:
        raise InvalidInput(field="iccid", reason=reason, digits=len(number))
    return Iccid(number, tuple(_warnings(number)))


def bare(text: str) -> str:
    """Take spaces and dashes of every kind out of a number."""
    return "".join(sign for sign in text if not sign.isspace() and unicodedata.category(sign) != "Pd")


def masked(number: str) -> str:
    """Write a number so that its holder knows it and nobody else: `8985 •••• 6140`."""
    return f"{number[:4]} •••• {number[-4:]}"


def _refusal(number: str) -> str | None:
    if not number:
        return "iccid_missing"
    if any(unicodedata.east_asian_width(sign) == "F" for sign in number):
        return "iccid_full_width"
    if not (number.isascii() and number.isdigit()):
        return "iccid_letters"
    if len(number) < SHORTEST:
        return "iccid_short"
    return "iccid_long" if len(number) > LONGEST else None


def _warnings(number: str) -> list[str]:
    checks = {"iccid_luhn": luhn.is_valid(number), "iccid_prefix": number.startswith(ISSUER_PREFIX)}
    return [warning for warning, is_met in checks.items() if not is_met]
