"""How the stand-in PayPal writes: amounts by the currency's own digits, instants, and why it does not do it."""

import re
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.shelf import Thing, shown

WITHOUT_DECIMALS = frozenset({"HUF", "JPY", "TWD"})
CURRENCIES = WITHOUT_DECIMALS | frozenset(
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD".split()  # noqa: SIM905
)

Wire = dict[str, str]
"""`{"currency_code": "USD", "value": "10.50"}`."""


class Refusal(Exception):
    """PayPal does not do it: the status, its name for the kind of error, and the issue."""

    def __init__(self, status: int, name: str, issue: str) -> None:
        super().__init__(issue)
        self.status = status
        self.name = name
        self.issue = issue


def missing() -> Refusal:
    """Say that there is nothing of that name."""
    return Refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")


def impossible(issue: str) -> Refusal:
    """Say why the wish cannot be met."""
    return Refusal(422, "UNPROCESSABLE_ENTITY", issue)


def minor(amount: Any) -> int:
    """Read an amount in its smallest units, as strictly as PayPal does."""
    currency, value = amount["currency_code"], amount["value"]
    if currency not in CURRENCIES:
        raise impossible("CURRENCY_NOT_SUPPORTED")
    pattern = r"\d+" if currency in WITHOUT_DECIMALS else r"\d+\.\d{2}"
    if not re.fullmatch(pattern, value):
        raise impossible("DECIMALS_NOT_SUPPORTED" if currency in WITHOUT_DECIMALS else "DECIMAL_PRECISION")
    return int(value.replace(".", ""))


def wire(number: int, currency: str) -> Wire:
    """Write an amount of smallest units."""
    if currency in WITHOUT_DECIMALS:
        return {"currency_code": currency, "value": str(number)}
    sign = "-" if number < 0 else ""
    return {"currency_code": currency, "value": f"{sign}{abs(number) // 100}.{abs(number) % 100:02d}"}


def instant(at: datetime) -> str:
    """Write an instant in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole(thing: Thing) -> Thing:
    """Show a thing as the API does."""
    answer: Thing = shown(thing)
    return {key: value for key, value in answer.items() if value is not None}
