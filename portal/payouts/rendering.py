"""Make a statement's two files; doing it again writes the same bytes."""

import hashlib
from uuid import UUID

from portal.agents.telling import tell_owners
from portal.core import clock, settings
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payouts import document, filing, listing, statement, workbook
from portal.payouts.models import Statement
from portal.payouts.statement import StatementContent
from portal.receipts import storage


def render(statement_id: UUID) -> None:
    """Print a statement's PDF and write its workbook, and mark it ready; once to effect."""
    found = in_transaction(lambda: db.session.get_one(Statement, statement_id, populate_existing=True))
    if found.is_ready:
        return
    content = statement.from_json(found.content)
    lines = in_transaction(lambda: listing.of_statement(found, content))
    files = {"pdf": document.render(content), "xlsx": workbook.render(content, lines)}
    for kind, written in files.items():
        storage.write(filing.name_of(found, kind), written)
    in_transaction(lambda: _record(statement_id, content, files))


def _record(statement_id: UUID, content: StatementContent, files: dict[str, bytes]) -> None:
    found = db.session.get_one(Statement, statement_id, with_for_update={"of": Statement}, populate_existing=True)
    if not found.is_ready:
        found.pdf_sha256 = hashlib.sha256(files["pdf"]).hexdigest()
        found.xlsx_sha256 = hashlib.sha256(files["xlsx"]).hexdigest()
        found.rendered_at = clock.now()
        _tell(found, content)


def _tell(made: Statement, content: StatementContent) -> None:
    tell_owners(
        made.agent_id,
        "statement_ready",
        about=("statement", made.id),
        month=content.month[:7],
        closings=[Money(part.closing_minor, part.currency) for part in content.parts],
        link=f"{settings.current().address}/agent/payouts/",
    )
