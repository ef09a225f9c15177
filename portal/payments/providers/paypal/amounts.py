"""Turn amounts into PayPal's decimal text, and back, exactly (developer.paypal.com, currency codes)."""

import re
from typing import Any

from portal.core.money import Money, exponent
from portal.payments.providers.base import Declined
from portal.payments.providers.reading import Unreadable, text

CURRENCIES = frozenset(
    (
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "CNY",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "ILS",
        "JPY",
        "MXN",
        "MYR",
        "NOK",
        "NZD",
        "PHP",
        "PLN",
        "SEK",
        "SGD",
        "THB",
        "TWD",
        "USD",
    )
)
"""BRL, CNY and MYR serve accounts of their own country only."""

WITHOUT_DECIMALS = frozenset({"HUF", "JPY", "TWD"})

_DECIMAL = re.compile(r"(?P<sign>-?)(?P<units>\d{1,15})(\.(?P<fraction>\d{1,6}))?", re.ASCII)


def to_wire(amount: Money) -> dict[str, str]:
    """Write an amount as PayPal takes it: `{"currency_code": "USD", "value": "10.50"}`.

    Raises:
        Declined: PayPal has no such currency (`currency_not_taken`) or fraction (`amount_not_expressible`).
    """
    if amount.currency not in CURRENCIES:
        raise Declined("currency_not_taken", f"PayPal does not take {amount.currency}")
    digits = 0 if amount.currency in WITHOUT_DECIMALS else 2
    wire, rest = divmod(amount.minor * 10**digits, 10 ** exponent(amount.currency))
    if rest or amount.minor < 0:
        raise Declined("amount_not_expressible", f"{amount.minor} {amount.currency}")
    units, fraction = divmod(wire, 10**digits)
    return {"currency_code": amount.currency, "value": f"{units}.{fraction:0{digits}d}" if digits else str(units)}


def from_wire(body: dict[str, Any]) -> Money:
    """Read an amount of PayPal's, signed.

    Raises:
        Unreadable: it is none, or has a fraction that the currency does not know.
    """
    currency, value = text(body, "currency_code"), text(body, "value")
    match = _DECIMAL.fullmatch(value)
    try:
        digits = exponent(currency)
    except ValueError as error:
        raise Unreadable(f"currency {currency}") from error
    fraction = (match["fraction"] or "").rstrip("0") if match else ""
    if match is None or len(fraction) > digits:
        raise Unreadable(f"{value} {currency}")
    minor = int(match["units"]) * 10**digits + int(fraction.ljust(digits, "0") or 0)
    return Money(-minor if match["sign"] else minor, currency)
