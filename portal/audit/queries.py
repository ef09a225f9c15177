"""The audit log as pages read it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.core.db import db
from portal.core.pages import PAGE_SIZE, Page, number_key, page_of


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
    newer_id, older_id = number_key(newer), number_key(older)
    if newer_id is not None:
        query = query.where(AuditRecord.id > newer_id).order_by(AuditRecord.id)
    else:
        if older_id is not None:
            query = query.where(AuditRecord.id < older_id)
        query = query.order_by(AuditRecord.id.desc())
    rows = db.session.scalars(query.limit(PAGE_SIZE + 1)).all()
    return page_of(
        rows,
        key=lambda row: str(row.id),
        size=PAGE_SIZE,
        older=older if older_id is not None else None,
        newer=newer if newer_id is not None else None,
    )


def about(subject_id: UUID) -> list[AuditRecord]:
    """List the acts on one subject, oldest first, at most 200."""
    return list(
        db.session.scalars(
            select(AuditRecord).where(AuditRecord.subject_id == subject_id).order_by(AuditRecord.id).limit(200)
        )
    )
