"""Turn a receipt's frozen content into PDF bytes: pure, the same bytes every time, from packaged files only."""

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import pydyf
from jinja2 import Template
from weasyprint import Document
from weasyprint.pdf.fonts import harfbuzz_subset

from portal.core.i18n import PaperLanguage
from portal.receipts import credit_note, crediting, fonts, legible, qr, specimen, statement
from portal.receipts.content import Paper, ReceiptContent, to_canonical_json
from portal.receipts.credit_note import CreditNoteContent
from portal.receipts.press import IN_PRINT, PackagedAssets, environment, style_sheet
from portal.receipts.statement import Statement
from portal.receipts.typesetting import WellFormed, cast
from portal.receipts.wording import BETWEEN

_ROLL_MARGIN: Final = 14
"""Points of blank paper below a receipt on a roll."""


class HarfbuzzSubsetMissing(UserWarning):
    """WeasyPrint cannot subset fonts natively, so a receipt takes over ten times as long."""


@dataclass(frozen=True, slots=True)
class _Press:
    """What every receipt of a process shares: fonts, templates, loaded images."""

    fonts: fonts.Fonts
    legible: legible.Legible
    templates: dict[Paper, Template]
    fetcher: PackagedAssets
    images: dict[str, Any]


def warm() -> None:
    """Print a specimen, so that the next receipt costs milliseconds instead of a second; done before a worker forks.

    Raises:
        FontsMissing: set-up has not cut the receipt fonts.
    """
    check_libraries()
    for paper in Paper:
        render(specimen.CONTENT, number=specimen.NUMBER, paper=paper)


def check_libraries() -> bool:
    """Warn when the native font subsetter is absent; tell whether it is there."""
    if harfbuzz_subset:
        return True
    warnings.warn(
        "libharfbuzz-subset0 (Debian) or harfbuzz (Homebrew) is missing: a receipt takes over ten times as long",
        HarfbuzzSubsetMissing,
        stacklevel=2,
    )
    return False


def render(
    content: ReceiptContent, *, number: str, language: PaperLanguage | None = None, paper: Paper = Paper.A4
) -> bytes:
    """Print a receipt as PDF; the same values give the same bytes, in any process.

    Args:
        content: what the receipt says.
        number: the receipt's number, such as `LEB-2026-0000123`.
        language: another language than the one the customer chose.
        paper: a sheet or a thermal roll.

    Raises:
        FontsMissing: set-up has not cut the receipt fonts.
    """
    language, press = PaperLanguage(language or content.language), _press()
    said = statement.say(press.legible.value(content), press.legible.text(number), language)
    return _print(said, canonical=to_canonical_json(content), number=number, language=language, paper=Paper(paper))


def render_credit_note(content: CreditNoteContent, *, number: str, language: PaperLanguage | None = None) -> bytes:
    """Print a credit note as PDF on a sheet, set as receipts are; the same values give the same bytes.

    Args:
        content: what the credit note says.
        number: its number, such as `CN-2026-0000001`.
        language: another language than the one the customer chose.

    Raises:
        FontsMissing: set-up has not cut the receipt fonts.
    """
    language, press = PaperLanguage(language or content.language), _press()
    said = crediting.say(press.legible.value(content), press.legible.text(number), language)
    canonical = credit_note.to_canonical_json(content)
    return _print(said, canonical=canonical, number=number, language=language, paper=Paper.A4)


def _print(said: Statement, *, canonical: str, number: str, language: PaperLanguage, paper: Paper) -> bytes:
    press = _press()
    text = press.templates[paper].render(receipt=said)
    identity = "\n".join((canonical, number, language, paper))

    def finish(document: Document, pdf: pydyf.PDF) -> None:
        page, end = qr.draw(document, pdf, said.address)
        if paper is Paper.THERMAL:
            _cut_roll(pdf, page, end)
        cast(pdf)

    with IN_PRINT:
        printed: bytes = WellFormed(text, press.fetcher).write_pdf(
            font_config=press.fonts.configuration,
            stylesheets=[style_sheet(f"receipt_{paper}", press.fonts.families_for(text))],
            cache=press.images,
            finisher=finish,
            pdf_identifier=hashlib.sha256(identity.encode()).hexdigest()[:32],
        )
    return printed


def _cut_roll(pdf: pydyf.PDF, page: int, end: float) -> None:
    """Cut the page below the last thing on it; `end` is in points from the top."""
    sheet = pdf.objects[pdf.pages["Kids"][3 * page]]
    left, _, right, top = sheet["MediaBox"]
    for box in ("MediaBox", "TrimBox", "BleedBox"):
        sheet[box] = pydyf.Array([left, top - end - _ROLL_MARGIN, right, top])


def _lines_short_of(text: str, other: str) -> int:
    """Count the lines that a text has less than the other; none when it has as many or more."""
    return max(0, other.count("\n") - text.count("\n"))


def _within(loaded: fonts.Fonts) -> Callable[..., bool]:
    """Make the test whether every line of a text fits a width in `mm` at a size in `pt`, unbroken."""

    def is_within(text: str, *, mm: int, pt: float) -> bool:
        limit = mm * 1000 * 72 / 25.4 / pt
        return all(loaded.width(line) <= limit for line in legible.plain(text).split("\n"))

    return is_within


def _folded(loaded: fonts.Fonts) -> Callable[..., str]:
    """Make the filter that gives the parts of a line a line each where the line is wider than `mm` at `pt`."""
    is_within = _within(loaded)

    def folded(text: str, *, mm: int, pt: float) -> str:
        lines = text.split("\n")
        return "\n".join(line if is_within(line, mm=mm, pt=pt) else line.replace(BETWEEN, "\n") for line in lines)

    return folded


@lru_cache(maxsize=1)
def _press() -> _Press:
    loaded = fonts.load()
    templates = environment()
    templates.filters.update(lines_short_of=_lines_short_of, folded=_folded(loaded))
    templates.tests["within"] = _within(loaded)
    return _Press(
        fonts=loaded,
        legible=legible.Legible(loaded),
        templates={paper: templates.get_template(f"receipt_{paper}.html") for paper in Paper},
        fetcher=PackagedAssets(),
        images={},
    )
