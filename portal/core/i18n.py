"""Words, sums and dates in the reader's language; pages, mails and the worker all use these."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.support import NullTranslations, Translations

from portal.core.money import Money, exponent

LANGUAGES = {"zh": "中文", "en": "English"}
"""Every language the portal speaks, with its name in itself."""


class PaperLanguage(StrEnum):
    """The language a paper such as a receipt is written in, by the customer's choice."""

    BOTH = "both"
    """Chinese and English side by side."""
    ZH = "zh"
    """Chinese."""
    EN = "en"
    """English."""


PAPER_LANGUAGES: dict[str, str] = {PaperLanguage.BOTH: "中文 + English", **LANGUAGES}
"""Every language of papers, with its name in itself."""

TRANSLATIONS_DIR = Path(__file__).resolve().parent.parent / "translations"

MINUS = "\N{MINUS SIGN}"

MB_IN_GB = 1024
"""Plans are sold in gigabytes of 1024 MB, as the catalogue writes them: 10 GB is 10240."""


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> NullTranslations:
    """Give the catalogue of a language; English is the source text itself."""
    return Translations.load(str(TRANSLATIONS_DIR), [language])


def gettext_in(language: str) -> Callable[[str], str]:
    """Give the function that puts a message into a language, outside a request."""
    return translations(language).gettext


def sum_figures(amount: Money, language: str) -> str:
    """Write an amount's figures alone, grouped, with all its digits: `1,000.50`, `−10.00`."""
    digits = exponent(amount.currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    figures = numbers.format_decimal(Decimal(abs(amount.minor)).scaleb(-digits), format=pattern, locale=language)
    return f"{MINUS}{figures}" if amount.minor < 0 else figures


def sum_words(amount: Money, language: str) -> str:
    """Write an amount with its ISO code: `CNY 94.50`, `CNY −10.00`."""
    return f"{amount.currency}\N{NO-BREAK SPACE}{sum_figures(amount, language)}"


def date_words(day: date, language: str) -> str:
    """Write a day as people do: `23 Nov 2026`, `2026年11月23日`."""
    return dates.format_date(day, "d MMM y" if language == "en" else "long", locale=language)


def short_date_words(day: date, language: str) -> str:
    """Write a day of a year that is clear: `23 Nov`, `11月23日`."""
    return dates.format_date(day, "d MMM" if language == "en" else "M月d日", locale=language)


def month_words(day: date, language: str) -> str:
    """Write the month of a day, of a year that is clear: `November`, `11月`."""
    return dates.format_date(day, "LLLL" if language == "en" else "M月", locale=language)


def day_in(at: datetime, *, zone: str) -> date:
    """Tell the calendar day of an instant in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def instant_words(at: datetime, language: str, *, zone: str) -> str:
    """Write an instant to the minute in a zone: `23 Nov 2026, 14:18`, `2026年11月23日 14:18`."""
    local = at.astimezone(ZoneInfo(zone))
    comma = "," if language == "en" else ""
    return f"{date_words(local.date(), language)}{comma} {local:%H:%M}"


def exact_instant(at: datetime, *, zone: str) -> str:
    """Write an instant to the second with its zone, for titles: `2026-11-23 14:18:07 +08:00 (Asia/Shanghai)`."""
    written = at.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="seconds")
    return f"{written[:19]} {written[19:]} ({zone})"


def days_left_words(days: int, language: str) -> str:
    """Say how long until a day: `3 days left`, `1 day left`, `expired`. Zero is today."""
    _ = gettext_in(language)
    if days < 0:
        return _("expired")
    if days == 0:
        return _("today is the last day")
    if days == 1:
        return _("1 day left")
    return _("%(count)d days left") % {"count": days}


def quantity_words(megabytes: int | None, language: str) -> str:
    """Write an amount of data: `8.28 GB`, `10 GB`, `614 MB`, and None as `unlimited`; two digits, rounded down.

    Down, because nobody should be promised data that they do not have; and as receipts write it, which keep their own
    words (`receipts.wording`).
    """
    if megabytes is None:
        _ = gettext_in(language)
        return _("unlimited")
    if abs(megabytes) < MB_IN_GB:
        return f"{megabytes}\N{NO-BREAK SPACE}MB"
    hundredths = megabytes * 100 // MB_IN_GB
    figures = numbers.format_decimal(Decimal(hundredths).scaleb(-2), format="#,##0.##", locale=language)
    return f"{figures}\N{NO-BREAK SPACE}GB"


def rate_words(bps: int, language: str) -> str:
    """Write a rate of basis points as a percentage: 500 is `5%`, 125 is `1.25%`."""
    return f"{numbers.format_decimal(Decimal(bps).scaleb(-2), format='#,##0.##', locale=language)}%"
