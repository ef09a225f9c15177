"""Invite users by mail; accepting an invitation chooses the password."""

from uuid import UUID

from portal.accounts import links, passwords, queries
from portal.accounts.errors import EmailTaken, LinkSpent
from portal.accounts.links import Link, Purpose
from portal.accounts.models import Role, User
from portal.audit import log
from portal.core import letters
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.ids import new_id
from portal.core.settings import current as settings


def invite(
    *, email: str, name: str, role: Role, actor: Actor, agent_id: UUID | None = None, language: str | None = None
) -> User:
    """Add a user who has no password yet, and mail the link that lets them choose one.

    Raises:
        EmailTaken: another user has the address.
    """
    email = queries.normal_email(email)
    if queries.by_email(email) is not None:
        raise EmailTaken(field="email")
    user = User(id=new_id(), email=email, name=name, role=role, agent_id=agent_id, locale=language)
    db.session.add(user)
    db.session.flush()  # the mail and the audit log name the row
    log.record(
        actor=actor,
        act="users.invite",
        subject=("user", user.id),
        after={"role": role, "name": name, "agent_id": agent_id},
    )
    _mail_link(user)
    return user


def invite_again(user: User, *, actor: Actor) -> None:
    """Mail a fresh link to a user who has not accepted yet; the links sent before stay good until they expire."""
    if not user.is_invited:
        raise LinkSpent
    log.record(actor=actor, act="users.invite_again", subject=("user", user.id))
    _mail_link(user)


def invited_by(token: str) -> User:
    """Give the user whom an invitation link names, while it can still be accepted.

    Raises:
        LinkInvalid, LinkExpired: the token is not a good one.
        LinkSpent: the invitation was accepted already.
    """
    return _read(token)[0]


def accept(token: str, *, password: str, actor: Actor) -> User:
    """Choose the first password. The link is used up.

    Raises:
        InvalidInput: the password is not good enough; the link stays good.
        LinkInvalid, LinkExpired, LinkSpent: the token is not a good one.
    """
    user, link = _read(token)
    passwords.check_quality(password, email=user.email)
    links.spend(link)
    user.password_hash = passwords.make_hash(password)
    db.session.flush()
    log.record(actor=actor, act="users.accept_invitation", subject=("user", user.id))
    return user


def _read(token: str) -> tuple[User, Link]:
    link = links.read(Purpose.INVITATION, token)
    user = queries.by_id(link.subject_id)
    if not user.is_invited:
        raise LinkSpent
    return user, link


def _mail_link(user: User) -> None:
    language = user.locale or settings().default_language
    link = f"{settings().address}/invitation/{links.sign(Purpose.INVITATION, user.id)}"
    letters.send(
        "invitation",
        recipient=user.email,
        language=language,
        about=("user", user.id),
        name=user.name,
        role=user.role,
        link=link,
    )
