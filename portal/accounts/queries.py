"""Users and sessions as pages read them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from portal.accounts.models import SignInSession, User
from portal.core import clock
from portal.core.db import db, existing


def normal_email(text: str) -> str:
    """Write an e-mail address the one way it is compared: without space around it, in lower case."""
    return text.strip().lower()


def by_email(email: str) -> User | None:
    """Find a user by e-mail, in any case of letters."""
    return db.session.scalar(select(User).where(func.lower(User.email) == normal_email(email)))


def by_id(user_id: UUID) -> User:
    """Give a user.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(User, user_id))


def of_agent(agent_id: UUID) -> Sequence[User]:
    """List an agent's owner and clerks, the first invited first."""
    return db.session.scalars(select(User).where(User.agent_id == agent_id).order_by(User.id)).all()


def staff() -> Sequence[User]:
    """List the operator's own people, the first invited first."""
    return db.session.scalars(select(User).where(User.agent_id.is_(None)).order_by(User.id)).all()


def open_sessions_of(user_id: UUID) -> Sequence[SignInSession]:
    """List where a user is signed in, the latest first."""
    return db.session.scalars(
        select(SignInSession)
        .where(SignInSession.user_id == user_id, SignInSession.expires_at > clock.now())
        .order_by(SignInSession.opened_at.desc())
    ).all()
