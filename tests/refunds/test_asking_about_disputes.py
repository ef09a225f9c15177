"""An open dispute is asked about every day: the webhook that tells of its end may be lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.core.outbox import OutboxRow
from portal.payments import registry
from portal.payments.providers.base import DisputeStanding, DisputeState, Retry
from portal.refunds import disputing
from portal.refunds.models import Dispute
from tests.payments.stub import StubProvider
from tests.refunds.conftest import Office
from tests.refunds.test_disputing import holds, paid_online, told, wrong
from tests.working import work_all

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

OPEN = DisputeStanding(
    state=DisputeState.OPEN,
    provider_id="dp_1",
    payment_id="pi_1",
    amount=Money(10_500, "CNY"),
    fee=None,
    reason="fraudulent",
    answer_before=None,
    raw={},
)


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> StubProvider:
    made = StubProvider()
    made.disputed["dp_1"] = OPEN
    monkeypatch.setattr(registry, "get", lambda _name: made)
    return made


@pytest.fixture(autouse=True)
def disputed(office: Office, stripe: StubProvider) -> Iterator[None]:
    """Carol's renewal was paid by card, and she disputes it at noon."""
    with clock.fixed(NOON):
        paid_online(office)
        told(DisputeState.OPEN)
        yield


def days_later(days: float) -> None:
    """Sweep and work as the clock and a worker do, so many days after noon."""
    with clock.fixed(NOON + timedelta(days=days)):
        in_transaction(disputing.sweep)
        work_all()


def the_dispute() -> Dispute:
    return in_transaction(lambda: db.session.scalars(select(Dispute).execution_options(populate_existing=True)).one())


def waiting() -> list[str]:
    """List the work about disputes that is not done."""
    rows = select(OutboxRow.kind).where(OutboxRow.done_at.is_(None), OutboxRow.kind == "refunds.ask_dispute")
    return list(in_transaction(lambda: db.session.scalars(rows).all()))


def test_it_is_asked_about_once_a_day_while_it_is_open(stripe: StubProvider) -> None:
    for days in (0.5, 0.9, 1, 1.5, 2, 2.1):
        days_later(days)

    assert stripe.asked == ["dp_1", "dp_1"]
    assert the_dispute().state is DisputeState.OPEN
    assert wrong() == []


def test_a_decision_nobody_told_of_is_booked(stripe: StubProvider) -> None:
    stripe.disputed["dp_1"] = replace(OPEN, state=DisputeState.WON)

    days_later(1)

    assert the_dispute().state is DisputeState.WON
    assert "disputed:stripe" not in holds()
    assert wrong() == []


def test_a_decided_one_is_not_asked_about(stripe: StubProvider) -> None:
    told(DisputeState.WON)

    days_later(1)

    assert the_dispute().ask_at is None
    assert stripe.asked == []


def test_one_decided_between_sweep_and_work_is_not_asked_about(stripe: StubProvider) -> None:
    with clock.fixed(NOON + timedelta(days=1)):
        in_transaction(disputing.sweep)
        told(DisputeState.LOST)
        work_all()

    assert stripe.asked == []


def test_two_clocks_have_it_asked_about_once() -> None:
    with clock.fixed(NOON + timedelta(days=1)):
        in_transaction(disputing.sweep)
        in_transaction(disputing.sweep)

    assert waiting() == ["refunds.ask_dispute"]


def test_a_provider_that_is_down_is_asked_again_soon(stripe: StubProvider) -> None:
    stripe.failure = Retry("not_reached")
    days_later(1)
    assert waiting() == ["refunds.ask_dispute"]
    stripe.failure, stripe.disputed["dp_1"] = None, replace(OPEN, state=DisputeState.WON)

    days_later(1.01)

    assert the_dispute().state is DisputeState.WON
    assert waiting() == []


def test_one_that_the_provider_knows_nothing_of_stays_visible_among_the_jobs(stripe: StubProvider) -> None:
    stripe.disputed.clear()

    days_later(1)

    row = in_transaction(
        lambda: db.session.scalars(select(OutboxRow).where(OutboxRow.kind == "refunds.ask_dispute")).one()
    )
    assert (row.done_at, row.attempts) == (None, 1)
    assert (row.last_error or "").startswith("Declined")
