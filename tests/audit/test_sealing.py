"""Seals over the audit log: whoever alters a record, or takes one out, breaks them."""

import pytest
from flask import Flask
from sqlalchemy import text

from portal.audit import log, sealing
from portal.core import settled
from portal.core.db import db, in_transaction
from portal.core.ids import new_id
from tests import make
from tests.beside import all_at_once, commit_once_waited_for, committing_late
from tests.ledger.books import tamper


def record(act: str = "cards.register", **parts: object) -> None:
    values = {"actor": make.actor(name="Alice"), "act": act, "subject": ("card", new_id()), "after": {"label": "父亲"}}
    log.record(**(values | parts))  # type: ignore[arg-type]


@pytest.fixture
def sealed(session: object) -> None:
    """Three seals over two records each."""
    for _ in range(3):
        record("cards.register")
        record("cards.remove", before={"label": "父亲"}, after=None)
        assert sealing.seal() == 2


def broken() -> list[int]:
    """The numbers of the broken seals, from one."""
    ids = list(db.session.scalars(text("SELECT id FROM audit_seals ORDER BY id")))
    return [ids.index(seal.id) + 1 for seal in sealing.broken_seals()]


@pytest.mark.usefixtures("sealed")
def test_records_that_nobody_touched_are_whole() -> None:
    assert broken() == []


@pytest.mark.usefixtures("session")
def test_an_empty_log_needs_no_seal() -> None:
    assert sealing.seal() == 0
    assert sealing.broken_seals() == []


@pytest.mark.usefixtures("sealed")
def test_what_is_sealed_is_not_sealed_again() -> None:
    assert sealing.seal() == 0


THIRD = "id = (SELECT min(id) + 2 FROM audit_log)"


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "actor_kind = 'worker'",
        "actor_id = gen_random_uuid()",
        "actor_id = NULL",
        "actor_name = 'Mallory'",
        "act = 'cards.look'",
        "subject_kind = 'agent'",
        "subject_id = gen_random_uuid()",
        "before = after, after = NULL",
        "after = '{}'",
        "address = NULL",
        "address = request_id, request_id = address",
        "request_id = 'req-2'",
    ],
)
def test_an_altered_record_breaks_its_seal(change: str) -> None:
    tamper(f"UPDATE audit_log SET {change} WHERE {THIRD}")

    assert broken() == [2]


@pytest.mark.usefixtures("sealed")
def test_a_record_taken_out_breaks_its_seal() -> None:
    tamper(f"DELETE FROM audit_log WHERE {THIRD}")

    assert broken() == [2]


@pytest.mark.usefixtures("sealed")
def test_a_record_slipped_in_breaks_its_seal() -> None:
    tamper("UPDATE audit_log SET id = id + 1000 WHERE id > (SELECT min(id) + 1 FROM audit_log)")
    tamper("UPDATE audit_seals SET first_id = first_id + 1000 WHERE id > (SELECT min(id) FROM audit_seals)")

    assert 2 in broken()


@pytest.mark.usefixtures("sealed")
def test_a_seal_made_anew_breaks_the_next_one() -> None:
    tamper(f"UPDATE audit_log SET actor_name = 'Mallory' WHERE {THIRD}")
    second = "(SELECT min(id) + 1 FROM audit_seals)"
    tamper(f"UPDATE audit_seals SET digest = sha256('forged') WHERE id = {second}")

    assert broken() == [2, 3]


@pytest.mark.usefixtures("sealed")
def test_a_seal_taken_out_breaks_the_next_one() -> None:
    tamper("DELETE FROM audit_seals WHERE id = (SELECT min(id) + 1 FROM audit_seals)")

    assert broken() == [2]


@pytest.mark.slow
def test_a_record_that_commits_late_is_sealed_with_the_others(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with committing_late(own_app, record) as may_commit:
        in_transaction(record)
        commit_once_waited_for(may_commit, monkeypatch)

        assert in_transaction(sealing.seal) == 2

    assert in_transaction(sealing.broken_seals) == []


@pytest.mark.slow
def test_without_waiting_a_late_record_would_look_like_forgery(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "wait_for_writers", lambda seen: True)

    with committing_late(own_app, record):
        in_transaction(record)
        in_transaction(sealing.seal)

    assert len(in_transaction(sealing.broken_seals)) == 1


def record_and_seal() -> None:
    for _ in range(10):
        in_transaction(record)
        in_transaction(sealing.seal)


@pytest.mark.slow
def test_two_clocks_make_one_chain(own_app: Flask) -> None:
    assert all_at_once(own_app, record_and_seal, times=4) == [None] * 4

    assert in_transaction(sealing.broken_seals) == []


@pytest.mark.slow
def test_a_second_clock_leaves_the_sealing_to_the_first(own_app: Flask) -> None:
    in_transaction(record)
    with committing_late(own_app, sealing.seal):
        in_transaction(record)
        assert in_transaction(sealing.seal) == 0

    assert in_transaction(sealing.seal) == 1
    assert in_transaction(sealing.broken_seals) == []


@pytest.mark.slow
def test_without_their_lock_two_clocks_break_the_chain(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_MAY_SEAL", text("SELECT :key IS NOT NULL"))
    monkeypatch.setattr(settled, "wait_for_writers", lambda seen: True)
    in_transaction(record)
    with committing_late(own_app, sealing.seal):
        in_transaction(record)
        in_transaction(sealing.seal)

    assert len(in_transaction(sealing.broken_seals)) == 1
