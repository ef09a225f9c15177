"""Change a password, knowing the old one or holding a link from one's mail."""

import hashlib

from portal.accounts import links, passwords, queries, sessions
from portal.accounts.errors import LinkSpent
from portal.accounts.links import Link, Purpose
from portal.accounts.models import User
from portal.audit import log
from portal.core import letters
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.settings import current as settings


def change_password(user: User, *, old: str, new: str, actor: Actor) -> None:
    """Change one's own password and end every session of the user.

    Raises:
        InvalidInput: the old password is wrong, or the new one is not good enough or the same.
    """
    if not passwords.matches(old, user.password_hash):
        raise InvalidInput(field="old_password", reason="password_wrong")
    if old == new:
        raise InvalidInput(field="password", reason="password_unchanged")
    _set_password(user, new, act="users.change_password", actor=actor)


def send_link(email: str, *, actor: Actor) -> None:
    """Mail a link that opens the page for a new password; an address nobody has gets nothing, and nobody learns it."""
    user = queries.by_email(email)
    if user is None or user.is_suspended or user.password_hash is None:
        return
    language = user.locale or settings().default_language
    token = links.sign(Purpose.RECOVERY, user.id, password=_fingerprint(user.password_hash))
    letters.send(
        "recovery",
        recipient=user.email,
        language=language,
        about=("user", user.id),
        name=user.name,
        link=f"{settings().address}/new-password/{token}",
    )
    log.record(actor=actor, act="users.recover_password", subject=("user", user.id))


def recovering(token: str) -> User:
    """Give the user whom a recovery link names, while the password it was sent for still stands.

    Raises:
        LinkInvalid, LinkExpired, LinkSpent: the token is not a good one.
    """
    return _read(token)[0]


def choose_password(token: str, *, password: str, actor: Actor) -> User:
    """Set a new password by a mailed link, use the link up and end every session of the user.

    Raises:
        InvalidInput: the password is not good enough; the link stays good.
        LinkInvalid, LinkExpired, LinkSpent: the token is not a good one.
    """
    user, link = _read(token)
    passwords.check_quality(password, email=user.email)
    links.spend(link)
    _set_password(user, password, act="users.choose_password", actor=actor)
    return user


def _read(token: str) -> tuple[User, Link]:
    link = links.read(Purpose.RECOVERY, token)
    user = queries.by_id(link.subject_id)
    is_current = user.password_hash is not None and link.facts["password"] == _fingerprint(user.password_hash)
    if not is_current or user.is_suspended:
        raise LinkSpent
    return user, link


def _set_password(user: User, password: str, *, act: str, actor: Actor) -> None:
    passwords.check_quality(password, email=user.email)
    user.password_hash = passwords.make_hash(password)
    db.session.flush()
    sessions.end_all_of_user(user.id)
    log.record(actor=actor, act=act, subject=("user", user.id))


def _fingerprint(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]
