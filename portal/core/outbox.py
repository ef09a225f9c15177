"""Work that follows a commit: a row written with it, rung to the broker after it, swept by the clock until done.

The row, not the broker, decides that work is done: losing the whole broker costs one sweep.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Index, String, Text, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock, queue
from portal.core.db import Model, Statement, UtcDateTime, after_commit, db, execute, execute_together
from portal.core.ids import new_id

JUST_RUNG = timedelta(seconds=3)
"""A row younger than this was rung by the process that wrote it; the clock leaves it to that bell."""

Work = Callable[[UUID], None]
"""Does the work for one subject; doing it twice changes nothing. Raises to be tried again later."""

HANDLERS: dict[str, Work] = {}
"""Every kind of outbox row and what does it; filled by `handles` when the capabilities' `tasks` are imported."""


class OutboxRow(Model):
    """One piece of work that must follow a commit, and how it went so far."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_waiting",
            "due_at",
            postgresql_where=text("done_at IS NULL AND given_up_at IS NULL"),
        ),
        Index("ix_outbox_subject", "subject_id"),
        Index("ix_outbox_given_up", "id", postgresql_where=text("given_up_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class TryLater(Exception):
    """The work cannot be done yet, and that is no failure: ask again after `wait`."""

    def __init__(self, wait: timedelta, why: str) -> None:
        super().__init__(why)
        self.wait = wait


def handles(kind: str) -> Callable[[Work], Work]:
    """Name the function that does a kind of work.

    Raises:
        ValueError: the kind has a handler already.
    """

    def register(work: Work) -> Work:
        if kind in HANDLERS:
            raise ValueError(f"two handlers for {kind}")
        HANDLERS[kind] = work
        return work

    return register


def add(kind: str, subject_id: UUID, *, wait: timedelta = timedelta(0), facts: Mapping[str, Any] | None = None) -> None:
    """Write work to do after the commit, `wait` from now; work due now is rung to the broker then."""
    execute(*_adding(kind, subject_id, wait=wait, facts=facts or {}))
    if not wait:
        after_commit(queue.ring)


def add_each(kind: str, subject_ids: Iterable[UUID]) -> None:
    """Write the same work, due now, for each of several subjects, in one round trip."""
    adding = [_adding(kind, subject_id, wait=timedelta(0), facts={}) for subject_id in subject_ids]
    if adding:
        execute_together(adding)
        after_commit(queue.ring)


def _adding(kind: str, subject_id: UUID, *, wait: timedelta, facts: Mapping[str, Any]) -> Statement:
    now = clock.now()
    return Statement(
        "SELECT add_work(%(id)s, %(kind)s, %(subject_id)s, %(now)s, %(due)s, %(facts)s)",
        {
            "id": new_id(),
            "kind": kind,
            "subject_id": subject_id,
            "now": now,
            "due": now + wait,
            "facts": json.dumps(facts),
        },
    )


class Leased(Protocol):
    """A row as whoever leased it gets it: `attempts` counts this one, `last_error` is how the one before ended."""

    id: UUID
    kind: str
    subject_id: UUID
    attempts: int
    last_error: str | None


def lease(row_id: UUID | None, *, seconds: int) -> Leased | None:
    """Take a row, or the one that has been due for longest, for `seconds`; None when there is none to be had.

    A row that is done, given up, not due, or leased by somebody else is not to be had.
    """
    rows = execute(*leasing(row_id, seconds=seconds))
    return rows[0] if rows else None


def leasing(row_id: UUID | None, *, seconds: int) -> Statement:
    """Give the statement that leases, for `execute_together`; it returns the row, if one was to be had."""
    now = clock.now()
    return Statement(
        _LEASE.format(which="" if row_id is None else "AND id = %(row_id)s"),
        {"row_id": row_id, "now": now, "until": now + timedelta(seconds=seconds)},
    )


_LEASE = """
    UPDATE outbox SET leased_until = %(until)s, attempts = attempts + 1
    WHERE id = (
        SELECT id FROM outbox
        WHERE done_at IS NULL AND given_up_at IS NULL AND due_at <= %(now)s
              AND (leased_until IS NULL OR leased_until <= %(now)s) {which}
        ORDER BY due_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED)
    RETURNING id, kind, subject_id, attempts, last_error
"""


def finishing(row_id: UUID) -> Statement:
    """Give the statement that marks work as done."""
    return Statement(
        """
        UPDATE outbox SET done_at = %(now)s, leased_until = NULL, last_error = NULL
        WHERE id = %(id)s AND done_at IS NULL
        """,
        {"id": row_id, "now": clock.now()},
    )


def postponing(row_id: UUID, *, wait: timedelta, why: str, is_failure: bool) -> Statement:
    """Give the statement that asks again after `wait`; waiting that is no failure does not count as an attempt."""
    return Statement(
        """
        UPDATE outbox SET due_at = %(due)s, leased_until = NULL, last_error = %(why)s, attempts = attempts - %(back)s
        WHERE id = %(id)s AND done_at IS NULL
        """,
        {"id": row_id, "due": clock.now() + wait, "why": _words(why), "back": 0 if is_failure else 1},
    )


def giving_up(row_id: UUID, *, why: str) -> Statement:
    """Give the statement that stops trying; the row stays visible with its error until somebody retries it."""
    return Statement(
        """
        UPDATE outbox SET given_up_at = %(now)s, leased_until = NULL, last_error = %(why)s
        WHERE id = %(id)s AND done_at IS NULL
        """,
        {"id": row_id, "now": clock.now(), "why": _words(why)},
    )


def _words(why: str) -> str:
    return why[:2000].replace("\0", " ")  # what others' servers say may hold anything, PostgreSQL takes no NUL


def retry(row_id: UUID) -> None:
    """Make a waiting or given-up row due now, with its attempts counted anew."""
    db.session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.done_at.is_(None))
        .values(due_at=clock.now(), leased_until=None, given_up_at=None, attempts=0)
    )
    after_commit(queue.ring)


def has_due() -> bool:
    """Whether a row is due that nobody has leased, those written just now aside: then the clock rings."""
    now = clock.now()
    query = select(OutboxRow.id).where(*_due(now), OutboxRow.created_at <= now - JUST_RUNG).limit(1)
    return db.session.scalar(query) is not None


def _due(now: datetime) -> list[ColumnElement[bool]]:
    return [
        OutboxRow.done_at.is_(None),
        OutboxRow.given_up_at.is_(None),
        OutboxRow.due_at <= now,
        (OutboxRow.leased_until.is_(None)) | (OutboxRow.leased_until <= now),
    ]


def backoff(attempts: int) -> timedelta:
    """Wait 2, 4, 8 ... seconds after each failure, at most ten minutes."""
    return timedelta(seconds=min(2**attempts, 600))
