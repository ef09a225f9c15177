"""Sign in and out: recognise a password, open a session, and write both down, refusals too."""

from uuid import UUID

from portal.accounts import passwords, queries, sessions
from portal.accounts.models import User
from portal.audit import log
from portal.core.actor import Actor, ActorKind
from portal.core.db import db


def recognise(email: str, password: str) -> User | None:
    """Find the user whom an e-mail and a password open; None for unknown, wrong, invited and suspended alike.

    Takes the same time in every case. Called outside a transaction: hashing is slow on purpose.
    """
    user = queries.by_email(email)
    # Nothing was changed; give the connection back before the slow part.
    db.session.rollback()
    is_right = passwords.matches(password, user.password_hash if user else None)
    return user if is_right and user is not None and not user.is_suspended else None


def sign_in(user: User, *, visitor: Actor, user_agent: str | None) -> str:
    """Open a session for a recognised user; gives the token for the cookie."""
    token = sessions.open_for_user(user.id, address=visitor.address, user_agent=user_agent)
    log.record(
        actor=as_actor(user, visitor=visitor), act="sign_in", subject=("user", user.id), after={"role": user.role}
    )
    return token


def refuse(email: str, *, visitor: Actor) -> None:
    """Write down that somebody failed to sign in; the address typed is kept only as the account it belongs to."""
    user = queries.by_email(email)
    log.record(actor=visitor, act="sign_in_refused", subject=("user", user.id if user else None))


def sign_in_customer(customer_id: UUID, *, email: str, actor: Actor, user_agent: str | None, by: str) -> str:
    """Open a session for a customer who got a link or a code (`by`) at `email`; gives the token for the cookie."""
    token = sessions.open_for_customer(customer_id, email=email, address=actor.address, user_agent=user_agent)
    log.record(actor=actor, act="sign_in", subject=("customer", customer_id), after={"by": by})
    return token


def sign_out(token: str, *, actor: Actor) -> None:
    """End the session of a token."""
    sessions.end(token)
    log.record(actor=actor, act="sign_out", subject=(actor.kind.value, actor.id))


def as_actor(user: User, *, visitor: Actor) -> Actor:
    """Give the user as an actor, at the address and in the request of the visitor they turned out to be."""
    return Actor(ActorKind.USER, user.id, user.name, visitor.address, visitor.request_id)
