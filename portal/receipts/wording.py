"""The receipt's own words and ways of writing values, frozen apart from the catalogues, so old receipts keep theirs."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale

from portal.core.i18n import PaperLanguage
from portal.core.money import BPS, Money, exponent, round_half_up
from portal.receipts.content import CardState, QuoteLines

WORDS: Final[dict[str, tuple[str, str]]] = {
    "receipt": ("收据", "Receipt"),
    "renewal": ("续费单", "Renewal"),
    "tax_id": ("税号", "Tax ID"),
    "customer": ("客户", "Customer"),
    "iccid": ("卡号", "ICCID"),
    "agent": ("代理商", "Agent"),
    "licence": ("营业执照", "Licence"),
    "served_by": ("经办", "Served by"),
    "plan": ("套餐", "Plan"),
    "data": ("流量", "Data"),
    "unlimited": ("不限量", "Unlimited"),
    "validity": ("有效期", "Validity"),
    "regions": ("适用地区", "Regions"),
    "item": ("项目", "Item"),
    "amount": ("金额", "Amount"),
    "price": ("套餐价格", "Plan price"),
    "promotion": ("优惠码", "Promotion"),
    "discount": ("优惠", "Discount"),
    "base": ("优惠后价格", "Price after promotion"),
    "fee": ("代理手续费", "Commission fee"),
    "at_most": ("最高", "at most"),
    "at_least": ("最低", "at least"),
    "total": ("合计", "Total"),
    "tax_included": ("价内含税", "Tax included in the price"),
    "paid_by": ("支付方式", "Paid by"),
    "delivered": ("已到账", "Delivered"),
    "carrier": ("运营商", "Carrier"),
    "confirmation": ("确认号", "Confirmation"),
    "before": ("续费前", "Before renewal"),
    "after": ("续费后", "After renewal"),
    "remaining": ("剩余流量", "Remaining data"),
    "valid_until": ("有效期至", "Valid until"),
    "no_plan": ("无有效套餐", "No active plan"),
    "verify": (
        "扫描二维码或打开以下网址，即可核验本收据真伪。",
        "Scan the code or open the address below to check that this receipt is genuine.",
    ),
}
"""Every fixed word of a receipt, Chinese and English."""

PAYMENT_METHODS: Final[dict[str, tuple[str, str]]] = {
    "wallet": ("代理商钱包", "agent's wallet"),
    "nothing": ("免费", "free of charge"),
    "customer_balance": ("客户余额", "store credit"),
    "bank_transfer": ("银行转账", "bank transfer"),
    "card": ("银行卡", "card"),
    "alipay": ("支付宝", "Alipay"),
    "wechat_pay": ("微信支付", "WeChat Pay"),
    "paypal": ("PayPal", "PayPal"),
}
"""How the money came, by the name stored with the renewal; an unknown name is printed as it stands."""

BETWEEN = " · "
"""Parts two things that share a line."""


class Wording:
    """Says words and values in one of the receipt's languages."""

    def __init__(self, language: PaperLanguage) -> None:
        self.language = language
        self.words = {key: self.pair(*both) for key, both in WORDS.items()}
        self.html_lang = "en" if language is PaperLanguage.EN else "zh-Hans"

    def __getitem__(self, key: str) -> str:
        """Say a fixed word."""
        return self.words[key]

    def pair(self, zh: str, en: str, *, between: str = " ") -> str:
        """Say what has a Chinese and an English form; equal forms and missing ones are said once."""
        if self.language is PaperLanguage.ZH:
            return zh or en
        if self.language is PaperLanguage.EN:
            return en or zh
        return between.join(dict.fromkeys(form for form in (zh, en) if form))

    def sentence(self, key: str) -> str:
        """Say a fixed sentence, each language on its own line."""
        return self.pair(*WORDS[key], between="\n")

    def payment_method(self, name: str) -> str:
        """Say how the renewal was paid."""
        return self.pair(*PAYMENT_METHODS.get(name, (name, name)))

    def days(self, count: int) -> str:
        """Say a number of days."""
        return f"{count} {self.pair('天', 'day' if count == 1 else 'days')}"

    def volume(self, data_mb: int | None) -> str:
        """Say an amount of data in MB of 2^20 bytes, or GB of 1,024 MB to two digits, never more; None is unlimited."""
        if data_mb is None:
            return self["unlimited"]
        if data_mb < 1024:
            return f"{data_mb} MB"
        whole, hundredths = divmod(data_mb * 100 // 1024, 100)
        return f"{whole:,}.{hundredths:02d}".rstrip("0").rstrip(".") + " GB"

    def regions(self, codes: tuple[str, ...]) -> list[str]:
        """Name the regions in each language of the receipt, a list of names a language."""
        if self.language is PaperLanguage.BOTH and len(codes) == 1:
            return [self.pair(_territory("zh", codes[0]), _territory("en", codes[0]))]
        chinese = "、".join(_territory("zh", code) for code in codes)
        english = ", ".join(_territory("en", code) for code in codes)
        return {PaperLanguage.ZH: [chinese], PaperLanguage.EN: [english], PaperLanguage.BOTH: [chinese, english]}[
            self.language
        ]

    def state(self, state: CardState, zone: str) -> list[str]:
        """Say what a card holds: its data and its expiry, a line each."""
        if state.data_left_mb is None and not state.is_unlimited and state.valid_until is None:
            return [self["no_plan"]]
        lines = []
        if state.is_unlimited or state.data_left_mb is not None:
            lines.append(f"{self['remaining']} {self.volume(None if state.is_unlimited else state.data_left_mb)}")
        if state.valid_until is not None:
            lines.append(f"{self['valid_until']} {local_time(state.valid_until, zone)}")
        return lines

    def promotion(self, lines: QuoteLines) -> str:
        """Name the discount: its code, and its rate where it has one."""
        name = f"{self['promotion']} {lines.promotion_code}" if lines.promotion_code else self["discount"]
        return name if lines.promotion_bps is None else f"{name} ({rate(lines.promotion_bps)})"

    def fee(self, lines: QuoteLines) -> str:
        """Name the commission fee and how it comes about: rate of the base, fixed part, limit."""
        parts = []
        if lines.fee_bps:
            parts.append(f"{rate(lines.fee_bps)} × {figures(lines.base_minor, lines.currency)}")
        if lines.fee_fixed_minor:
            parts.append(figures(lines.fee_fixed_minor, lines.currency))
        sum_ = " + ".join(parts)
        plain_minor = round_half_up(lines.base_minor * lines.fee_bps, BPS) + lines.fee_fixed_minor
        if lines.fee_minor != plain_minor:
            limit = self["at_most" if lines.fee_minor < plain_minor else "at_least"]
            sum_ = f"{sum_}, {limit} {figures(lines.fee_minor, lines.currency)}".removeprefix(", ")
        return f"{self['fee']} ({sum_})" if sum_ else self["fee"]


def figures(minor: int, currency: str) -> str:
    """Write an amount of minor units in figures with grouping and the currency's own digits: `−1,234.50`."""
    amount = Money(minor, currency)
    digits = exponent(amount.currency)
    units, fraction = divmod(abs(minor), 10**digits)
    sign = "−" if minor < 0 else ""
    return f"{sign}{units:,}.{fraction:0{digits}d}" if digits else f"{sign}{units:,}"


def rate(bps: int) -> str:
    """Write basis points as a percentage: 650 is `6.5 %`."""
    whole, hundredths = divmod(bps, 100)
    return f"{whole}.{hundredths:02d}".rstrip("0").rstrip(".") + "\u00a0%"


def local_time(instant: datetime, zone: str) -> str:
    """Write an aware instant to the minute in the named zone, with its offset: `2026-11-22 14:18 (UTC+8)`."""
    local = instant.astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    hours, minutes = int(offset[1:3]), offset[3:5]
    name = "UTC" if offset == "+0000" else f"UTC{offset[0].replace('-', '−')}{hours}"
    return f"{local:%Y-%m-%d %H:%M} ({name}{':' + minutes if minutes != '00' else ''})"


def in_fours(digits: str) -> str:
    """Write a long number in groups of four."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


@lru_cache(maxsize=2048)
def _territory(language: str, code: str) -> str:
    return Locale.parse(language).territories.get(code, code)


def fixed_signs() -> set[str]:
    """List every sign that the fixed words and region names need, so that fonts can be cut for them."""
    texts = [text for both in (*WORDS.values(), *PAYMENT_METHODS.values()) for text in both]
    territories = [name for language in ("zh", "en") for name in Locale.parse(language).territories.values()]
    return {sign for text in (*texts, *territories, "天×−·、，。（）") for sign in text if not sign.isspace()}


def heading_signs() -> set[str]:
    """List the Chinese signs that a receipt sets in bold: those of the title and the total."""
    return set(WORDS["receipt"][0] + WORDS["total"][0])
