"""Print a statement as PDF: pure, the same bytes every time, with the receipts' press. Only the worker imports this."""

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Template

from portal.core import i18n
from portal.core.money import Money
from portal.payouts import statement, wording
from portal.payouts.statement import CurrencyPart, StatementContent
from portal.payouts.wording import both
from portal.receipts import fonts, legible
from portal.receipts.press import IN_PRINT, PackagedAssets, environment, style_sheet
from portal.receipts.typesetting import WellFormed, cast

_LANGUAGE: Final = "en"
"""Figures are grouped as in English on the bilingual paper; the currency's code stands beside them."""


def render(content: StatementContent) -> bytes:
    """Print a statement.

    Raises:
        FontsMissing: set-up has not cut the receipt fonts.
    """
    said = _made_legible(_say(content))
    html = _template().render(paper=said)
    loaded = fonts.load()
    with IN_PRINT:
        printed: bytes = WellFormed(html, PackagedAssets()).write_pdf(
            font_config=loaded.configuration,
            stylesheets=[style_sheet("statement", loaded.families_for(html))],
            finisher=lambda _document, pdf: cast(pdf),
            pdf_identifier=hashlib.sha256(statement.to_json(content).encode()).hexdigest()[:32],
        )
    return printed


def _say(content: StatementContent) -> dict[str, Any]:
    made = datetime.fromisoformat(content.made_at).astimezone(ZoneInfo(content.zone))
    return {
        "title": both(wording.TITLE),
        "month": content.month[:7],
        "issuer": f"{content.issuer_name_zh} {content.issuer_name_en}",
        "agent": f"{content.agent_name_zh} {content.agent_name_en}",
        "agent_word": both(wording.AGENT),
        "licence": content.licence_number,
        "parts": [_say_part(part) for part in content.parts],
        "made": f"{both(wording.MADE)} {made:%Y-%m-%d %H:%M} ({content.zone})",
    }


def _say_part(part: CurrencyPart) -> dict[str, Any]:
    shown = [
        (both(words), _figures(part.whole.under(heading), part.currency))
        for heading, words in wording.HEADINGS.items()
        if heading in wording.ALWAYS_SHOWN or part.whole.under(heading)
    ]
    return {
        "currency": part.currency,
        "sales": (both(wording.SALES), f"{part.whole.sales:,}"),
        "sold": (both(wording.SOLD), _figures(part.whole.sales_minor, part.currency)),
        "opening": (both(wording.OPENING), _figures(part.opening_minor, part.currency)),
        "rows": shown,
        "closing": (both(wording.CLOSING), f"{part.currency} {_figures(part.closing_minor, part.currency)}"),
        "carried": both(wording.CARRIED) if part.closing_minor < 0 else "",
    }


def _figures(minor: int, currency: str) -> str:
    return i18n.sum_figures(Money(minor, currency), _LANGUAGE)


def _made_legible(value: Any) -> Any:
    """Make every text of nested plain values safe to set."""
    if isinstance(value, str):
        return _legible().text(value)
    if isinstance(value, dict):
        return {name: _made_legible(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_made_legible(part) for part in value]
    return value


@lru_cache(maxsize=1)
def _legible() -> legible.Legible:
    return legible.Legible(fonts.load())


@lru_cache(maxsize=1)
def _template() -> Template:
    return environment().get_template("statement.html")
