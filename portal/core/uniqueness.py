"""Meet somebody who wrote the same unique thing a moment ago."""

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from portal.core.db import RunAgain, db


def flush(*constraints: str) -> None:
    """Write what waits in the session, and run the act again where one of the unique constraints refuses.

    The act looked first and found nothing in the way, so somebody was quicker: its next look finds their row. What any
    other constraint refuses is a mistake, which looking again would not mend.

    Raises:
        RunAgain: a row with the same value was written since the act looked.
    """
    try:
        db.session.flush()
    except IntegrityError as error:
        refused = error.orig
        if isinstance(refused, UniqueViolation) and refused.diag.constraint_name in constraints:
            raise RunAgain from error
        raise
