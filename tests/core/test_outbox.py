"""Work that follows a commit: done once, by one worker at a time, tried again, and in the end given up visibly."""

import logging
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from redis.exceptions import ConnectionError as BrokerGone
from sqlalchemy import text

from portal.core import clock, outbox, queue, working
from portal.core.db import db, execute_together, in_transaction, transaction
from portal.core.ids import new_id
from portal.core.outbox import OutboxRow, TryLater
from portal.core.queue import broker
from tests.beside import all_at_once

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KIND = "test.work"


class Handler:
    """Does the work as it is told to, and remembers what it did."""

    def __init__(self) -> None:
        self.done: list[UUID] = []
        self.failure: Exception | None = None

    def __call__(self, subject_id: UUID) -> None:
        if self.failure is not None:
            raise self.failure
        self.done.append(subject_id)


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    made = Handler()
    monkeypatch.setitem(outbox.HANDLERS, KIND, made)
    return made


@pytest.fixture
def three_attempts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.extensions["portal_settings"]
    monkeypatch.setitem(app.extensions, "portal_settings", settings.model_copy(update={"outbox_attempts": 3}))


def row_of(subject_id: UUID) -> OutboxRow:
    return db.session.scalars(
        db.select(OutboxRow).where(OutboxRow.subject_id == subject_id).execution_options(populate_existing=True)
    ).one()


def add(*, wait: timedelta = timedelta(0)) -> OutboxRow:
    subject_id = new_id()
    with transaction():
        outbox.add(KIND, subject_id, wait=wait)
    return row_of(subject_id)


def work(row: OutboxRow, *, after: timedelta = timedelta(0)) -> OutboxRow:
    with clock.fixed(clock.now() + after):
        working.work(row.id)
    return row_of(row.subject_id)


