"""Suspend users, let them back, change their role and their language."""

from portal.accounts import sessions
from portal.accounts.errors import OwnAccount
from portal.accounts.models import Role, User
from portal.audit import log
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput


def suspend(user: User, *, actor: Actor) -> None:
    """Keep a user from signing in and end every session they have.

    Raises:
        OwnAccount: the actor is the user.
    """
    if actor.id == user.id:
        raise OwnAccount
    if user.is_suspended:
        return
    user.suspended_at = clock.now()
    db.session.flush()
    sessions.end_all_of_user(user.id)
    log.record(actor=actor, act="users.suspend", subject=("user", user.id))


def restore(user: User, *, actor: Actor) -> None:
    """Let a suspended user sign in again."""
    if not user.is_suspended:
        return
    user.suspended_at = None
    db.session.flush()
    log.record(actor=actor, act="users.restore", subject=("user", user.id))


def change_role(user: User, role: Role, *, actor: Actor) -> None:
    """Give a user another role on the same side of the house, and end every session they have.

    Raises:
        OwnAccount: the actor is the user.
        InvalidInput: an agent's person cannot become the operator's, nor the other way.
    """
    if actor.id == user.id:
        raise OwnAccount
    if role.is_staff != user.role.is_staff:
        raise InvalidInput(field="role", reason="role_of_other_side")
    before = user.role
    user.role = role
    db.session.flush()
    sessions.end_all_of_user(user.id)
    log.record(
        actor=actor,
        act="users.change_role",
        subject=("user", user.id),
        before={"role": before},
        after={"role": role},
    )


def remember_language(user: User, language: str) -> None:
    """Keep the language that a user chose, for mails and for their next browser."""
    user.locale = language
    db.session.flush()
