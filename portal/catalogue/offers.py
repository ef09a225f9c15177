"""What a plan offers, as values: pure reading and checking, the same for a form and for a file."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from babel import Locale

from portal.carriers import registry
from portal.catalogue.models import PlanVersion, Term
from portal.core import names
from portal.core.errors import InvalidInput
from portal.core.money import BPS, MAX_MINOR, check_currency

MOST_DATA_MB = 100_000_000
"""About 95 TB; a larger number is a typing error."""

LONGEST_VALIDITY_DAYS = 3650

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,39}")
_REGION = re.compile(r"[A-Z]{2}")
_GROUPINGS = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
TERRITORIES = frozenset(map(str, Locale("en").territories)) - _GROUPINGS
"""ISO 3166-1 alpha-2 codes of countries and regions, through CLDR; its three-digit ones pass no `_REGION`."""


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan without its code: whole megabytes (None is unlimited), days, minor units with tax included, bps."""

    carrier: str
    name_en: str
    name_zh: str
    data_mb: int | None
    validity_days: int
    regions: tuple[str, ...]
    term: Term
    price_minor: int
    cost_minor: int
    currency: str
    tax_bps: int

    def differences(self, later: "PlanOffer") -> "list[FieldChange]":
        """List what another offer has otherwise, in the order of the columns."""
        pairs = ((name, getattr(self, name), getattr(later, name)) for name in FIELDS)
        return [FieldChange(name, before, after) for name, before, after in pairs if before != after]


FIELDS = tuple(field.name for field in fields(PlanOffer))


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a plan before and after."""

    field: str
    before: Any
    after: Any


def of_version(version: PlanVersion) -> PlanOffer:
    """Give what a stored version offers."""
    values = {name: getattr(version, name) for name in FIELDS}
    return PlanOffer(**values | {"regions": tuple(version.regions)})


def read_code(text: str) -> str:
    """Read a plan's code into capitals.

    Raises:
        InvalidInput: `plan_code_invalid`.
    """
    code = text.strip().upper()
    if not _CODE.fullmatch(code):
        raise InvalidInput(field="code", reason="plan_code_invalid")
    return code


def region(text: str, *, field: str) -> str:
    """Read the code of a country or region, ISO 3166-1 alpha-2.

    Raises:
        InvalidInput: `region_unknown`.
    """
    code = text.strip().upper()
    if not _REGION.fullmatch(code) or code not in TERRITORIES:
        raise InvalidInput(field=field, reason="region_unknown", region=code[:20])
    return code


def normal(offer: PlanOffer) -> PlanOffer:
    """Give an offer with its names composed and its regions sorted.

    Raises:
        InvalidInput: `carrier_unknown`, `missing`, `name_control_characters`, `too_long`, `number_range`,
            `regions_missing`, `region_unknown`, `term_unknown`, `currency_unknown`.
    """
    return PlanOffer(**{name: normal_field(name, getattr(offer, name)) for name in FIELDS})


def normal_field(name: str, value: Any) -> Any:
    """Give one field's value as it is stored.

    Raises:
        InvalidInput: as in `normal`.
    """
    return _NORMAL[name](value)


def _carrier(value: str) -> str:
    if value not in registry.names():
        raise InvalidInput(field="carrier", reason="carrier_unknown", carrier=value[:40])
    return value


def _name(field: str) -> Callable[[str], str]:
    return lambda value: names.read(value, field=field)


def _within(field: str, least: int, most: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if not least <= value <= most:
            raise InvalidInput(field=field, reason="number_range", least=least, most=most)
        return value

    return check


def _data_mb(value: int | None) -> int | None:
    return None if value is None else _within("data_mb", 1, MOST_DATA_MB)(value)


def _regions(value: Iterable[str]) -> tuple[str, ...]:
    regions = sorted({region(text, field="regions") for text in value if text.strip()})
    if not regions:
        raise InvalidInput(field="regions", reason="regions_missing")
    return tuple(regions)


def _term(value: str) -> Term:
    try:
        return Term(value)
    except ValueError as error:
        raise InvalidInput(field="term", reason="term_unknown") from error


_NORMAL: dict[str, Callable[[Any], Any]] = {
    "carrier": _carrier,
    "name_en": _name("name_en"),
    "name_zh": _name("name_zh"),
    "data_mb": _data_mb,
    "validity_days": _within("validity_days", 1, LONGEST_VALIDITY_DAYS),
    "regions": _regions,
    "term": _term,
    "price_minor": _within("price_minor", 0, MAX_MINOR),
    "cost_minor": _within("cost_minor", 0, MAX_MINOR),
    "currency": check_currency,
    "tax_bps": _within("tax_bps", 0, BPS),
}
