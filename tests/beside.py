"""Do things beside each other on connections of their own, for races and for those who come late."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from portal.core import settled
from portal.core.db import db, in_transaction


def all_at_once(app: Flask, act: Callable[[], Any], *, times: int) -> list[Any]:
    """Do an act in so many threads that start together; give what each returned or raised."""
    start = threading.Barrier(times)

    def one() -> Any:
        with app.app_context():
            start.wait()
            try:
                return act()
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(times)]]


@contextmanager
def committing_late(app: Flask, write: Callable[[], Any]) -> Iterator[threading.Event]:
    """Write in a transaction that stays open until the event given is set, at the latest when the block ends."""
    has_written, may_commit = threading.Event(), threading.Event()

    def act() -> None:
        write()
        has_written.set()
        may_commit.wait(20)

    def one() -> None:
        with app.app_context():
            try:
                in_transaction(act)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(1) as pool:
        writer: Future[None] = pool.submit(one)
        assert has_written.wait(20)
        try:
            yield may_commit
        finally:
            may_commit.set()
        writer.result()


def commit_once_waited_for(may_commit: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a late writer commit as soon as somebody begins to wait for writers, and not before."""
    wait = settled.wait_for_writers

    def wait_and_let_go(seen: str) -> bool:
        may_commit.set()
        return wait(seen)

    monkeypatch.setattr(settled, "wait_for_writers", wait_and_let_go)
