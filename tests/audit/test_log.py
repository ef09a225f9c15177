"""The audit log: every act with who, from where, and what it changed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.audit import log, queries
from portal.audit.models import AuditRecord
from portal.audit.queries import AuditFilter
from portal.core import clock
from portal.core.actor import WORKER
from portal.core.db import db
from portal.core.ids import new_id
from portal.renewals.states import RenewalState
from tests import make

pytestmark = pytest.mark.usefixtures("session")

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def record_one(act: str = "test.act", **parts: object) -> AuditRecord:
    log.record(**({"actor": make.actor(), "act": act, "subject": ("test", None)} | parts))  # type: ignore[arg-type]
    return db.session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc())).first()  # type: ignore[return-value]


def test_says_who_did_what_from_where() -> None:
    alice, subject = make.actor(name="Alice"), new_id()

    with clock.fixed(NOON):
        record = record_one(actor=alice, subject=("card", subject))

    assert (record.actor_kind.value, record.actor_id, record.actor_name) == ("user", alice.id, "Alice")
    assert (record.address, record.request_id) == ("203.0.113.7", "req-1")
    assert (record.act, record.subject_kind, record.subject_id, record.at) == ("test.act", "card", subject, NOON)


def test_a_long_name_is_cut_to_fit() -> None:
    assert record_one(actor=make.actor(name="犇" * 300)).actor_name == "犇" * 200


def test_keeps_what_was_and_what_is() -> None:
    agent_id = new_id()

    record = record_one(
        before={"state": RenewalState.PAID, "name": "张喆", "at": NOON},
        after={"agent_id": agent_id, "on": date(2026, 11, 22), "limit_minor": 5, "note": None},
    )

    assert record.before == {"state": "paid", "name": "张喆", "at": "2026-11-22T12:00:00+00:00"}
    assert record.after == {"agent_id": str(agent_id), "on": "2026-11-22", "limit_minor": 5, "note": None}


def test_nothing_before_is_nothing_not_an_empty_list() -> None:
    assert record_one(actor=WORKER).before is None


def test_refuses_what_it_could_not_read_back() -> None:
    with pytest.raises(TypeError, match="not fit for the audit log"):
        record_one(after={"amount": Decimal("1.5")})


def test_finds_acts_by_who_what_and_when() -> None:
    alice, subject = make.actor(), new_id()
    with clock.fixed(NOON):
        wanted = record_one("cards.register", actor=alice, subject=("card", subject))
    record_one("cards.remove")

    for looked_for in (
        AuditFilter(act="cards.register"),
        AuditFilter(actor_id=alice.id),
        AuditFilter(subject_id=subject),
        AuditFilter(since=NOON, until=NOON.replace(hour=13)),
    ):
        assert list(queries.matching(looked_for).rows) == [wanted]
    assert list(queries.matching(AuditFilter(until=NOON)).rows) == []


def test_pages_both_ways_newest_first() -> None:
    for number in range(120):
        record_one(f"act.{number}")

    first = queries.matching(AuditFilter())
    second = queries.matching(AuditFilter(), older=first.older)
    third = queries.matching(AuditFilter(), older=second.older)

    assert [page.rows[0].act for page in (first, second, third)] == ["act.119", "act.69", "act.19"]
    assert (first.newer, third.older) == (None, None)
    assert queries.matching(AuditFilter(), newer=third.newer).rows == second.rows
