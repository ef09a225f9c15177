"""Write a statement as a workbook: the summary a currency, and every day; the same values give the same bytes."""

import io
from datetime import UTC, datetime
from typing import Any, Final

import xlsxwriter

from portal.core.cells import harmless
from portal.core.money import exponent
from portal.payouts import wording
from portal.payouts.statement import CurrencyPart, Figures, Heading, StatementContent
from portal.payouts.wording import both

OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def render(content: StatementContent) -> bytes:
    """Write the workbook; amounts are numbers with their currency's digits."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        # Without an instant of its own the library writes the present one: the bytes must not change.
        book.set_properties({"created": datetime.fromisoformat(content.made_at).astimezone(UTC).replace(tzinfo=None)})
        formats = {part.currency: book.add_format({"num_format": _pattern(part.currency)}) for part in content.parts}
        _summarize(book, content, formats)
        for part in content.parts:
            _list_days(book, part, formats[part.currency])
    return file.getvalue()


def _summarize(book: Any, content: StatementContent, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(wording.SUMMARY[1])
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, len(content.parts), 18)
    heads = (
        (both(wording.TITLE), content.issuer_name_en),
        (both(wording.AGENT), f"{content.agent_name_zh} {content.agent_name_en} {content.licence_number}"),
        (both(wording.MONTH), content.month[:7]),
    )
    for row, (name, value) in enumerate(heads):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, harmless(value))
    names = [both(words) for words in _rows()]
    for row, name in enumerate(names, 5):
        sheet.write_string(row, 0, name)
    for column, part in enumerate(content.parts, 1):
        sheet.write_string(4, column, part.currency)
        sheet.write_number(5, column, part.whole.sales)
        amounts = [part.whole.sales_minor, part.opening_minor, *_moved(part.whole), part.closing_minor]
        for row, minor in enumerate(amounts, 6):
            _amount(sheet, (row, column), minor, part.currency, formats[part.currency])


def _list_days(book: Any, part: CurrencyPart, format_: Any) -> None:
    sheet = book.add_worksheet(part.currency)
    sheet.freeze_panes(1, 1)
    heads = [wording.DAY, wording.SALES, wording.SOLD, *wording.HEADINGS.values(), wording.CLOSING]
    for column, words in enumerate(heads):
        sheet.write_string(0, column, both(words))
    sheet.set_column(0, len(heads) - 1, 16)
    balance = part.opening_minor
    for row, (day, figures) in enumerate(part.days.items(), 1):
        balance += figures.net_minor
        sheet.write_string(row, 0, day)
        sheet.write_number(row, 1, figures.sales)
        for column, minor in enumerate([figures.sales_minor, *_moved(figures), balance], 2):
            _amount(sheet, (row, column), minor, part.currency, format_)


def _rows() -> list[tuple[str, str]]:
    return [wording.SALES, wording.SOLD, wording.OPENING, *wording.HEADINGS.values(), wording.CLOSING]


def _moved(figures: Figures) -> list[int]:
    return [figures.under(heading) for heading in Heading]


def _amount(sheet: Any, place: tuple[int, int], minor: int, currency: str, format_: Any) -> None:
    # A spreadsheet knows no whole minor units: its cell is the only place where an amount becomes a float.
    sheet.write_number(*place, minor / 10 ** exponent(currency), format_)


def _pattern(currency: str) -> str:
    digits = exponent(currency)
    return "#,##0" + ("." + "0" * digits if digits else "")
