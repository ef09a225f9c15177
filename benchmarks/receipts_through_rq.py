"""Receipts a second through RQ with one worker, against raw warm rendering in one process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import median

from sqlalchemy import func, select

from benchmarks.processes import running
from benchmarks.receipt_warm import raw_receipts_per_second
from benchmarks.stage import Stage, stage
from portal.core.db import db, in_transaction
from portal.core.ids import new_id, unguessable_code
from portal.receipts import issuing, specimen
from portal.receipts.models import Receipt
from tests import make

WARM_UP, RECEIPTS, ROUNDS = 20, 150, 3


def receipts_through_rq() -> float:
    """Receipts a second through the worker / receipts a second rendered in a loop."""
    with stage(broker=True) as here, here.app().app_context():
        ratios = []
        for _ in range(ROUNDS):
            raw = raw_receipts_per_second()
            ratios.append(_worked_per_second(here) / raw)
        db.engine.dispose()
        return median(ratios)


def _worked_per_second(here: Stage) -> float:
    standing = receipts_ready()
    with working(here, receipts=WARM_UP + RECEIPTS):
        wait_for_receipts(standing + WARM_UP)
        began, began_with = time.perf_counter(), receipts_ready()
        wait_for_receipts(standing + WARM_UP + RECEIPTS)
        return (receipts_ready() - began_with) / (time.perf_counter() - began)


@contextmanager
def working(here: Stage, *, receipts: int) -> Iterator[int]:
    """Issue so many receipts and run one worker on them; gives the worker's process id."""
    issue(receipts)
    with running(["flask", "worker"], here) as process:
        yield process.pid


def issue(count: int) -> None:
    """Issue receipts to a customer without a mail address, so that nothing but receipts is made."""

    def act() -> None:
        customer = make.customer(make.agent())
        customer.email, customer.phone = None, f"+86{time.time_ns() % 10**11:011d}"
        for _ in range(count):
            issuing.issue(
                renewal_id=new_id(),
                customer_id=customer.id,
                agent_id=customer.agent_id,
                content=replace(specimen.CONTENT, verification_code=unguessable_code()),
            )

    in_transaction(act)


def wait_for_receipts(wanted: int) -> None:
    """Wait until so many receipts are ready; raises TimeoutError when none comes for a minute: the worker is gone."""
    ready, since = receipts_ready(), time.monotonic()
    while ready < wanted:
        time.sleep(0.02)
        before, ready = ready, receipts_ready()
        if ready > before:
            since = time.monotonic()
        elif time.monotonic() - since > 60:
            raise TimeoutError(f"{ready} of {wanted} receipts")


def receipts_ready() -> int:
    """Count the receipts whose file is written."""
    ready = db.session.scalar(select(func.count()).select_from(Receipt).where(Receipt.rendered_at.is_not(None)))
    db.session.rollback()
    return ready or 0
