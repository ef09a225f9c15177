"""Mail the operator's own people."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.accounts.models import Role, User
from portal.core import letters, settings
from portal.core.db import db


def tell_finance(letter: str, *, about: tuple[str, UUID], **values: Any) -> None:
    """Mail everybody in finance, in their language; where nobody is, the administrators.

    `letter` is the template's name and the mail's kind; `name` in it is the reader's.
    """
    for reader in _working(Role.FINANCE) or _working(Role.ADMIN):
        language = reader.locale or settings.current().default_language
        letters.send(letter, recipient=reader.email, language=language, about=about, name=reader.name, **values)


def _working(role: Role) -> list[User]:
    found = db.session.scalars(
        select(User)
        .where(User.role == role, User.suspended_at.is_(None), User.password_hash.is_not(None))
        .order_by(User.id)
    )
    return list(found)
