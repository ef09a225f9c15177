from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.cards import queries, tasks, usage
from portal.cards.models import CardState
from portal.carriers import base, registry
from portal.carriers.base import Refused, Retry
from portal.core import clock
from portal.core.db import db
from portal.core.outbox import HANDLERS, OutboxRow
from tests import make

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
UNTIL = datetime(2026, 12, 23, 4, 0, tzinfo=UTC)


def state(*, left: int | None = 8000, total: int | None = 10240, plan_code: str | None = None) -> base.CardState:
    return base.CardState(plan_code, total, left, UNTIL, base.CardStatus.ACTIVE, {})


class FakeCarrier:
    """Answers with what it is given, or raises it."""

    def __init__(self, answer: base.CardState | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def card_state(self, iccid: str) -> base.CardState:
        assert not db.session().info.get("is_in_transaction"), "the carrier is asked with a transaction open"
        self.asked.append(iccid)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def carrier(app, monkeypatch):
    """Make `sandbox-east` answer as told."""

    def answer(with_: base.CardState | Exception) -> FakeCarrier:
        fake = FakeCarrier(with_)
        monkeypatch.setitem(registry.REGISTRY, "sandbox-east", fake)
        return fake

    return answer


def test_keeps_what_the_carrier_says(carrier):
    plan = make.plan(code="JP-10G-30D")
    card = make.card(make.customer(make.agent()))
    fake = carrier(state(plan_code="JP-10G-30D"))

    with clock.fixed(NOON):
        usage.read(card.id)

    assert fake.asked == [card.iccid]
    assert (card.data_total_mb, card.data_left_mb, card.valid_until) == (10240, 8000, UNTIL)
    assert card.usage_read_at == NOON
    assert card.plan_version_id == plan.id
    assert [(row.read_at, row.data_left_mb) for row in queries.usage_readings(card.id)] == [(NOON, 8000)]


def test_is_what_the_worker_does(carrier):
    card = make.card(make.customer(make.agent()))
    fake = carrier(state())

    HANDLERS["cards.read_usage"](card.id)

    assert tasks.read_usage in HANDLERS.values()
    assert fake.asked == [card.iccid]


def test_an_older_reading_is_a_point_but_not_the_state(carrier):
    card = make.card(make.customer(make.agent()))

    usage.record(card.id, state(left=7000), read_at=NOON)
    usage.record(card.id, state(left=9000), read_at=NOON - timedelta(hours=1))
    usage.record(card.id, state(left=7000), read_at=NOON)

    assert card.data_left_mb == 7000
    assert card.usage_read_at == NOON
    assert [row.data_left_mb for row in queries.usage_readings(card.id)] == [9000, 7000]
    assert [row.data_left_mb for row in queries.usage_readings(card.id, limit=1)] == [7000]


def test_unlimited_data_stays_unlimited(carrier):
    card = make.card(make.customer(make.agent()))

    usage.record(card.id, state(left=None, total=None), read_at=NOON)

    assert (card.data_left_mb, card.data_total_mb) == (None, None)


@pytest.mark.parametrize("plan_code", [None, "UNKNOWN-1G", "WEST-1G"])
def test_names_no_plan_that_it_does_not_know(carrier, plan_code):
    make.plan(code="WEST-1G", carrier="sandbox-west")
    card = make.card(make.customer(make.agent()))

    usage.record(card.id, state(plan_code=plan_code), read_at=NOON)

    assert card.plan_version_id is None


def test_a_carrier_that_refuses_is_written_down_and_not_asked_again(carrier):
    card = make.card(make.customer(make.agent()))
    carrier(Refused("card_unknown"))

    usage.read(card.id)

    record = db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == card.id)).one()
    assert (record.act, record.after) == ("cards.usage_refused", {"reason": "card_unknown"})


def test_a_carrier_that_cannot_be_reached_is_asked_later(carrier):
    card = make.card(make.customer(make.agent()))
    carrier(Retry("not_reached"))

    with pytest.raises(Retry):
        usage.read(card.id)


def test_nobody_is_asked_about_a_removed_card(carrier):
    card = make.card(make.customer(make.agent()), state=CardState.REMOVED)
    fake = carrier(state())

    usage.read(card.id)

    assert fake.asked == []


def test_a_card_read_just_now_is_not_asked_about_again(carrier):
    card = make.card(make.customer(make.agent()))
    card.usage_read_at = NOON

    with clock.fixed(NOON + timedelta(seconds=59)):
        usage.request(card)
    assert db.session.query(OutboxRow).count() == 0

    with clock.fixed(NOON + timedelta(seconds=60)):
        usage.request(card)
    assert db.session.query(OutboxRow).one().subject_id == card.id
