"""The audit log as pages read it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.core.pages import Page, newest_first, number_key


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What an auditor looks for; None means anything."""

    act: str | None = None
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def matching(wanted: AuditFilter, *, older: str | None = None, newer: str | None = None) -> Page[AuditRecord]:
    """Page through the acts that match, newest first."""
    query = select(AuditRecord)
    if wanted.act:
        query = query.where(AuditRecord.act == wanted.act)
    if wanted.actor_id:
        query = query.where(AuditRecord.actor_id == wanted.actor_id)
    if wanted.subject_id:
        query = query.where(AuditRecord.subject_id == wanted.subject_id)
    if wanted.since:
        query = query.where(AuditRecord.at >= wanted.since)
    if wanted.until:
        query = query.where(AuditRecord.at < wanted.until)
    return newest_first(query, AuditRecord.id, read=number_key, older=older, newer=newer)
