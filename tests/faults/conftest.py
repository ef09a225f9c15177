"""A house with a carrier, in real processes."""

import warnings
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import upgrade

from portal.carriers import registry
from portal.core.db import db
from portal.core.embedded.postgres import temporary_postgres
from portal.core.embedded.valkey import temporary_valkey
from portal.core.settings import Settings
from portal.factory import create_app
from portal.ledger import chart
from tests import servers
from tests.carriers.sandbox_process import RunningSandbox, running_sandbox
from tests.conftest import settings_for
from tests.faults.house import House
from tests.faults.installation import Installation
from tests.renewals.conftest import Counter, open_counter


@pytest.fixture(scope="session")
def carrier_process() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def carrier(carrier_process: RunningSandbox) -> RunningSandbox:
    carrier_process.clear_faults()
    return carrier_process


@pytest.fixture
def house(own_app: Flask, carrier: RunningSandbox) -> Iterator[House]:
    standing: Settings = own_app.extensions["portal_settings"]
    chosen = standing.model_copy(
        update={"sandbox_url": carrier.url, "outbox_lease_seconds": 2, "sandbox_settles_seconds": 1}
    )
    own_app.extensions["portal_settings"] = chosen
    registry.configure(chosen)
    opened = House(chosen)
    try:
        yield opened
    finally:
        opened.end()


@pytest.fixture
def counter(house: House) -> Counter:
    opened = open_counter()
    opened.plan.plan.code = "JP-10G-30D"
    opened.plan.carrier = opened.card.carrier = "sandbox-west"
    db.session.commit()
    return opened


@pytest.fixture(scope="session")
def standing_installation(
    tmp_path_factory: pytest.TempPathFactory, carrier_process: RunningSandbox
) -> Iterator[Installation]:
    """Start servers that write to the disk as in production, and every process, once for all tests that stop parts."""
    home = tmp_path_factory.mktemp("installation")
    with temporary_postgres() as postgres, temporary_valkey(servers.FORGETFUL) as valkey:
        app = create_app(
            settings_for(
                postgres.url(),
                home,
                redis_url=valkey.url(),
                sandbox_url=carrier_process.url,
                outbox_lease_seconds=2,
            )
        )
        with app.app_context(), warnings.catch_warnings():
            upgrade()
            opened = Installation(app, postgres=postgres, valkey=valkey)
            db.session.remove()
            db.engine.dispose()
        try:
            yield opened
        finally:
            opened.house.end()


@pytest.fixture
def installation(standing_installation: Installation, carrier: RunningSandbox) -> Iterator[Installation]:
    """The installation with everything running, and this process connected to its database."""
    with standing_installation.app.app_context():
        chart.forget_ids()
        try:
            yield standing_installation
        finally:
            standing_installation.forget_connections()
