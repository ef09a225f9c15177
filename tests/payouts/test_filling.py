"""Rows are put into a workbook that stands, and nothing in them is more than text or a number."""

import io
import zipfile

import xlsxwriter

from portal.payouts import filling


def bare() -> io.BytesIO:
    """Give a workbook of two sheets, each with a head of three cells."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        for name in ("Summary", "CNY"):
            book.add_worksheet(name).write_row(0, 0, ["Time", "Reference", "Sold"])
    return file


def sheet(number: int, *rows: list[str]) -> str:
    packed = zipfile.ZipFile(io.BytesIO(filling.filled(bare(), {2: rows})))
    assert packed.testzip() is None
    return packed.read(f"xl/worksheets/sheet{number}.xml").decode()


def test_rows_stand_below_the_head() -> None:
    filled = sheet(2, [filling.words("A2", "2026-10-01"), filling.number("C2", 105.5, 3)], [filling.words("A3", "x")])

    assert filled.count("<row ") == 3
    assert (
        '<row r="2"><c r="A2" t="inlineStr"><is><t>2026-10-01</t></is></c><c r="C2" s="3"><v>105.5</v></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    ) in filled
    assert '<dimension ref="A1:C3"/>' in filled


def test_other_sheets_stay_as_they_are() -> None:
    assert sheet(1, [filling.words("A2", "x")]) == sheet(1)


def test_what_looks_like_markup_or_a_formula_is_text() -> None:
    assert "<t>=1&lt;2&amp;3</t>" in sheet(2, [filling.words("A2", "=1<2&3")])


def test_numbers_keep_every_digit_that_an_amount_has() -> None:
    assert "<v>-9999999999.99</v>" in filling.number("A2", -999_999_999_999 / 100, 0)
    assert "<v>999999999.999</v>" in filling.number("A2", 999_999_999_999 / 1_000, 0)


def test_the_same_rows_give_the_same_bytes() -> None:
    rows = [[filling.words("A2", "x")]]

    book = bare()
    assert filling.filled(book, {2: rows}) == filling.filled(book, {2: rows})
