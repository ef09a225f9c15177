"""Write a statement as a workbook: its sums, and every renewal a currency; the same values give the same bytes."""

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from portal.core.cells import harmless
from portal.core.money import exponent
from portal.payouts import filling, wording
from portal.payouts.listing import Line
from portal.payouts.statement import CurrencyPart, Figures, StatementContent
from portal.payouts.wording import both

OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}

BEFORE_HEADINGS: Final = 3
"""Columns of a currency's sheet before those of the headings: time, reference and what the customer paid."""


def render(content: StatementContent, lines: Mapping[str, Sequence[Line]]) -> bytes:
    """Write the workbook of a statement and its lines by currency; amounts are numbers with their currency's digits."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        # Without an instant of its own the library writes the present one: the bytes must not change.
        book.set_properties({"created": datetime.fromisoformat(content.made_at).astimezone(UTC).replace(tzinfo=None)})
        formats = {part.currency: book.add_format({"num_format": _pattern(part.currency)}) for part in content.parts}
        _summarize(book, content, formats)
        for part in content.parts:
            _head(book.add_worksheet(part.currency), formats[part.currency])
    zone = ZoneInfo(content.zone)
    return filling.filled(
        file,
        {
            sheet: _rows_of(part, lines[part.currency], style=formats[part.currency].xf_index, zone=zone)
            for sheet, part in enumerate(content.parts, 2)
        },
    )


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


def _head(sheet: Any, format_: Any) -> None:
    sheet.freeze_panes(1, 2)
    heads = [wording.TIME, wording.REFERENCE, wording.SOLD, *wording.HEADINGS.values(), wording.CLOSING]
    for column, words in enumerate(heads):
        sheet.write_string(0, column, both(words))
    sheet.set_column(0, 1, 16)
    sheet.set_column(2, len(heads) - 1, 16, format_)


def _rows_of(part: CurrencyPart, lines: Sequence[Line], *, style: int, zone: ZoneInfo) -> Iterator[list[str]]:
    columns = {
        heading.value: xl_col_to_name(column) for column, heading in enumerate(wording.HEADINGS, BEFORE_HEADINGS)
    }
    closing = xl_col_to_name(BEFORE_HEADINGS + len(columns))
    scale = 10 ** exponent(part.currency)
    balance = part.opening_minor
    for row, line in enumerate(lines, 2):
        balance += line.net_minor
        cells = [
            filling.words(f"A{row}", line.at.astimezone(zone).isoformat(" ", "minutes")[:16]),
            filling.words(f"B{row}", line.reference),
        ]
        if line.sold_minor is not None:
            cells.append(filling.number(f"C{row}", line.sold_minor / scale, style))
        cells += [
            filling.number(f"{columns[heading]}{row}", line.moved[heading] / scale, style)
            for heading in columns
            if heading in line.moved
        ]
        cells.append(filling.number(f"{closing}{row}", balance / scale, style))
        yield cells


def _rows() -> list[tuple[str, str]]:
    return [wording.SALES, wording.SOLD, wording.OPENING, *wording.HEADINGS.values(), wording.CLOSING]


def _moved(figures: Figures) -> list[int]:
    return [figures.under(heading) for heading in wording.HEADINGS]


def _amount(sheet: Any, place: tuple[int, int], minor: int, currency: str, format_: Any) -> None:
    # A spreadsheet knows no whole minor units: its cell is the only place where an amount becomes a float.
    sheet.write_number(*place, minor / 10 ** exponent(currency), format_)


def _pattern(currency: str) -> str:
    digits = exponent(currency)
    return "#,##0" + ("." + "0" * digits if digits else "")
