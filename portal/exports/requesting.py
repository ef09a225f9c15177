"""Ask for a list as a file; the worker makes it."""

from portal.audit import log
from portal.core import outbox
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import NotAllowed
from portal.exports import wanting
from portal.exports.models import Export, ExportFormat
from portal.renewals.transactions import TransactionFilter


def request(*, wanted: TransactionFilter, export_format: ExportFormat, language: str, actor: Actor) -> Export:
    """Note that a user wants the transactions of a filter as a file.

    Raises:
        NotAllowed: only users take lists away.
    """
    if actor.id is None:
        raise NotAllowed
    export = Export(user_id=actor.id, format=export_format, wanted=wanting.write(wanted), language=language)
    db.session.add(export)
    db.session.flush()  # the outbox row below names it
    outbox.add("exports.make", export.id)
    log.record(actor=actor, act="exports.request", subject=("export", export.id), after=export.wanted)
    return export
