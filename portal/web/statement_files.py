"""Send a file of a commission statement to who may have it."""

from werkzeug.wrappers import Response

from portal.core.errors import NotFound
from portal.payouts import filing
from portal.payouts.models import Statement
from portal.web import downloads

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
    name = f"statement-{statement.month_on:%Y-%m}.{kind}"
    return downloads.send(filing.file_of(statement, kind), name=name, media_type=TYPES[kind])
