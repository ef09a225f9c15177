"""What templates write sums, dates and numbers with: always in the reader's language and the portal's zone."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any

from flask import Flask
from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from portal.core import clock, i18n
from portal.core.money import Money
from portal.core.settings import current as settings
from portal.web import language


def register(app: Flask) -> None:
    """Add the filters; a template that names what it was not given fails."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    add(
        app,
        money=money,
        figures=figures,
        sum=coloured_sum,
        date=day,
        short_date=short_day,
        datetime=instant,
        time=time_of_day,
        exact=exact,
        days_left=days_left,
        grouped=grouped,
        gigabytes=gigabytes,
        percent=percent,
        number=number,
        masked=masked,
        name=language.name_of,
    )
    app.jinja_env.globals.update(
        days_until=days_until,
        days_tone=days_tone,
        share_tone=share_tone,
        share_percent=share_percent,
        zone_name=lambda: settings().time_zone,
    )


def add(app: Flask, **filters: Callable[..., Any]) -> None:
    """Add filters that write for the reader of the moment."""
    app.jinja_env.filters.update({name: _asked_anew(write) for name, write in filters.items()})


def money(amount: Money | tuple[int, str]) -> str:
    """Write `CNY 94.50`; a pair of minor units and currency does as well."""
    return i18n.sum_words(_money(amount), language.current())


def figures(amount: Money | tuple[int, str]) -> str:
    """Write `94.50`, for columns whose head names the currency."""
    return i18n.sum_figures(_money(amount), language.current())


def coloured_sum(amount: Money | tuple[int, str]) -> Markup:
    """Write a sum with a small ISO code; what is negative says so by its sign, and only then by colour."""
    value = _money(amount)
    kind = " is-negative" if value.minor < 0 else ""
    return Markup('<span class="sum{}"><small>{}</small> {}</span>').format(
        kind, value.currency, i18n.sum_figures(value, language.current())
    )


def day(value: date | datetime) -> str:
    """Write `23 Nov 2026`; of an instant, its day in the portal's zone."""
    return i18n.date_words(_day(value), language.current())


def short_day(value: date | datetime) -> str:
    """Write `23 Nov`; the year too, when it is not this one."""
    found = _day(value)
    if found.year != clock.today(settings().time_zone).year:
        return day(found)
    return i18n.short_date_words(found, language.current())


def month(at: datetime) -> str:
    """Write the month of an instant as people do: `November`, `11月`."""
    return i18n.month_words(_day(at), language.current())


def instant(at: datetime) -> Markup:
    """Write `23 Nov 2026, 14:18` with the exact instant and its zone in the title."""
    return _timed(at, i18n.instant_words(at, language.current(), zone=settings().time_zone))


def time_of_day(at: datetime) -> Markup:
    """Write `14:18:07` with the exact instant and its zone in the title."""
    return _timed(at, exact(at)[11:19])


def exact(at: datetime) -> str:
    """Write `2026-11-23 14:18:07 +08:00 (Asia/Shanghai)`."""
    return i18n.exact_instant(at, zone=settings().time_zone)


def days_until(value: date | datetime) -> int:
    """Count the days until a day: 0 is today, -1 was yesterday."""
    return (_day(value) - clock.today(settings().time_zone)).days


def days_left(value: date | datetime) -> str:
    """Say `3 days left`, `1 day left`, `today is the last day`, `expired`."""
    return i18n.days_left_words(days_until(value), language.current())


def days_tone(value: date | datetime) -> str:
    """Choose the tone of a date: bad up to three days away or past, care within a week, good beyond."""
    days = days_until(value)
    return "bad" if days <= 3 else "care" if days <= 7 else "good"


def share_tone(left: int, total: int) -> str:
    """Choose the tone of what is left of a whole: bad below a tenth, care below a quarter, good above."""
    percent_left = share_percent(left, total)
    return "bad" if percent_left < 10 else "care" if percent_left < 25 else "good"


def share_percent(left: int, total: int) -> int:
    """Give what is left of a whole in per cent, 0 to 100, rounded down."""
    return max(0, min(100, left * 100 // total)) if total > 0 else 0


def grouped(number_text: str) -> str:
    """Write a long number in groups of four: `8985 2000 2633 1880 6140`."""
    return " ".join(number_text[i : i + 4] for i in range(0, len(number_text), 4))


def gigabytes(megabytes: int | None) -> str:
    """Write `8.28 GB`, `614 MB`, or `unlimited` for None."""
    return i18n.quantity_words(megabytes, language.current())


def percent(bps: int) -> str:
    """Write basis points as `5%`."""
    return i18n.rate_words(bps, language.current())


def number(value: int) -> str:
    """Write `12,345`."""
    return f"{value:,}"


def masked(secret: str | None) -> str:
    """Show the last four signs of a secret, or of a shorter one nothing."""
    if not secret:
        return ""
    return "\N{BULLET}" * 4 + (secret[-4:] if len(secret) >= 8 else "")


def _asked_anew(write: Callable[..., Any]) -> Callable[..., Any]:
    """Keep Jinja from asking a filter once for all: it writes `{{ none | gigabytes }}` down when it compiles the page.

    Whoever opened the page first would then have chosen its language for everybody. A filter that takes the context is
    never asked before the page is written.
    """

    @pass_context
    @wraps(write)
    def asked(_context: Context, *values: Any) -> Any:
        return write(*values)

    return asked


def _money(amount: Money | tuple[int, str]) -> Money:
    return amount if isinstance(amount, Money) else Money(*amount)


def _day(value: date | datetime) -> date:
    if isinstance(value, datetime):
        return i18n.day_in(value, zone=settings().time_zone)
    return value


def _timed(at: datetime, words: str) -> Markup:
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact(at), words)
