"""Mails as pages read them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from portal.core import names
from portal.core.db import db, existing
from portal.core.mail import Mail
from portal.core.pages import Page, newest_first


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails somebody looks for; empty and None mean anything. `text` is in the recipient or the subject."""

    text: str = ""
    kind: str = ""
    is_sent: bool | None = None


def matching(wanted: MailFilter, *, older: str | None = None, newer: str | None = None) -> Page[Mail]:
    """Page through the mails that match, the newest first."""
    query = select(Mail)
    if text := names.searchable(wanted.text):
        query = query.where(
            or_(Mail.recipient.icontains(text, autoescape=True), Mail.subject.icontains(text, autoescape=True))
        )
    if wanted.kind:
        query = query.where(Mail.kind == wanted.kind)
    if wanted.is_sent is not None:
        query = query.where(Mail.sent_at.is_not(None) if wanted.is_sent else Mail.sent_at.is_(None))
    return newest_first(query, Mail.id, older=older, newer=newer)


def by_id(mail_id: UUID) -> Mail:
    """Give a mail.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Mail, mail_id))


def about(subject_id: UUID) -> list[Mail]:
    """List the mails about one subject, oldest first, at most 50."""
    return list(db.session.scalars(select(Mail).where(Mail.subject_id == subject_id).order_by(Mail.id).limit(50)))
