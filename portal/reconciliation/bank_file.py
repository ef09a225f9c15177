"""A file of what providers' payouts brought to the bank: read whole or refused with the place of the first fault."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from portal.catalogue import sheet
from portal.core import cells
from portal.core.actor import Actor
from portal.core.errors import InvalidInput, NotFound
from portal.core.money import Money, exponent, parse_amount
from portal.reconciliation import arriving

COLUMNS = ("provider", "bank_reference", "amount", "currency", "received_on")

MOST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file, with its number."""

    line: int
    provider: str
    bank_reference: str
    amount: Money
    received_on: date


def bring(content: bytes, *, actor: Actor) -> int:
    """Record every line of a file, or none; tell how many there are. The same file again changes nothing.

    Raises:
        InvalidInput: the file cannot be read; or `bank_file_line`, with the `line` and the `why` of it.
    """
    rows = list(read(sheet.decode(content)))
    for row in rows:
        try:
            arriving.record(
                provider=row.provider,
                amount=row.amount,
                bank_reference=row.bank_reference,
                received_on=row.received_on,
                actor=actor,
            )
        except NotFound as error:
            raise _faulty(row.line, "provider") from error
        except InvalidInput as error:
            raise _faulty(row.line, str(error.parts["field"])) from error
    return len(rows)


def read(text: str) -> Iterator[Row]:
    """Read the lines of a file.

    Raises:
        InvalidInput: the header or a line cannot be read, or there are too many lines.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        unknown = [name[:40] for name in header if name not in COLUMNS or header.count(name) > 1]
        if missing or unknown:
            raise InvalidInput(
                field="file",
                reason="file_columns",
                missing=", ".join(missing) or "-",
                unknown=", ".join(unknown) or "-",
            )
        for count, row in enumerate((row for row in reader if any(cell.strip() for cell in row)), start=1):
            if count > MOST_ROWS:
                raise InvalidInput(field="file", reason="file_too_many_rows", most=MOST_ROWS)
            if len(row) != len(header):
                raise _faulty(reader.line_num, "columns")
            yield _row(reader.line_num, dict(zip(header, (cells.meant(cell.strip()) for cell in row), strict=True)))
    except csv.Error as error:
        raise InvalidInput(field="file", reason="file_unreadable", line=reader.line_num) from error


def _row(line: int, row: dict[str, str]) -> Row:
    currency = row["currency"].upper()
    try:
        exponent(currency)
    except ValueError as error:
        raise _faulty(line, "currency") from error
    try:
        amount = parse_amount(row["amount"], currency)
    except InvalidInput as error:
        raise _faulty(line, "amount") from error
    try:
        received_on = date.fromisoformat(row["received_on"])
    except ValueError as error:
        raise _faulty(line, "received_on") from error
    return Row(line, row["provider"].lower(), row["bank_reference"], amount, received_on)


def _faulty(line: int, column: str) -> InvalidInput:
    return InvalidInput(field="file", reason="bank_file_line", line=line, column=column)
