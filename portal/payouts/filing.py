"""Where a statement's files lie, and giving them out unaltered."""

import hashlib

from portal.payouts.errors import StatementFileDiffers, StatementNotReady
from portal.payouts.models import Statement
from portal.receipts import storage


def name_of(statement: Statement, kind: str) -> str:
    """Tell where a file of a statement lies below `invoices/`; `kind` is `pdf` or `xlsx`."""
    return f"statements/{statement.month_on:%Y-%m}/{statement.id}.{kind}"


def file_of(statement: Statement, kind: str) -> bytes:
    """Give a statement's file, `pdf` or `xlsx`.

    Raises:
        StatementNotReady: it is still being made.
        StatementFileDiffers: the stored bytes are gone or altered.
    """
    wanted = statement.pdf_sha256 if kind == "pdf" else statement.xlsx_sha256
    if wanted is None:
        raise StatementNotReady
    try:
        content = storage.read(name_of(statement, kind))
    except FileNotFoundError:
        raise StatementFileDiffers from None
    if hashlib.sha256(content).hexdigest() != wanted:
        raise StatementFileDiffers
    return content
