"""Outbox rows as pages read them: what waits, what fails, what nobody tries any more, what is done."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from portal.core import clock
from portal.core.db import db, existing
from portal.core.errors import Conflict
from portal.core.outbox import OutboxRow
from portal.core.pages import Page, newest_first


class JobState(StrEnum):
    """How a piece of work stands."""

    GIVEN_UP = "given_up"
    """It failed so often that nobody tries it any more, until somebody retries it."""
    FAILING = "failing"
    """It failed at least once, and is tried again by itself."""
    WAITING = "waiting"
    """Its turn has not come, or it waits for somebody outside."""
    WORKING = "working"
    """A worker has it right now."""
    DONE = "done"
    """It is done."""


class JobBusy(Conflict):
    """A worker does this work right now, or it is done."""

    code = "job_busy"


def state_of(row: OutboxRow) -> JobState:
    """Tell how a row stands at this moment."""
    if row.done_at is not None:
        return JobState.DONE
    if row.given_up_at is not None:
        return JobState.GIVEN_UP
    if row.leased_until is not None and row.leased_until > clock.now():
        return JobState.WORKING
    return JobState.FAILING if row.attempts and row.last_error else JobState.WAITING


def in_state(state: JobState, *, kind: str = "", older: str | None = None, newer: str | None = None) -> Page[OutboxRow]:
    """Page through the rows that stand so, the newest first; waiting ones include those being worked on."""
    query = select(OutboxRow).where(_is(state))
    if kind:
        query = query.where(OutboxRow.kind == kind)
    return newest_first(query, OutboxRow.id, older=older, newer=newer)


def count(state: JobState) -> int:
    """Count the rows that stand so; not meant for the done ones, of which there are as many as there ever was work."""
    return db.session.scalar(select(func.count()).select_from(OutboxRow).where(_is(state))) or 0


def open_about(subject_ids: Sequence[UUID]) -> list[OutboxRow]:
    """List the work about some subjects that is not done, oldest first."""
    return list(
        db.session.scalars(
            select(OutboxRow)
            .where(OutboxRow.subject_id.in_(subject_ids), OutboxRow.done_at.is_(None))
            .order_by(OutboxRow.id)
            .limit(20)
        )
    )


def that_may_be_retried(row_id: UUID) -> OutboxRow:
    """Give a row, locked, that failed or waits.

    Raises:
        NotFound: there is none.
        JobBusy: it is done, or a worker has it.
    """
    row = existing(db.session.get(OutboxRow, row_id, with_for_update=True, populate_existing=True))
    if state_of(row) in (JobState.DONE, JobState.WORKING):
        raise JobBusy
    return row


def _is(state: JobState) -> ColumnElement[bool]:
    is_open = and_(OutboxRow.done_at.is_(None), OutboxRow.given_up_at.is_(None))
    has_failed = and_(OutboxRow.attempts > 0, OutboxRow.last_error.is_not(None))
    match state:
        case JobState.DONE:
            return OutboxRow.done_at.is_not(None)
        case JobState.GIVEN_UP:
            return OutboxRow.given_up_at.is_not(None)
        case JobState.FAILING:
            return and_(is_open, has_failed)
        case _:
            return and_(is_open, ~has_failed)
