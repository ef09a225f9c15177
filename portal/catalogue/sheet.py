"""The catalogue as a CSV file: read with every fault named by its place, written so that it reads back the same."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.catalogue import offers
from portal.catalogue.offers import PlanOffer
from portal.core import cells
from portal.core.errors import InvalidInput

COLUMNS = ("code", *offers.FIELDS)

REGION_SEPARATOR = ";"

LARGEST_BYTES = 2 * 1024 * 1024
"""Some 10,000 plans; more is a mistake or an attack."""

MOST_ROWS = 10_000

MOST_COLUMNS = 50
"""A header wider than this is not looked at."""

_TEXT_COLUMNS = frozenset({"code", "carrier", "name_en", "name_zh"})
_WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell, or with a whole line when `column` is None; `reason` and `parts` are worded."""

    line: int
    column: str | None
    reason: str
    parts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A sound line of the file."""

    line: int
    code: str
    offer: PlanOffer


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sound lines and the faults of a file, each in the order of its lines."""

    rows: list[PlanRow]
    faults: list[Fault]


def decode(content: bytes) -> str:
    """Give the text of an uploaded file, without its byte order mark.

    Raises:
        InvalidInput: `file_missing`, `file_too_large`, `file_encoding` (not UTF-8; with its `line`), `file_nul`.
    """
    if not content:
        raise _refusal("file_missing")
    if len(content) > LARGEST_BYTES:
        raise _refusal("file_too_large", megabytes=LARGEST_BYTES // 1024**2)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal("file_encoding", line=content.count(b"\n", 0, error.start) + 1) from error
    if "\0" in text:
        raise _refusal("file_nul", line=text.count("\n", 0, text.index("\0")) + 1)
    return text


def read(text: str) -> Sheet:
    """Read the text of a file.

    Raises:
        InvalidInput: the file as a whole cannot be read: `file_empty`, `file_columns` (parts: `missing`, `unknown`),
            `file_too_many_columns`, `file_too_many_rows`, `file_unreadable` (with its `line`).
    """
    listed = lines(text)
    header = header_of(listed, COLUMNS)
    sheet = Sheet([], [])
    first_lines: dict[str, int] = {}
    for count, (line, row) in enumerate(listed, start=1):
        if count > MOST_ROWS:
            raise _refusal("file_too_many_rows", most=MOST_ROWS)
        read_row, faults = _read_row(line, header, row)
        if read_row and (first := first_lines.setdefault(read_row.code, line)) != line:
            faults = [Fault(line, "code", "duplicate_in_file", {"first": first})]
        sheet.faults.extend(faults)
        if read_row and not faults:
            sheet.rows.append(read_row)
    return sheet


def write(plans: Iterable[tuple[str, PlanOffer]]) -> str:
    """Write plans under their codes, for Excel as well: with a byte order mark, and no cell that is a formula."""
    rows = ([_cell(code), *(_cell(getattr(offer, name)) for name in offers.FIELDS)] for code, offer in plans)
    return write_rows(COLUMNS, rows)


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a file with a byte order mark, so that Excel reads it as UTF-8; the cells are harmless already."""
    text = io.StringIO(newline="")
    text.write(_BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return cells.harmless(REGION_SEPARATOR.join(value) if isinstance(value, tuple) else str(value))


def lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give every line that holds something, with the number of the line it begins on.

    Raises:
        InvalidInput: `file_unreadable` (with its `line`).
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _refusal("file_unreadable", line=begins) from error


def header_of(listed: Iterator[tuple[int, list[str]]], columns: Sequence[str]) -> list[str]:
    """Take the first line of a file: the names of just these columns, in any order.

    Raises:
        InvalidInput: `file_empty`, `file_columns` (parts: `missing`, `unknown`), `file_too_many_columns`.
    """
    header = [name.strip().lower() for name in next(listed, (0, []))[1]]
    if not header:
        raise _refusal("file_empty")
    if len(header) > MOST_COLUMNS:
        raise _refusal("file_too_many_columns", most=len(columns))
    missing = [name for name in columns if name not in header]
    unknown = [name[:40] for name in header if name not in columns or header.count(name) > 1]
    if missing or unknown:
        raise _refusal("file_columns", missing=", ".join(missing) or "-", unknown=", ".join(unknown) or "-")
    return header


def read_cells(
    line: int, header: Sequence[str], row: Sequence[str], read: Callable[[str, str], Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """Read a line's cells into values by column; `read` gets a column and its cell, and refuses what it cannot be."""
    if len(row) != len(header):
        return {}, [Fault(line, None, "row_columns", {"found": len(row), "expected": len(header)})]
    values: dict[str, Any] = {}
    faults = []
    for column, cell in zip(header, row, strict=True):
        try:
            values[column] = read(column, cell)
        except InvalidInput as refusal:
            parts = dict(refusal.parts)
            faults.append(Fault(line, column, parts.pop("reason"), parts))
    return values, faults


def _read_row(line: int, header: list[str], row: list[str]) -> tuple[PlanRow | None, list[Fault]]:
    values, faults = read_cells(line, header, row, _read_cell)
    return None if faults else PlanRow(line, values.pop("code"), PlanOffer(**values)), faults


def _read_cell(column: str, cell: str) -> Any:
    cell = cell.strip(" \u3000")
    if column in _TEXT_COLUMNS:
        if cells.is_formula(cell):
            raise InvalidInput(field=column, reason="cell_formula")
        cell = cells.meant(cell)
    if column == "code":
        return offers.read_code(cell)
    return offers.normal_field(column, _PARSERS.get(column, str)(cell))


def _whole_number(column: str) -> Callable[[str], int]:
    def parse(cell: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(cell):
            raise InvalidInput(field=column, reason="number_invalid")
        return int(cell)

    return parse


_PARSERS: dict[str, Callable[[str], Any]] = {
    "data_mb": lambda cell: _whole_number("data_mb")(cell) if cell else None,
    "regions": lambda cell: cell.split(REGION_SEPARATOR),
    **{name: _whole_number(name) for name in ("validity_days", "price_minor", "cost_minor", "tax_bps")},
}


def _refusal(reason: str, **parts: Any) -> InvalidInput:
    return InvalidInput(field="file", reason=reason, **parts)
