"""Write a statement as a workbook: its sums, and every renewal a currency; the same values give the same bytes."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from portal.core.cells import harmless
from portal.core.money import exponent
from portal.payouts import wording
from portal.payouts.listing import Line
from portal.payouts.statement import CurrencyPart, Figures, Heading, StatementContent
from portal.payouts.wording import both

OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def render(content: StatementContent, lines: Mapping[str, Sequence[Line]]) -> bytes:
    """Write the workbook of a statement and its lines by currency; amounts are numbers with their currency's digits."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        # Without an instant of its own the library writes the present one: the bytes must not change.
        book.set_properties({"created": datetime.fromisoformat(content.made_at).astimezone(UTC).replace(tzinfo=None)})
        formats = {part.currency: book.add_format({"num_format": _pattern(part.currency)}) for part in content.parts}
        _summarize(book, content, formats)
        for part in content.parts:
            _list(book, part, lines[part.currency], formats[part.currency], zone=ZoneInfo(content.zone))
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


def _list(book: Any, part: CurrencyPart, lines: Sequence[Line], format_: Any, *, zone: ZoneInfo) -> None:
    sheet = book.add_worksheet(part.currency)
    sheet.freeze_panes(1, 2)
    heads = [wording.TIME, wording.REFERENCE, wording.SOLD, *wording.HEADINGS.values(), wording.CLOSING]
    for column, words in enumerate(heads):
        sheet.write_string(0, column, both(words))
    sheet.set_column(0, len(heads) - 1, 16)
    columns = {heading.value: column for column, heading in enumerate(Heading, 3)}
    scale, last = 10 ** exponent(part.currency), len(heads) - 1
    balance = part.opening_minor
    for row, line in enumerate(lines, 1):
        balance += line.net_minor
        sheet.write_string(row, 0, f"{line.at.astimezone(zone):%Y-%m-%d %H:%M}")
        sheet.write_string(row, 1, line.reference)
        if line.sold_minor is not None:
            sheet.write_number(row, 2, line.sold_minor / scale, format_)
        for heading, minor in line.moved.items():
            sheet.write_number(row, columns[heading], minor / scale, format_)
        sheet.write_number(row, last, balance / scale, format_)


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
