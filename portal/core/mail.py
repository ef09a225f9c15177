"""Mails as rows: composed in the act's transaction, sent by the worker, and listed for admins."""

import smtplib
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock, outbox, settings
from portal.core.db import Model, UtcDateTime, db, in_transaction
from portal.core.errors import InvalidInput
from portal.core.ids import new_id
from portal.core.settings import Settings

SMTP_TIMEOUT = 20
"""Seconds to wait for a mail server; the outbox tries again later."""

WRITTEN = "written to"
"""Begins what stands for a server's answer while none is set; the name of the file follows."""


class Mail(Model):
    """One mail: what it says, whom it concerns, and what the mail server answered."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_subject", "subject_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(320))
    language: Mapped[str] = mapped_column(String(5))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str | None] = mapped_column(String(20))
    subject_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    server_answer: Mapped[str | None] = mapped_column(String(300))


def send(
    kind: str,
    *,
    recipient: str,
    language: str,
    subject: str,
    text: str,
    about: tuple[str, UUID] | None = None,
) -> Mail:
    """Write a mail that leaves after the commit. `about` names the subject's kind and id.

    Raises:
        InvalidInput: a line break stands in the recipient or subject (header injection).
    """
    if any(sign in recipient + subject for sign in "\r\n\0"):
        raise InvalidInput(field="recipient", reason="line_break")
    mail = Mail(
        kind=kind,
        recipient=recipient,
        language=language,
        subject=subject[:300],
        text=text,
        subject_kind=about[0] if about else None,
        subject_id=about[1] if about else None,
    )
    db.session.add(mail)
    db.session.flush()  # the outbox row below names it
    outbox.add("mail.deliver", mail.id)
    return mail


@outbox.handles("mail.deliver")
def deliver(mail_id: UUID) -> None:
    """Hand a mail to the server, or write it under `var/mail/` while none is set; a sent mail is not sent again."""
    mail = in_transaction(lambda: db.session.get_one(Mail, mail_id))  # and none is open while the server is asked
    if mail.sent_at is not None:
        return
    portal_settings = settings.current()
    message = compose(mail, sender=portal_settings.mail_from)
    if portal_settings.mail_url:
        answer = _send_by_smtp(message, portal_settings)
    else:
        answer = f"{WRITTEN} {_write(message, mail, portal_settings.mail_dir).name}"

    def record() -> None:
        sent = db.session.get_one(Mail, mail_id)
        sent.sent_at = clock.now()
        sent.server_answer = answer[:300]

    in_transaction(record)


def compose(mail: Mail, *, sender: str) -> EmailMessage:
    """Make the message; the Message-ID is the row's, so a mail that leaves twice can be seen to be one."""
    message = EmailMessage()
    name, address = parseaddr(sender)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.id}@{address.partition('@')[2]}>"
    message["Content-Language"] = mail.language
    message.set_content(mail.text)
    return message


def _write(message: EmailMessage, mail: Mail, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{mail.id}.eml"
    path.write_bytes(message.as_bytes())
    return path


def _send_by_smtp(message: EmailMessage, portal_settings: Settings) -> str:
    url = urlsplit(portal_settings.mail_url)
    host, port = url.hostname or "localhost", url.port
    client: smtplib.SMTP
    if url.scheme == "smtps":
        client = smtplib.SMTP_SSL(host, port or 465, timeout=SMTP_TIMEOUT, context=ssl.create_default_context())
    else:
        client = smtplib.SMTP(host, port or 587, timeout=SMTP_TIMEOUT)
    with client:
        if url.scheme == "smtp+starttls":
            client.starttls(context=ssl.create_default_context())
        if url.username:
            client.login(unquote(url.username), unquote(url.password or ""))
        client.send_message(message)
    return f"accepted by {host}"
