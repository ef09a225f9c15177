"""The database crashes before a settled top-up is on disk: the work that asked is still there, and settles it again."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal.core import clock, working
from portal.core.db import db, in_transaction
from portal.core.embedded.postgres import PostgresServer, temporary_postgres
from portal.core.money import Money
from portal.factory import create_app
from portal.ledger import chart
from portal.payments import settling
from portal.payments.models import PaymentState
from portal.renewals import verification
from tests.conftest import migrated, settings_for
from tests.payments import stage
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with temporary_postgres() as running:
        yield running


@pytest.fixture
def crashing_app(server: PostgresServer, tmp_path: Path) -> Iterator[Flask]:
    """An application on a database that this test may crash."""
    migrated(server.url())
    chart.forget_ids()
    app = create_app(settings_for(server.url(), tmp_path))
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()
            chart.forget_ids()


def log_writer() -> int:
    """Tell which process of the server flushes what nobody waits for."""
    query = text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
    return int(in_transaction(lambda: db.session.execute(query).scalar_one()))


def test_what_a_crash_takes_back_is_settled_again(
    crashing_app: Flask,
    server: PostgresServer,
    stub: StubProvider,  # noqa: F811
) -> None:
    alice = stage.agent()
    first, second = stage.top_up(alice, 5_000, key="k-0"), stage.top_up(alice, key="k-1")
    for payment in (first, second):
        stub.settle(payment.reference, payment.amount)
    settling.ask(first.id)
    stage.tell(second.reference)
    flushing = log_writer()
    os.kill(flushing, signal.SIGSTOP)  # it would write within a fifth of a second what is to be lost

    working.work_through()
    settled = (stage.now(second).state, stage.balance(alice))
    os.kill(flushing, signal.SIGKILL)
    server.stop("immediate")
    server.start()
    db.session.remove()
    db.engine.dispose()
    taken_back = (stage.now(second).state, stage.balance(alice))
    with clock.fixed(clock.now() + timedelta(minutes=5)):
        working.work_through()

    assert settled == (PaymentState.SETTLED, 105_000)
    assert taken_back == (PaymentState.BEGUN, 5_000)
    assert (stage.now(second).state, stage.balance(alice)) == (PaymentState.SETTLED, 105_000)
    assert stage.now(second).settled == Money(100_000, "CNY")
    assert in_transaction(verification.verify_everything) == []
