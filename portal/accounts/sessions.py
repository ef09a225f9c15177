"""Sessions on the server: opened at sign-in, ended at sign-out, password change, role change and suspension."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from portal.accounts.models import SignInSession, User
from portal.core import clock
from portal.core.db import db

USER_LIFETIME = timedelta(hours=12)
"""A working day at a counter."""

USER_IDLE = timedelta(hours=4)
"""Nobody is at the counter any more."""

CUSTOMER_LIFETIME = timedelta(days=30)
"""Customers come back when a trip or a month ends."""

SEEN_EVERY = timedelta(minutes=1)
"""`seen_at` is written at most this often, so that reading pages does not mean writing rows."""


def open_for_user(user_id: UUID, *, address: str | None, user_agent: str | None) -> str:
    """Open a session for a user; gives the token for the cookie, which is not kept here."""
    return _open(
        SignInSession(user_id=user_id, expires_at=clock.now() + USER_LIFETIME), address=address, agent=user_agent
    )


def open_for_customer(customer_id: UUID, *, email: str, address: str | None, user_agent: str | None) -> str:
    """Open a session for a customer who reads mail at `email`; gives the token for the cookie."""
    return _open(
        SignInSession(customer_id=customer_id, email=email.lower(), expires_at=clock.now() + CUSTOMER_LIFETIME),
        address=address,
        agent=user_agent,
    )


def find(token: str) -> tuple[SignInSession, User | None] | None:
    """Find the open session of a token with its user, in one select; None when it ended or its user is suspended."""
    now = clock.now()
    row = db.session.execute(
        select(SignInSession, User)
        .outerjoin(User, User.id == SignInSession.user_id)
        .where(
            SignInSession.token_hash == _hash(token),
            SignInSession.expires_at > now,
            (SignInSession.user_id.is_(None)) | (SignInSession.seen_at > now - USER_IDLE),
            User.suspended_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def is_due_for_touch(session: SignInSession) -> bool:
    """Tell whether `seen_at` is old enough to be written again."""
    return session.seen_at < clock.now() - SEEN_EVERY


def touch(session: SignInSession) -> None:
    """Write that the session was used just now."""
    db.session.execute(
        update(SignInSession)
        .where(SignInSession.token_hash == session.token_hash)
        .values(seen_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def end(token: str) -> None:
    """End one session; one that ended already is no failure."""
    db.session.execute(delete(SignInSession).where(SignInSession.token_hash == _hash(token)))


def end_all_of_user(user_id: UUID) -> None:
    """End every session of a user, on every machine."""
    db.session.execute(delete(SignInSession).where(SignInSession.user_id == user_id))


def delete_expired() -> int:
    """Delete sessions that expired; gives how many."""
    expired = delete(SignInSession).where(SignInSession.expires_at <= clock.now())
    return len(db.session.execute(expired.returning(SignInSession.token_hash)).fetchall())


def _open(session: SignInSession, *, address: str | None, agent: str | None) -> str:
    token = secrets.token_urlsafe(32)
    session.token_hash = _hash(token)
    session.opened_at = session.seen_at = clock.now()
    session.address = address
    session.user_agent = (agent or "")[:300] or None
    db.session.add(session)
    db.session.flush()  # the caller signs the browser in with this token next: the row must stand
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
