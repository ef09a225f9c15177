"""What every test stands on: real servers, an application, and a database that forgets."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse
from xdist.scheduler import LoadScopeScheduling

from portal import handlers
from portal.carriers import registry
from portal.core.db import db
from portal.core.queue import broker
from portal.core.settings import Environment, Settings
from portal.factory import create_app
from portal.ledger import chart
from tests import servers

assert handlers.HANDLED  # every outbox kind can be worked in tests


def pytest_configure() -> None:
    # A busy machine must not fail a law, and a run must not depend on luck.
    hypothesis_settings.register_profile("portal", deadline=None, derandomize=True)
    hypothesis_settings.load_profile("portal")
    servers.start()


def pytest_unconfigure() -> None:
    servers.stop()


TOGETHER = ("tests/browser/", "tests/faults/test_races.py", "tests/faults/test_stopped_parts.py")
"""Tests that share processes which are slow to start: one worker runs them all."""


class Scheduling(LoadScopeScheduling):
    """Hand tests out one by one, and those of `TOGETHER` in one piece.

    The mark of xdist 3.8 for this, `xdist_group`, works by renaming tests, which pytest 9.2 no longer lets it.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((start for start in TOGETHER if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long begin first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


def settings_for(database_url: str, home: Path, **changes: object) -> Settings:
    """Give the settings of a test installation: quiet, unlimited, with everything below `home`."""
    values: dict[str, object] = {
        "portal_env": Environment.TEST,
        "database_url": database_url,
        "redis_url": "",
        "portal_home": home,
        "invoices_dir": home / "invoices",
        "rate_limits": False,
        "base_url": "https://portal.example",
        "sandbox_settles_seconds": 1,
        "carrier_connect_seconds": 1,
        "carrier_submit_seconds": 1,
        "outbox_lease_seconds": 5,
        "demo": False,
    }
    return Settings(_env_file=None, **(values | changes))


def migrated(url: str) -> None:
    """Bring the tables of a new database up; the template of every test database is made so, once a run."""
    app = create_app(settings_for(url, Path()))
    with app.app_context(), warnings.catch_warnings():
        upgrade()
        db.engine.dispose()


class Browser(FlaskClient):
    """Forget `g` after each answer, as production does: the tests' one application context would keep the visitor."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        if has_app_context():
            for name in list(g):
                g.pop(name)
        return answer


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all tests whose database is rolled back."""
    url = servers.database_url(prepare=migrated)
    shared = create_app(settings_for(url, tmp_path_factory.mktemp("home")))
    shared.test_client_class = Browser
    yield shared
    with shared.app_context():
        db.engine.dispose()


@pytest.fixture
def app(shared_app: Flask) -> Iterator[Flask]:
    """The application inside its context; whatever a test commits is rolled back after it."""
    # Both are the process's own, and another test may have pointed them elsewhere.
    broker.configure(url="", queue_name="portal")
    registry.configure(shared_app.extensions["portal_settings"])
    with shared_app.app_context():
        engine = db.engines[None]
        connection = engine.connect()
        outer = connection.begin()
        db.engines[None] = connection
        try:
            yield shared_app
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            db.engines[None] = engine
            chart.forget_ids()


@pytest.fixture
def session(app: Flask) -> Session:
    """The database session of a test that is rolled back."""
    return db.session()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript, not signed in."""
    return app.test_client()


@pytest.fixture
def own_app(tmp_path: Path) -> Iterator[Flask]:
    """An application with a database and broker of its own, where commits are real: for races, workers and faults."""
    url = servers.database_url(prepare=migrated, name="own")
    chart.forget_ids()
    own = create_app(settings_for(url, tmp_path, redis_url=servers.broker_url()))
    with own.app_context():
        broker.queue.connection.flushdb()
        try:
            yield own
        finally:
            db.session.remove()
            db.engine.dispose()
            chart.forget_ids()
