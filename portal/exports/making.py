"""Make an export's file: in chunks, with its progress written down, and shown under its name only when it is whole."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import xlsxwriter

from portal.core import clock, settings
from portal.core.cells import harmless
from portal.core.db import db, in_transaction
from portal.core.money import Money, exponent, to_decimal_text
from portal.exports import queries, wanting
from portal.exports.models import Export, ExportFormat
from portal.renewals import transactions
from portal.renewals.transactions import Transaction

COLUMNS = (
    "reference",
    "kind",
    "at",
    "state",
    "agent",
    "customer",
    "iccid",
    "plan",
    "currency",
    "amount",
    "commission_fee",
    "receipt",
)


class Sheet(Protocol):
    """A file being written, row by row."""

    def add(self, row: Transaction) -> None:
        """Write one transaction."""


def make(export_id: UUID) -> None:
    """Write the file of an export; doing it again writes the same file anew."""
    export = in_transaction(lambda: db.session.get_one(Export, export_id))
    if export.is_ready:
        return
    wanted = wanting.read(export.wanted)
    folder = queries.folder()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"transactions-{export.id}.{export.format.value}"
    draft = folder / f".{name}.part"
    done = 0
    with _sheet(export, draft) as sheet:
        for chunk in transactions.every(wanted):
            db.session.rollback()  # a long file must not hold a transaction open
            for row in chunk:
                sheet.add(row)
            done += len(chunk)
            _note(export_id, rows_done=done)
    draft.replace(folder / name)
    _note(export_id, rows_done=done, file_name=name)


def _note(export_id: UUID, *, rows_done: int, file_name: str | None = None) -> None:
    def write() -> None:
        export = db.session.get_one(Export, export_id)
        export.rows_done = rows_done
        if file_name:
            export.file_name = file_name
            export.finished_at = clock.now()

    in_transaction(write)


@contextmanager
def _sheet(export: Export, path: Path) -> Iterator[Sheet]:
    zone = ZoneInfo(settings.current().time_zone)
    if export.format is ExportFormat.CSV:
        # The byte order mark tells Excel that this is UTF-8; without it Chinese names come out wrong.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            yield CsvSheet(csv.writer(file), zone)
    else:
        # constant_memory writes each row to disk as it comes; formulas and links in cells stay text.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(path, options) as book:
            yield XlsxSheet(book, zone)


class CsvSheet:
    """Comma-separated rows: amounts with a point, instants in ISO 8601 with the operator's offset."""

    def __init__(self, writer: Any, zone: ZoneInfo) -> None:
        self._writer, self._zone = writer, zone
        writer.writerow(COLUMNS)

    def add(self, row: Transaction) -> None:
        """Write one transaction."""
        at = row.at.astimezone(self._zone).isoformat(timespec="seconds")
        amounts = [to_decimal_text(Money(row.amount_minor, row.currency)), _fee_text(row)]
        self._writer.writerow([*_texts(row, at), *amounts, row.receipt_number or ""])


class XlsxSheet:
    """A workbook: amounts as numbers with their currency's digits, instants as the operator's local time."""

    def __init__(self, book: Any, zone: ZoneInfo) -> None:
        self._sheet = book.add_worksheet("transactions")
        self._zone, self._row = zone, 0
        self._at = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._book, self._amounts = book, dict[str, Any]()
        self._sheet.freeze_panes(1, 0)
        self._write(COLUMNS)

    def add(self, row: Transaction) -> None:
        """Write one transaction."""
        number = self._row
        self._write(_texts(row, ""))
        self._sheet.write_datetime(number, 2, row.at.astimezone(self._zone).replace(tzinfo=None), self._at)
        self._amount(number, 9, row.amount_minor, row.currency)
        if row.fee_minor is not None:
            self._amount(number, 10, row.fee_minor, row.currency)
        self._sheet.write_string(number, 11, row.receipt_number or "")

    def _write(self, texts: Iterable[str]) -> None:
        for column, text in enumerate(texts):
            self._sheet.write_string(self._row, column, text)
        self._row += 1

    def _amount(self, row: int, column: int, minor: int, currency: str) -> None:
        digits = exponent(currency)
        if currency not in self._amounts:
            pattern = "#,##0" + ("." + "0" * digits if digits else "")
            self._amounts[currency] = self._book.add_format({"num_format": pattern})
        # A spreadsheet knows no whole minor units: its cell is the only place where an amount becomes a float.
        self._sheet.write_number(row, column, minor / 10**digits, self._amounts[currency])


def _texts(row: Transaction, at: str) -> list[str]:
    return [
        row.reference,
        row.kind,
        at,
        row.state or "",
        harmless(f"{row.agent_name_zh} {row.agent_name_en}"),
        harmless(row.customer_name or ""),
        row.iccid or "",
        row.plan_code or "",
        row.currency,
    ]


def _fee_text(row: Transaction) -> str:
    return "" if row.fee_minor is None else to_decimal_text(Money(row.fee_minor, row.currency))
