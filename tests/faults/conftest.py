"""A house with a carrier, in real processes."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.carriers import registry
from portal.core.db import db
from portal.core.settings import Settings
from tests.carriers.sandbox_process import RunningSandbox, running_sandbox
from tests.faults.house import House
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
