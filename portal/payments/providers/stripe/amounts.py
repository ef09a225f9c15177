"""Turn amounts into what Stripe's wire wants, and back, exactly (docs.stripe.com/currencies)."""

from portal.core.money import Money, exponent
from portal.payments.providers.base import Declined
from portal.payments.providers.reading import Unreadable


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


WITHOUT_DECIMALS = _codes("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")

WITH_THREE_DECIMALS = _codes("BHD JOD KWD OMR TND")
"""Sent in thousandths, of which the last digit must be 0."""

WHOLE_ONLY = frozenset({"ISK", "UGX"})
"""Sent in hundredths for old times' sake, though only whole units can be paid."""

CARD = _codes(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP"
    " CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS"
    " INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR"
    " MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK"
    " SGD SHP SLE SOS SRD STD SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF"
    " YER ZAR ZMW"
)

ALIPAY = _codes("AUD CAD CNY EUR GBP HKD JPY MYR NZD SGD USD")

WECHAT_PAY = _codes("AUD CAD CHF CNY DKK EUR GBP HKD JPY NOK SEK SGD USD")


def to_wire(amount: Money) -> int:
    """Give the number that Stripe takes for an amount.

    Raises:
        Declined: Stripe has no number for it (`amount_not_expressible`).
    """
    shift = _digits(amount.currency) - exponent(amount.currency)
    wire, rest = (amount.minor * 10**shift, 0) if shift >= 0 else divmod(amount.minor, 10**-shift)
    if amount.currency in WITH_THREE_DECIMALS:
        rest = wire % 10
    elif amount.currency in WHOLE_ONLY:
        rest = wire % 100
    if rest:
        raise Declined("amount_not_expressible", f"{amount.minor} {amount.currency}")
    return wire


def from_wire(number: int, currency: str) -> Money:
    """Read a number of Stripe's in a currency that it writes in small letters.

    Raises:
        Unreadable: the portal has no such currency, or no such fraction of it.
    """
    code = currency.upper()
    try:
        shift = exponent(code) - _digits(code)
    except ValueError as error:
        raise Unreadable(f"currency {currency}") from error
    minor, rest = (number * 10**shift, 0) if shift >= 0 else divmod(number, 10**-shift)
    if rest:
        raise Unreadable(f"{number} {code}")
    return Money(minor, code)


def _digits(currency: str) -> int:
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in WITH_THREE_DECIMALS else 2
