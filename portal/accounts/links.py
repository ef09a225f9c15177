"""Signed links for mails: each for one purpose, until one instant, and most of them good for one use."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.errors import LinkExpired, LinkInvalid, LinkSpent
from portal.accounts.models import SpentLink
from portal.core import clock
from portal.core.db import db
from portal.core.ids import new_id
from portal.core.settings import current as settings


class Purpose(StrEnum):
    """What a link opens; a link signed for one purpose is worthless for another."""

    INVITATION = "invitation"
    """Choose the first password."""
    RECOVERY = "recovery"
    """Choose a new password."""
    CUSTOMER = "customer"
    """Open a customer's cards and receipts."""


LIFETIMES = {
    Purpose.INVITATION: timedelta(days=7),
    Purpose.RECOVERY: timedelta(hours=1),
    Purpose.CUSTOMER: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says, once its signature and age have been checked."""

    id: UUID
    subject_id: UUID
    expires_at: datetime
    facts: dict[str, Any]


def sign(purpose: Purpose, subject_id: UUID, **facts: str) -> str:
    """Make the token of a link to `subject_id`, with facts that only we can have written."""
    until = clock.now() + LIFETIMES[purpose]
    token = _serializer(purpose).dumps([str(new_id()), str(subject_id), int(until.timestamp()), facts])
    return token if isinstance(token, str) else token.decode()


def address_for_customer(customer_id: UUID, *, email: str, page: str = "/my/") -> str:
    """Make the full address that signs a customer in from a mail to `email` and then opens a page of theirs."""
    return f"{settings().address}/my/enter/{sign(Purpose.CUSTOMER, customer_id, email=email, page=page)}"


def read(purpose: Purpose, token: str) -> Link:
    """Check a token and give what it says.

    Raises:
        LinkInvalid: altered, made for another purpose, or none of ours.
        LinkExpired: its time is over.
    """
    try:
        link_id, subject_id, until, facts = _serializer(purpose).loads(token)
    except (BadSignature, ValueError) as error:
        raise LinkInvalid from error
    expires_at = datetime.fromtimestamp(until, UTC)
    if expires_at <= clock.now():
        raise LinkExpired
    return Link(UUID(link_id), UUID(subject_id), expires_at, facts)


def spend(link: Link) -> None:
    """Use a link up; of two that try at once, one succeeds.

    Raises:
        LinkSpent: it was used before.
    """
    statement = insert(SpentLink).values(id=link.id, expires_at=link.expires_at).on_conflict_do_nothing()
    if db.session.execute(statement.returning(SpentLink.id)).first() is None:
        raise LinkSpent


def delete_expired() -> None:
    """Forget spent links whose time is over anyway."""
    db.session.execute(delete(SpentLink).where(SpentLink.expires_at <= clock.now()))


def _serializer(purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt=f"portal-link-{purpose}")
