"""Workers die at any point; every renewal is delivered once, with one receipt."""

import signal
import time
from functools import partial

import pytest
from sqlalchemy import func, select

from portal.core.db import db
from portal.core.queue import broker
from portal.receipts.models import Receipt
from portal.renewals import queries, verification
from portal.renewals.states import RenewalState
from tests.carriers.sandbox_process import RunningSandbox
from tests.faults.house import House, wait_until
from tests.renewals.conftest import Counter

pytestmark = pytest.mark.slow

ENDED = (RenewalState.DELIVERED, RenewalState.RETURNED)


def _is_ready(renewal_id: object) -> bool:
    return db.session.scalar(select(Receipt.rendered_at).where(Receipt.renewal_id == renewal_id)) is not None


def _have_begun(house: House, workers: int) -> bool:
    return house.log("worker").count("kinds of work") == workers


def _assert_delivered_once(placed: object, carrier: RunningSandbox, house: House) -> None:
    renewal = queries.by_id(placed.id)  # type: ignore[attr-defined]
    assert renewal.state is RenewalState.DELIVERED
    assert carrier.carried_out(reference=renewal.reference) == 1
    receipts = db.session.scalar(select(func.count()).select_from(Receipt).where(Receipt.renewal_id == renewal.id))
    assert receipts == 1
    files = [path for path in house.settings.invoices_dir.rglob("*") if path.is_file()]
    assert all(path.suffix == ".pdf" and path.stat().st_size > 5_000 for path in files), files
    assert verification.verify_everything() == []


def test_a_renewal_is_delivered_and_its_receipt_rendered(
    house: House, counter: Counter, carrier: RunningSandbox
) -> None:
    house.worker()
    placed = counter.order()

    wait_until(lambda: _is_ready(placed.id), seconds=30)

    _assert_delivered_once(placed, carrier, house)


def test_a_worker_killed_while_the_carrier_works_leads_to_one_delivery(
    house: House, counter: Counter, carrier: RunningSandbox
) -> None:
    carrier.set_fault("late", seconds=0.9, times=1)
    worker = house.worker()
    placed = counter.order()
    wait_until(lambda: bool(queries.attempts_of(placed.id)), seconds=20)

    house.kill(worker)
    house.clock()
    house.worker()

    wait_until(lambda: _is_ready(placed.id), seconds=60)
    _assert_delivered_once(placed, carrier, house)


def test_a_worker_killed_before_the_carrier_was_asked_leads_to_one_delivery(
    house: House, counter: Counter, carrier: RunningSandbox
) -> None:
    carrier.pause()
    try:
        worker = house.worker(CARRIER_SUBMIT_SECONDS="30", CARRIER_CONNECT_SECONDS="30")
        placed = counter.order()
        wait_until(lambda: bool(queries.attempts_of(placed.id)), seconds=20)
        house.kill(worker)
    finally:
        carrier.resume()
    house.clock()
    house.worker()

    wait_until(lambda: _is_ready(placed.id), seconds=60)

    _assert_delivered_once(placed, carrier, house)


@pytest.mark.timeout(400)
def test_workers_killed_at_random_lose_and_double_nothing(
    house: House, counter: Counter, carrier: RunningSandbox
) -> None:
    carrier.set_fault("drop", percent=20)
    carrier.set_fault("error_before", percent=20)
    placed = [counter.order() for _ in range(6)]
    house.clock()
    for times, pause in enumerate((0.1, 0.3, 0.5, 0.8), start=1):
        worker = house.worker()
        wait_until(partial(_have_begun, house, times), seconds=20)
        time.sleep(pause)
        house.kill(worker)
    carrier.clear_faults()
    house.worker()

    # Each kill and each fault doubles the wait of the row that it met; the unluckiest of six may wait for minutes.
    wait_until(lambda: all(_is_ready(one.id) for one in placed), seconds=300)

    for one in placed:
        _assert_delivered_once(one, carrier, house)


def test_a_broker_that_lost_everything_costs_one_sweep(house: House, counter: Counter, carrier: RunningSandbox) -> None:
    placed = counter.order()
    broker.queue.connection.flushdb()

    house.worker()
    house.clock()

    wait_until(lambda: _is_ready(placed.id), seconds=30)
    _assert_delivered_once(placed, carrier, house)


def test_two_clocks_and_two_workers_do_everything_once(house: House, counter: Counter, carrier: RunningSandbox) -> None:
    for _ in range(2):
        house.worker()
        house.clock()
    placed = [counter.order() for _ in range(5)]

    wait_until(lambda: all(_is_ready(one.id) for one in placed), seconds=60)

    for one in placed:
        _assert_delivered_once(one, carrier, house)


def test_a_worker_ends_in_peace_when_it_is_asked_to(house: House, counter: Counter) -> None:
    worker = house.worker()
    placed = counter.order()
    wait_until(lambda: _is_ready(placed.id), seconds=30)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=15) == 0
