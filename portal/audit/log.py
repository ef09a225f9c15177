"""Write down who did what."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import Statement, execute

Subject = tuple[str, UUID | None]
"""The kind of thing an act was done to, and its id."""


def record(
    *,
    actor: Actor,
    act: str,
    subject: Subject,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Append an act to the audit log, in the transaction that does it; never pass a secret in `before` or `after`."""
    execute(*recording(actor=actor, act=act, subject=subject, before=before, after=after))


def recording(
    *,
    actor: Actor,
    act: str,
    subject: Subject,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Statement:
    """Give the statement that appends an act, for `execute_together`."""
    return Statement(
        """
        SELECT record_act(%(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(address)s, %(request_id)s, %(act)s,
                          %(subject_kind)s, %(subject_id)s, %(before)s, %(after)s)
        """,
        {
            "at": clock.now(),
            "act": act,
            "subject_kind": subject[0],
            "subject_id": subject[1],
            "before": _json(before),
            "after": _json(after),
            **actor.columns,
        },
    )


def _json(facts: Mapping[str, Any] | None) -> str | None:
    return None if facts is None else json.dumps(facts, default=_plain, ensure_ascii=False)


def _plain(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"not fit for the audit log: {type(value).__name__}")
