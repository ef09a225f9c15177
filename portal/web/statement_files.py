"""Send a file of a commission statement to who may have it."""

from flask import make_response
from werkzeug.wrappers import Response

from portal.core.errors import NotFound
from portal.payouts import filing
from portal.payouts.models import Statement

TYPES = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def send(statement: Statement, kind: str) -> Response:
    """Send a statement to keep, as `pdf` or `xlsx`.

    Raises:
        NotFound: there is no such kind.
        StatementNotReady: it is still being made.
        StatementFileDiffers: the stored bytes are gone or altered.
    """
    if kind not in TYPES:
        raise NotFound
    response = make_response(filing.file_of(statement, kind))
    response.mimetype = TYPES[kind]
    name = f"statement-{statement.month_on:%Y-%m}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
