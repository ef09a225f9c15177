"""A dispute that no webhook told of is opened when the provider's books are fetched, as its webhook would have it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments.models import Payment
from portal.payments.providers.base import Declined, DisputeStanding, DisputeState, Retry
from portal.payments.registry import UnknownProvider
from portal.reconciliation.models import ReportSource
from portal.refunds import disputing, finding_disputes
from portal.refunds.models import Dispute
from tests.reconciliation.conftest import NOW, House, balance, findings


@pytest.fixture
def paid(house: House) -> Payment:
    """Alice's agent filled its wallet with CNY 100.00, and the payer disputes it; the provider booked both."""
    payment = house.top_up()
    house.booked("payment", 10_000, reference=payment.reference, fee=320)
    house.booked("dispute", -10_000, reference=payment.reference, at=NOW - timedelta(seconds=30))
    house.stub.disputed["dp_1"] = standing(payment)
    return payment


def standing(payment: Payment, state: DisputeState = DisputeState.OPEN) -> DisputeStanding:
    return DisputeStanding(
        state=state,
        provider_id="dp_1",
        payment_id=payment.provider_id or "",
        amount=Money(10_000, "CNY"),
        fee=None,
        reason="fraudulent",
        answer_before=None,
        raw={},
    )


def disputes() -> list[Dispute]:
    query = select(Dispute).execution_options(populate_existing=True)
    return list(in_transaction(lambda: db.session.scalars(query).all()))


def failure(house: House) -> str | None:
    def read() -> str | None:
        return db.session.get_one(ReportSource, house.stripe.id, populate_existing=True).failure

    return in_transaction(read)


def test_is_opened_before_the_books_are_compared(house: House, paid: Payment) -> None:
    house.fetch()

    (dispute,) = disputes()
    assert (dispute.payment_id, dispute.state, dispute.frozen_minor) == (paid.id, DisputeState.OPEN, 10_000)
    assert (balance("disputed"), balance("frozen"), balance("agent_wallet")) == (10_000, 10_000, 0)
    assert house.differences() == []
    assert findings() == []


def test_without_looking_it_is_only_a_difference(house: House, paid: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_disputes, "find", lambda _name, *, since: None)

    house.fetch()

    assert disputes() == []
    assert house.differences() == [("other_dispute", "open", -10_000)]


def test_one_that_was_told_of_is_not_asked_about_again(house: House, paid: Payment) -> None:
    disputing.look_into("stripe", "dp_1")
    house.stub.asked.clear()

    house.fetch()

    assert house.stub.asked == []
    assert [dispute.provider_id for dispute in disputes()] == ["dp_1"]


def test_its_webhook_may_still_come_after(house: House, paid: Payment) -> None:
    house.fetch()

    disputing.look_into("stripe", "dp_1")

    assert [dispute.provider_id for dispute in disputes()] == ["dp_1"]
    assert balance("frozen") == 10_000
    assert findings() == []


def test_one_that_was_lost_unheard_is_opened_and_ended(house: House, paid: Payment) -> None:
    house.stub.disputed["dp_1"] = replace(standing(paid), state=DisputeState.LOST)

    house.fetch()

    (dispute,) = disputes()
    assert dispute.state is DisputeState.LOST
    assert (balance("disputed"), balance("frozen"), balance("agent_wallet")) == (0, 0, 0)
    assert house.differences() == []
    assert findings() == []


def test_one_of_a_payment_that_is_not_ours_is_passed_over(house: House, paid: Payment) -> None:
    foreign = replace(standing(paid), provider_id="dp_0", payment_id="pi_of_somebody")
    house.stub.disputed = {"dp_0": foreign, **house.stub.disputed}

    house.fetch()

    assert [dispute.provider_id for dispute in disputes()] == ["dp_1"]
    assert failure(house) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Retry("not_reached"), "not_reached"),
        (Declined("not_authorized", "No disputes."), "not_authorized No disputes."),
    ],
)
def test_disputes_that_are_not_to_be_had_are_asked_for_again_while_the_rest_is_compared(
    house: House, paid: Payment, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def refuse(*, since: datetime) -> list[str]:
        raise error

    monkeypatch.setattr(house.stub, "disputes", refuse)
    house.fetch()
    assert failure(house) == words
    assert house.differences() == [("other_dispute", "open", -10_000)]

    monkeypatch.undo()
    monkeypatch.setattr("portal.payments.registry.get", lambda _name: house.stub)
    house.fetch()

    assert failure(house) is None
    assert house.differences() == [("other_dispute", "gone", 0)]


def test_they_are_looked_for_far_enough_back(house: House, paid: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []
    monkeypatch.setattr(house.stub, "disputes", lambda *, since: asked.append(since) or [])

    house.fetch()

    assert asked == [clock.now() - timedelta(days=30)]


def test_a_provider_that_was_switched_off_is_not_asked(
    house: House, paid: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_name: str) -> None:
        raise UnknownProvider

    monkeypatch.setattr("portal.payments.registry.get", gone)

    house.fetch()

    assert disputes() == []
    assert failure(house) is None
