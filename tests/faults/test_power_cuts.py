"""The worker dies before and after each of its commits, one after the other; every renewal still ends as it should."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select

from portal.core import clock, working
from portal.core import db as database
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow
from portal.receipts import queries as receipts
from portal.receipts.models import Receipt
from portal.renewals import queries, verification
from portal.renewals.placing import Placed
from portal.renewals.states import RenewalState
from tests import make
from tests.carriers.sandbox_process import RunningSandbox
from tests.faults.house import House
from tests.renewals.conftest import Counter

pytestmark = pytest.mark.slow


class PowerCut(BaseException):
    """Nothing after this moment happens; nobody can catch it."""


class Fuse:
    """Blows at the n-th moment it is asked at; never with n = 0."""

    def __init__(self) -> None:
        self.moments_left = 0

    def blow_at(self, moment: int) -> None:
        self.moments_left = moment

    def pass_moment(self) -> None:
        self.moments_left -= 1
        if self.moments_left == 0:
            raise PowerCut


@pytest.fixture
def fuse(monkeypatch: pytest.MonkeyPatch) -> Fuse:
    """A fuse that is asked right before and right after every commit of the worker."""
    transaction, fuse = database.transaction, Fuse()

    @contextmanager
    def cut() -> Iterator[None]:
        with transaction():
            yield
            fuse.pass_moment()
        fuse.pass_moment()

    monkeypatch.setattr(database, "transaction", cut)
    return fuse


def _work_until_dark(fuse: Fuse, *, moment: int) -> bool:
    """Work, and tell whether the power was cut at the moment given."""
    fuse.blow_at(moment)
    try:
        working.work_through()
    except PowerCut:
        return True
    finally:
        fuse.blow_at(0)
        db.session.rollback()
    return False


def _work_on() -> None:
    """Work as the next worker does, at later and later times, until nothing waits."""
    began = clock.now()
    for turn in range(1, 10):
        with clock.fixed(began + turn * timedelta(seconds=10)):
            working.work_through()
        waiting = select(func.count()).where(OutboxRow.done_at.is_(None))
        if not db.session.scalar(waiting):
            return
        db.session.rollback()
    raise AssertionError("something waits for ever")


def _assert_ended_well(placed: Placed, carrier: RunningSandbox) -> None:
    renewal = queries.by_id(placed.id)
    assert renewal.state is RenewalState.DELIVERED
    assert carrier.carried_out(reference=placed.reference) == 1
    assert db.session.scalar(select(func.count()).where(Receipt.renewal_id == placed.id)) == 1
    receipt = receipts.of_renewal(placed.id)
    assert receipt is not None
    assert receipts.file_of(receipt).startswith(b"%PDF")


def test_a_power_cut_at_any_moment_leads_to_one_delivery_and_one_receipt(
    house: House, counter: Counter, carrier: RunningSandbox, fuse: Fuse
) -> None:
    in_transaction(lambda: make.money_in(counter.agent, 1_000_000))

    for moment in count(1):
        placed = counter.order()
        was_cut = _work_until_dark(fuse, moment=moment)
        _work_on()
        _assert_ended_well(placed, carrier)
        if not was_cut:
            break

    assert moment > 14
    assert verification.verify_everything() == []
    files = [path for path in house.settings.invoices_dir.rglob("*") if path.is_file()]
    assert len(files) == moment
    assert {path.suffix for path in files} == {".pdf"}
