"""What a monthly statement says: frozen values, and their one way into the database and back."""

import json
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum


class Heading(StrEnum):
    """Under which heading a movement of earned commission falls."""

    FEES = "fees"
    """Commission fees of delivered renewals, paid by customers."""
    SHARES = "shares"
    """The operator's commission on the agent's own deliveries."""
    OVERRIDES = "overrides"
    """The operator's commission on deliveries of sub-agents."""
    PROMOTIONS = "promotions"
    """Discounts that the agent bears itself."""
    CLAWBACKS = "clawbacks"
    """What refunds and disputes took back, and gave again."""
    TO_WALLET = "to_wallet"
    """Moved to the agent's wallet."""
    PAID_OUT = "paid_out"
    """Paid out by bank, less what the bank sent back."""
    OTHER = "other"
    """Corrections."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of some time, in minor units: sales as customers paid them, and net movements by heading, signed."""

    sales: int
    sales_minor: int
    moved: dict[str, int]

    @property
    def net_minor(self) -> int:
        """By how much the balance changed."""
        return sum(self.moved.values())

    def under(self, heading: Heading) -> int:
        """Give the sum under a heading; zero where nothing moved."""
        return self.moved.get(heading.value, 0)


@dataclass(frozen=True, slots=True)
class CurrencyPart:
    """One currency of a statement: from the opening to the closing balance, and day by day (ISO day -> figures)."""

    currency: str
    opening_minor: int
    whole: Figures
    days: dict[str, Figures]

    @property
    def closing_minor(self) -> int:
        """What the operator owes the agent at the end; negative is carried forward."""
        return self.opening_minor + self.whole.net_minor


@dataclass(frozen=True, slots=True)
class StatementContent:
    """One agent's month, with names as they were when it was made."""

    month: str
    """Its first day, ISO."""
    zone: str
    agent_name_zh: str
    agent_name_en: str
    licence_number: str
    issuer_name_zh: str
    issuer_name_en: str
    made_at: str
    """ISO, UTC."""
    parts: tuple[CurrencyPart, ...]

    @property
    def month_on(self) -> date:
        """The month's first day."""
        return date.fromisoformat(self.month)


def to_json(content: StatementContent) -> str:
    """Write a statement the one way it is kept."""
    return json.dumps(content, default=_fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _fields(value: object) -> dict[str, object]:
    # `asdict` would copy every day's figures before they are written.
    return {name: getattr(value, name) for name in _NAMES[type(value)]}


_NAMES: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (StatementContent, CurrencyPart, Figures)
}


def from_json(text: str) -> StatementContent:
    """Read a kept statement back."""
    values = json.loads(text)
    parts = tuple(
        CurrencyPart(
            part["currency"],
            part["opening_minor"],
            Figures(**part["whole"]),
            {day: Figures(**figures) for day, figures in part["days"].items()},
        )
        for part in values.pop("parts")
    )
    return StatementContent(**values, parts=parts)