@pytest.mark.usefixtures("session")
class TestOneWorker:
    def test_does_what_was_added_and_marks_it_done(self, handler: Handler) -> None:
        row = work(add())

        assert handler.done == [row.subject_id]
        assert row.done_at is not None
        assert (row.attempts, row.leased_until, row.last_error) == (1, None, None)

    def test_done_work_is_not_done_again(self, handler: Handler) -> None:
        row = work(work(add()))

        assert handler.done == [row.subject_id]
        assert row.attempts == 1

    def test_a_rolled_back_act_leaves_no_work(self) -> None:
        def add_and_fail() -> None:
            outbox.add(KIND, new_id())
            raise RuntimeError

        with pytest.raises(RuntimeError), transaction():
            add_and_fail()

        assert db.session.scalar(text("SELECT count(*) FROM outbox")) == 0

    def test_work_for_later_waits(self, handler: Handler) -> None:
        row = add(wait=timedelta(minutes=5))

        assert work(row).attempts == 0
        with transaction():
            assert outbox.lease(None, seconds=60) is None
        assert work(row, after=timedelta(minutes=6)).done_at is not None

    def test_a_failure_is_written_down_and_tried_again_later(self, handler: Handler) -> None:
        handler.failure = ValueError("no such card")
        row = work(add())

        assert (row.attempts, row.last_error, row.done_at) == (1, "ValueError: no such card", None)
        assert row.leased_until is None
        assert row.due_at > clock.now() + timedelta(seconds=1)
        handler.failure = None
        assert work(row).done_at is None  # not before its time
        assert work(row, after=timedelta(seconds=3)).done_at is not None

    def test_each_failure_doubles_the_wait_up_to_ten_minutes(self) -> None:
        waits = [outbox.backoff(attempts).total_seconds() for attempts in (1, 2, 3, 9, 10, 50)]

        assert waits == [2, 4, 8, 512, 600, 600]

    def test_waiting_is_no_failure(self, handler: Handler) -> None:
        handler.failure = TryLater(timedelta(seconds=5), "the carrier does not know yet")
        row = work(add())

        assert (row.attempts, row.last_error) == (0, "the carrier does not know yet")
        assert timedelta(seconds=4) < row.due_at - clock.now() <= timedelta(seconds=5)

    def test_after_the_last_attempt_it_is_given_up_and_stays_visible(
        self, three_attempts: None, handler: Handler, caplog: pytest.LogCaptureFixture
    ) -> None:
        handler.failure = ValueError("never works")
        limit = 3
        row = add()
        for attempt in range(limit):
            row = work(row, after=timedelta(hours=attempt))

        assert (row.attempts, row.last_error) == (limit, "ValueError: never works")
        assert row.given_up_at is not None
        assert work(row, after=timedelta(days=9)).attempts == limit
        assert [record.levelno for record in caplog.records] == [logging.ERROR] * limit

    def test_work_that_kills_its_workers_is_given_up_too(self, three_attempts: None, handler: Handler) -> None:
        row = add()
        for _ in range(3):
            with clock.fixed(clock.now() + timedelta(hours=1)), transaction():
                assert outbox.lease(row.id, seconds=0)  # and the process dies

        row = work(row, after=timedelta(hours=2))

        assert handler.done == []
        assert row.given_up_at is not None
        assert row.last_error == "every worker that took this up died"

    def test_somebody_can_have_it_tried_again(self, handler: Handler) -> None:
        row = add()
        with transaction():
            execute_together([outbox.giving_up(row.id, why="no")])
        assert work(row).done_at is None

        with transaction():
            outbox.retry(row.id)

        row = work(row)
        assert (row.attempts, row.given_up_at) == (1, None)
        assert row.done_at is not None

    def test_a_worker_that_comes_too_late_cannot_undo_the_end(self, handler: Handler) -> None:
        row = work(add())

        with transaction():
            execute_together([outbox.postponing(row.id, wait=timedelta(0), why="late", is_failure=True)])
            execute_together([outbox.giving_up(row.id, why="late")])
            outbox.retry(row.id)

        row = row_of(row.subject_id)
        assert (row.given_up_at, row.last_error) == (None, None)
        assert work(row).attempts == 1

    def test_a_long_error_is_cut(self, handler: Handler) -> None:
        handler.failure = ValueError("x" * 5000)

        assert len(work(add()).last_error or "") == 2000

    def test_an_unknown_kind_is_a_failure_like_any_other(self) -> None:
        subject_id = new_id()
        with transaction():
            outbox.add("nobody.knows", subject_id)

        assert work(row_of(subject_id)).last_error == "KeyError: 'nobody.knows'"

    def test_a_kind_has_one_handler(self, handler: Handler) -> None:
        with pytest.raises(ValueError, match="two handlers"):
            outbox.handles(KIND)(handler)

    def test_whoever_hears_a_bell_works_through_all_that_is_due(self, handler: Handler) -> None:
        rows = [add() for _ in range(3)]
        later = add(wait=timedelta(minutes=1))

        working.work_through()

        assert handler.done == [row.subject_id for row in rows]
        assert row_of(later.subject_id).done_at is None

    def test_a_failure_does_not_keep_the_others_waiting(
        self, handler: Handler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(outbox.HANDLERS, "test.failing", Handler())
        outbox.HANDLERS["test.failing"].failure = ValueError("no")  # type: ignore[attr-defined]
        with transaction():
            outbox.add("test.failing", new_id())
        row = add()

        working.work_through()

        assert handler.done == [row.subject_id]

    def test_a_bell_is_worth_only_so_long(self, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(working, "ONE_BELL", 0)
        first, second = add(), add()

        working.work_through()

        assert handler.done == [first.subject_id]
        assert row_of(second.subject_id).leased_until is None

    def test_the_clock_rings_for_what_is_due_and_not_leased(self) -> None:
        with clock.fixed(NOON):
            row = add(wait=timedelta(seconds=1))
        with clock.fixed(NOON + timedelta(seconds=0.9)):
            assert not outbox.has_due()
        with clock.fixed(NOON + timedelta(seconds=60)):
            assert outbox.has_due()
            with transaction():
                outbox.lease(row.id, seconds=60)
            assert not outbox.has_due()
        with clock.fixed(NOON + timedelta(seconds=120)):
            assert outbox.has_due()
            with transaction():
                execute_together([outbox.finishing(row.id)])
            assert not outbox.has_due()


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    bells: list[str] = []

    def ring() -> None:
        bells.append("ding")

    monkeypatch.setattr(queue, "ring", ring)
    return bells


@pytest.mark.usefixtures("session")
class TestTheBell:
    def test_rings_after_the_commit_and_not_before(self, rung: list[str]) -> None:
        with transaction():
            outbox.add(KIND, new_id())
            outbox.add(KIND, new_id())
            assert rung == []

        assert rung == ["ding"]  # one bell for both

    def test_rings_once_for_the_work_of_several_and_not_for_that_of_none(self, rung: list[str]) -> None:
        subjects = [new_id(), new_id()]

        with transaction():
            outbox.add_each(KIND, subjects)
            assert rung == []
        with transaction():
            outbox.add_each(KIND, [])

        assert rung == ["ding"]
        assert [row_of(subject).kind for subject in subjects] == [KIND, KIND]

    def test_does_not_ring_for_what_was_rolled_back(self, rung: list[str]) -> None:
        def add_and_fail() -> None:
            outbox.add(KIND, new_id())
            raise RuntimeError

        with pytest.raises(RuntimeError), transaction():
            add_and_fail()

        assert rung == []

    def test_does_not_ring_for_later(self, rung: list[str]) -> None:
        add(wait=timedelta(seconds=1))

        assert rung == []


@pytest.mark.slow
class TestOnRealServers:
    def test_one_worker_takes_a_row_however_many_try(self, own_app: Flask) -> None:
        row = add()

        taken = all_at_once(
            own_app, lambda: in_transaction(lambda: outbox.lease(row.id, seconds=60)) is not None, times=20
        )

        assert sorted(taken) == [False] * 19 + [True]

    def test_without_the_row_lock_several_would_take_it(self, own_app: Flask) -> None:
        row, all_have_looked = add(), threading.Barrier(5)

        def unlocked() -> bool:
            def act() -> bool:
                free = db.session.scalar(text("SELECT leased_until IS NULL FROM outbox WHERE id = :id"), {"id": row.id})
                all_have_looked.wait(20)
                db.session.execute(
                    text("UPDATE outbox SET leased_until = now() + interval '1 minute' WHERE id = :id"), {"id": row.id}
                )
                return bool(free)

            return in_transaction(act)

        assert all_at_once(own_app, unlocked, times=5) == [True] * 5

    def test_an_expired_lease_is_taken_over(self, own_app: Flask) -> None:
        row = add()
        with clock.fixed(NOON + timedelta(days=9000)), transaction():
            assert outbox.lease(row.id, seconds=60)
        with clock.fixed(NOON + timedelta(days=9000, seconds=59)), transaction():
            assert outbox.lease(row.id, seconds=60) is None
        with clock.fixed(NOON + timedelta(days=9000, seconds=60)), transaction():
            assert outbox.lease(row.id, seconds=60)

        assert row_of(row.subject_id).attempts == 2

    def test_the_broker_carries_a_bell_and_not_the_work(self, own_app: Flask, handler: Handler) -> None:
        row = add()

        (job,) = broker.queue.get_jobs()

        assert (job.func_name, job.args) == ("portal.core.working.work_through", [])
        assert handler.done == []
        working.work_through()
        assert handler.done == [row.subject_id]

    def test_losing_the_broker_costs_one_sweep(self, own_app: Flask, handler: Handler) -> None:
        row = add()
        broker.queue.connection.flushdb()
        assert broker.queue.get_jobs() == []

        with clock.fixed(clock.now() + timedelta(minutes=1)):
            assert in_transaction(outbox.has_due)
        queue.ring()

        assert len(broker.queue.get_jobs()) == 1
        working.work_through()
        working.work_through()  # and the first bell, had it come as well
        assert handler.done == [row.subject_id]

    def test_two_workers_share_the_rows(self, own_app: Flask, handler: Handler) -> None:
        rows = [add() for _ in range(12)]

        all_at_once(own_app, working.work_through, times=4)

        assert sorted(handler.done) == sorted(row.subject_id for row in rows)

    def test_a_broker_that_is_down_does_not_stop_an_act(
        self, own_app: Flask, handler: Handler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(*args: object, **kwargs: object) -> None:
            raise BrokerGone

        monkeypatch.setattr(broker.queue, "enqueue", refuse)

        row = add()

        assert "broker not told" in caplog.text
        working.work_through()
        assert handler.done == [row.subject_id]
