"""Six-digit codes by mail: how customers sign in without a password."""

import hmac
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import SignInCode
from portal.accounts.queries import normal_email
from portal.core import clock, ids
from portal.core.crypto import vault
from portal.core.db import db
from portal.core.settings import current as settings

LIFETIME = timedelta(minutes=10)

MAX_ATTEMPTS = 5
"""Five guesses at a million codes: one in 200,000, and each new code costs a mail that is rate limited."""


def issue(email: str) -> str:
    """Make a code for an address, in place of any earlier one; gives the digits for the mail."""
    code = ids.digits_code()
    fresh = {
        "email": normal_email(email),
        "code_hash": _hash(email, code),
        "expires_at": clock.now() + LIFETIME,
        "attempts": 0,
    }
    db.session.execute(
        insert(SignInCode).values(fresh).on_conflict_do_update(index_elements=[SignInCode.email], set_={**fresh})
    )
    return code


def is_right(email: str, code: str) -> bool:
    """Count an attempt and tell whether the code is right; a right one is used up.

    The row is locked, so attempts at the same moment are counted one after the other.
    """
    row = db.session.scalar(
        select(SignInCode)
        .where(SignInCode.email == normal_email(email), SignInCode.expires_at > clock.now())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or row.attempts >= MAX_ATTEMPTS:
        return False
    if not hmac.compare_digest(row.code_hash, _hash(email, code)):
        row.attempts += 1
        db.session.flush()
        return False
    db.session.delete(row)
    db.session.flush()
    return True


def delete_expired() -> None:
    """Forget codes whose time is over."""
    db.session.execute(delete(SignInCode).where(SignInCode.expires_at <= clock.now()))


def _hash(email: str, code: str) -> bytes:
    # Keyed: a million codes are hashed in a second, so a plain hash of a stolen table would tell them.
    return vault(settings().encryption_key).lookup_hash(f"{normal_email(email)}:{code}")
