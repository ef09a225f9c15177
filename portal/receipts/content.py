"""Everything a receipt says, frozen as plain values, and its one canonical text."""

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from portal.core.i18n import PaperLanguage

VERSION = 1
"""The shape of the canonical text; a receipt of another shape is refused, never guessed at."""


class Paper(StrEnum):
    """What a receipt is printed on."""

    A4 = "a4"
    """A sheet of 210 by 297 mm."""
    THERMAL = "thermal"
    """A roll 80 mm wide, cut where the receipt ends."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The company that issues the receipt."""

    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class SellingAgent:
    """The agent who sold the renewal."""

    name_zh: str
    name_en: str
    licence_number: str


@dataclass(frozen=True, slots=True)
class SoldPlan:
    """The plan as it was sold; `data_mb` is None when data is unlimited, `regions` are ISO 3166 codes."""

    name_zh: str
    name_en: str
    data_mb: int | None
    validity_days: int
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuoteLines:
    """The lines of the quote that was paid: whole minor units of one currency, rates in basis points.

    `tax_minor` is contained in `base_minor`. `promotion_bps` is None for a fixed discount.
    """

    currency: str
    price_minor: int
    discount_minor: int
    promotion_code: str | None
    promotion_bps: int | None
    base_minor: int
    tax_minor: int
    tax_bps: int
    fee_minor: int
    fee_bps: int
    fee_fixed_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class CardState:
    """What a card holds at one instant; `data_left_mb` is None when unlimited or when there is no plan."""

    data_left_mb: int | None
    is_unlimited: bool
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiptContent:
    """What a receipt says, all but its number. Instants are aware; `zone` is the IANA zone they are shown in."""

    issuer: Issuer
    renewal_reference: str
    issued_at: datetime
    zone: str
    agent: SellingAgent | None
    served_by: str | None
    customer_name: str
    iccid: str
    plan: SoldPlan
    lines: QuoteLines
    payment_method: str
    carrier_name: str
    carrier_confirmation: str
    before: CardState
    after: CardState
    verification_code: str
    portal_address: str
    language: PaperLanguage

    def __post_init__(self) -> None:
        """Refuse instants without a zone, unknown zones and sums that do not add up."""
        for instant in (self.issued_at, self.before.valid_until, self.after.valid_until):
            if instant is not None and instant.tzinfo is None:
                raise ValueError("a receipt takes aware instants only")
        ZoneInfo(self.zone)
        if self.lines.base_minor != self.lines.price_minor - self.lines.discount_minor:
            raise ValueError("price less discount is not the base")
        if self.lines.total_minor != self.lines.base_minor + self.lines.fee_minor:
            raise ValueError("base and fee do not sum to the total")

    @property
    def verification_address(self) -> str:
        """The address of the page that says whether this receipt is genuine."""
        return f"{self.portal_address}/verify/{self.verification_code}"


def to_canonical_json(content: ReceiptContent) -> str:
    """Write the content as its one canonical text: sorted keys, no spaces, UTF-8, instants in UTC with a `Z`."""
    return canonical_text({**plain(content), "version": VERSION})


def canonical_text(parts: dict[str, Any]) -> str:
    """Write plain values as the one text that is kept and hashed."""
    return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def parts_of(text: str, *, version: int) -> dict[str, Any]:
    """Read the values of a canonical text of the shape that is known here.

    Raises:
        ValueError: the text has another version, or a number with a fraction.
    """
    parts: dict[str, Any] = json.loads(text, parse_float=_refuse_fraction)
    if (found := parts.pop("version", None)) != version:
        raise ValueError(f"content of version {found!r}")
    return parts


def from_canonical_json(text: str) -> ReceiptContent:
    """Read the content back from its canonical text.

    Raises:
        ValueError: the text has another version, or a number with a fraction.
        TypeError: a part is missing or unknown.
    """
    parts = parts_of(text, version=VERSION)
    plan = parts.pop("plan")
    return ReceiptContent(
        issuer=Issuer(**parts.pop("issuer")),
        issued_at=datetime.fromisoformat(parts.pop("issued_at")),
        agent=SellingAgent(**agent) if (agent := parts.pop("agent")) else None,
        plan=SoldPlan(**{**plan, "regions": tuple(plan["regions"])}),
        lines=QuoteLines(**parts.pop("lines")),
        before=_card_state(parts.pop("before")),
        after=_card_state(parts.pop("after")),
        language=PaperLanguage(parts.pop("language")),
        **parts,
    )


def _card_state(parts: dict[str, Any]) -> CardState:
    until = parts["valid_until"]
    return CardState(**{**parts, "valid_until": datetime.fromisoformat(until) if until else None})


def plain(value: Any) -> Any:
    """Turn frozen values into what JSON holds: instants in UTC with a `Z`, tuples as lists, and no other kinds."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"a receipt holds no {type(value).__name__}")


def _refuse_fraction(text: str) -> None:
    raise ValueError(f"a receipt holds no fraction: {text}")
