"""A carrier delivers a renewal, refuses it, or leaves us in the dark; the money follows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.cards.models import Card
from portal.carriers import registry
from portal.core import settings
from portal.core.db import db
from portal.core.outbox import OutboxRow, TryLater
from portal.ledger.models import Account, Transfer
from portal.receipts.models import Receipt
from portal.renewals import fulfilment, queries
from portal.renewals.fulfilment import History, Outcome, next_act
from portal.renewals.models import AttemptAct, CarrierAttempt, Renewal
from portal.renewals.states import RenewalState
from tests.carriers.sandbox_process import RunningSandbox as Sandbox
from tests.carriers.sandbox_process import running_sandbox
from tests.renewals.conftest import Counter, open_counter

PLAN = "JP-10G-30D"  # a plan that sandbox-west knows


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def counter(app: Flask, sandbox: Sandbox) -> Counter:
    sandbox.clear_faults()
    registry.configure(settings.current().model_copy(update={"sandbox_url": sandbox.url}))
    opened = open_counter()
    opened.plan.plan.code = PLAN
    opened.plan.carrier = opened.card.carrier = "sandbox-west"
    db.session.commit()
    return opened


def test_delivers_and_gives_the_money_to_its_owners(counter: Counter, sandbox: Sandbox) -> None:
    placed = counter.order()

    fulfilment.fulfil(placed.id)

    renewal = queries.by_id(placed.id)
    assert renewal.state is RenewalState.DELIVERED
    assert renewal.carrier_confirmation is not None
    assert renewal.carrier_confirmation.startswith("SW-")
    assert sandbox.carried_out(reference=placed.reference) == 1
    assert _transfers(placed.id) == [
        ("hold", f"agent_wallet:{counter.agent.id}", "escrow", 10_500),
        ("deliver", "escrow", "revenue", 9_434),
        ("deliver", "escrow", "tax_payable", 566),
        ("deliver", "escrow", f"commission_earned:{counter.agent.id}", 500),
        ("deliver", "commission_expense", f"commission_earned:{counter.agent.id}", 300),
        ("deliver", "carrier_cost", "carrier_payable:sandbox-west", 6_120),
    ]


def test_leaves_a_receipt_and_the_card_as_it_now_is(counter: Counter) -> None:
    placed = counter.order()

    fulfilment.fulfil(placed.id)

    receipt = db.session.scalars(select(Receipt).where(Receipt.renewal_id == placed.id)).one()
    assert '"total_minor":10500' in receipt.content
    assert receipt.number is None, "the worker gives the number, in a transaction of its own"
    renewal = queries.by_id(placed.id)
    card = db.session.get_one(Card, counter.card.id, populate_existing=True)
    assert renewal.after is not None
    assert card.valid_until == datetime.fromisoformat(renewal.after["valid_until"])
    assert card.data_left_mb == renewal.after["data_left_mb"]


def test_does_nothing_the_second_time(counter: Counter, sandbox: Sandbox) -> None:
    placed = counter.order()
    fulfilment.fulfil(placed.id)

    fulfilment.fulfil(placed.id)

    assert sandbox.carried_out(reference=placed.reference) == 1
    assert len(_transfers(placed.id)) == 6


def test_returns_the_money_when_the_carrier_refuses(counter: Counter, sandbox: Sandbox) -> None:
    sandbox.set_fault("refuse", iccid=counter.card.iccid, reason="card_suspended")
    placed = counter.order()

    fulfilment.fulfil(placed.id)

    renewal = queries.by_id(placed.id)
    assert (renewal.state, renewal.refusal_code) == (RenewalState.RETURNED, "card_suspended")
    assert counter.wallet_minor() == 100_000
    assert [event.state.value for event in queries.events_of(placed.id)] == [
        "paid",
        "submitting",
        "refused",
        "returned",
    ]
    assert db.session.scalars(select(Receipt).where(Receipt.renewal_id == placed.id)).all() == []


@pytest.mark.parametrize("fault", ["drop", "error_after"])
def test_asks_after_a_lost_answer_and_sends_nothing_twice(counter: Counter, sandbox: Sandbox, fault: str) -> None:
    sandbox.set_fault(fault, iccid=counter.card.iccid, times=1)
    placed = counter.order()

    with pytest.raises(TryLater):
        fulfilment.fulfil(placed.id)
    assert queries.by_id(placed.id).state is RenewalState.UNKNOWN
    assert counter.wallet_minor() == 89_500
    fulfilment.fulfil(placed.id)

    assert queries.by_id(placed.id).state is RenewalState.DELIVERED
    assert [(attempt.act.value, attempt.outcome) for attempt in queries.attempts_of(placed.id)] == [
        ("submit", "unknown"),
        ("look_up", "delivered"),
    ]
    assert len(sandbox.deliveries(placed.reference)) == 1


def test_waits_while_a_late_submission_could_still_arrive(counter: Counter, sandbox: Sandbox) -> None:
    sandbox.set_fault("error_before", iccid=counter.card.iccid, times=1)
    placed = counter.order()

    for _ in range(2):
        with pytest.raises(TryLater):
            fulfilment.fulfil(placed.id)
    _let_time_pass(placed.id, seconds=2)
    with pytest.raises(TryLater):
        fulfilment.fulfil(placed.id)  # the carrier says again, now for good, that it never received it
    fulfilment.fulfil(placed.id)

    assert queries.by_id(placed.id).state is RenewalState.DELIVERED
    assert sandbox.carried_out(reference=placed.reference) == 1


def test_tries_again_when_the_carrier_was_not_reached(counter: Counter, sandbox: Sandbox) -> None:
    fault = sandbox.set_fault("down", iccid=counter.card.iccid)
    placed = counter.order()

    with pytest.raises(TryLater):
        fulfilment.fulfil(placed.id)
    assert queries.by_id(placed.id).state is RenewalState.SUBMITTING
    sandbox.clear_faults()
    fulfilment.fulfil(placed.id)

    assert fault
    assert queries.by_id(placed.id).state is RenewalState.DELIVERED


def test_keeps_the_money_in_escrow_when_something_else_was_confirmed(counter: Counter, sandbox: Sandbox) -> None:
    sandbox.set_fault("other_plan", iccid=counter.card.iccid, times=1)
    placed = counter.order()

    with pytest.raises((TryLater, fulfilment.OtherRenewalConfirmed)):
        fulfilment.fulfil(placed.id)

    assert queries.by_id(placed.id).state in (RenewalState.UNKNOWN, RenewalState.SUBMITTING)
    assert counter.wallet_minor() == 89_500


def test_work_that_must_wait_stays_in_the_outbox(counter: Counter, sandbox: Sandbox) -> None:
    from portal.core import working

    sandbox.set_fault("down", iccid=counter.card.iccid)
    placed = counter.order()
    row = db.session.scalars(select(OutboxRow).where(OutboxRow.subject_id == placed.id)).one()
    db.session.rollback()

    working.work(row.id)

    row = db.session.get_one(OutboxRow, row.id, populate_existing=True)
    assert (row.done_at, row.given_up_at, row.attempts) == (None, None, 0)
    assert row.due_at > row.created_at


NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SETTLES = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("history", "now", "expected"),
    [
        (History(NOON), NOON, AttemptAct.SUBMIT),
        (History(NOON, NOON, None), NOON, AttemptAct.LOOK_UP),
        (History(NOON, NOON, Outcome.UNKNOWN), NOON, AttemptAct.LOOK_UP),
        (History(NOON, NOON, Outcome.RETRY), NOON, AttemptAct.SUBMIT),
        (History(NOON, NOON, Outcome.RETRY), NOON + timedelta(hours=24), None),
        (
            History(NOON, NOON, Outcome.UNKNOWN, NOON + timedelta(seconds=10)),
            NOON + timedelta(seconds=10),
            timedelta(seconds=20),
        ),
        (
            History(NOON, NOON, Outcome.UNKNOWN, NOON + timedelta(seconds=10)),
            NOON + timedelta(seconds=30),
            AttemptAct.LOOK_UP,
        ),
        (
            History(NOON, NOON, None, NOON + timedelta(seconds=30)),
            NOON + timedelta(seconds=31),
            AttemptAct.SUBMIT,
        ),
    ],
)
def test_sends_again_only_what_certainly_did_nothing(
    history: History, now: datetime, expected: AttemptAct | timedelta | None
) -> None:
    assert next_act(history, settles_within=SETTLES, now=now) == expected


def _transfers(renewal_id: object) -> list[tuple[str, str, str, int]]:
    names = {account.id: account.name for account in db.session.scalars(select(Account))}
    rows = db.session.scalars(select(Transfer).where(Transfer.subject_id == renewal_id).order_by(Transfer.id))
    return [(row.kind, names[row.debit_account_id], names[row.credit_account_id], row.amount_minor) for row in rows]


def _let_time_pass(renewal_id: object, *, seconds: int) -> None:
    """Age what was exchanged so far, instead of sleeping."""
    past = timedelta(seconds=seconds)
    for attempt in db.session.scalars(select(CarrierAttempt).where(CarrierAttempt.renewal_id == renewal_id)):
        attempt.started_at -= past
        attempt.ended_at = attempt.ended_at - past if attempt.ended_at else None
    db.session.get_one(Renewal, renewal_id)
    db.session.commit()
