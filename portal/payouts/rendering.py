"""Make a statement's two files; doing it again writes the same bytes."""

import hashlib
from uuid import UUID

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.payouts import document, filing, statement, workbook
from portal.payouts.models import Statement
from portal.receipts import storage


def render(statement_id: UUID) -> None:
    """Print a statement's PDF and write its workbook, and mark it ready; once to effect."""
    found = in_transaction(lambda: db.session.get_one(Statement, statement_id, populate_existing=True))
    if found.is_ready:
        return
    content = statement.from_json(found.content)
    files = {"pdf": document.render(content), "xlsx": workbook.render(content)}
    for kind, written in files.items():
        storage.write(filing.name_of(found, kind), written)
    in_transaction(lambda: _record(statement_id, files))


def _record(statement_id: UUID, files: dict[str, bytes]) -> None:
    found = db.session.get_one(Statement, statement_id, with_for_update={"of": Statement}, populate_existing=True)
    if not found.is_ready:
        found.pdf_sha256 = hashlib.sha256(files["pdf"]).hexdigest()
        found.xlsx_sha256 = hashlib.sha256(files["xlsx"]).hexdigest()
        found.rendered_at = clock.now()
