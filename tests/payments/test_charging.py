"""A saved card is charged once a key while its owner is away."""

import pytest
from flask import Flask

from portal.agents.models import Agent
from portal.core import ids
from portal.core.db import in_transaction, transaction
from portal.core.money import Money
from portal.payments import charging, saving, settling
from portal.payments.errors import MethodGone
from portal.payments.models import Payment, PaymentPurpose, PaymentState, SavedMethod
from portal.payments.providers import base
from portal.payments.providers.base import Declined, Retry, UnknownOutcome
from tests import make
from tests.payments import stage
from tests.payments.stub import StubProvider

CARD = base.SavedMethod("pm_secret", "cus_secret", "Visa ...4242", "2028-04")


@pytest.fixture
def alice(app: Flask, stub: StubProvider) -> Agent:
    """An agent whose card was kept with a top-up of CNY 1,000.00."""
    agent = stage.agent()
    payment = stage.top_up(agent, save=True)
    stub.settle(payment.reference, Money(100_000, "CNY"), saved=CARD)
    settling.ask(payment.id)
    return agent


def kept(agent: Agent) -> SavedMethod:
    return in_transaction(lambda: saving.of_agent(agent.id)[0])


def charge(agent: Agent, key: str = "auto-1", minor: int = 50_000, of: Agent | None = None) -> Payment:
    return charging.charge(
        kept(agent).id,
        purpose=PaymentPurpose.TOP_UP,
        subject_id=ids.new_id(),
        agent_id=(of or agent).id,
        amount=Money(minor, "CNY"),
        description="Automatic top-up",
        language="en",
        actor=make.actor(),
        idempotency_key=key,
    )


def test_a_card_is_kept_encrypted_with_what_its_owner_recognises(alice: Agent) -> None:
    card = kept(alice)

    assert (card.label, card.expires) == ("Visa ...4242", "2028-04")
    assert b"secret" not in bytes(card.secret)
    assert in_transaction(lambda: saving.secret_of(card)) == CARD


def test_the_same_card_is_kept_once(alice: Agent, stub: StubProvider) -> None:
    payment = stage.top_up(alice, key="k-2", save=True)
    stub.settle(payment.reference, Money(100_000, "CNY"), saved=CARD)

    settling.ask(payment.id)

    assert stage.count(SavedMethod) == 1


def test_it_is_charged_and_the_wallet_credited(alice: Agent) -> None:
    payment = charge(alice)

    assert payment.state is PaymentState.SETTLED
    assert stage.balance(alice) == 150_000


def test_the_same_key_charges_once(alice: Agent, stub: StubProvider) -> None:
    first, second = charge(alice), charge(alice)

    assert first.id == second.id
    assert stub.begun.count(first.reference) == 1
    assert stage.balance(alice) == 150_000


@pytest.mark.parametrize("failure", [Declined("card_declined"), Retry("not_reached")])
def test_what_charged_nothing_is_declined(alice: Agent, stub: StubProvider, failure: Exception) -> None:
    stub.failure = failure  # type: ignore[assignment]

    payment = charge(alice)

    assert (payment.state, stage.balance(alice)) == (PaymentState.DECLINED, 100_000)


def test_a_lost_answer_is_asked_for_and_never_charged_again(alice: Agent, stub: StubProvider) -> None:
    stub.failure = UnknownOutcome("no_answer_in_time", provider_id="pi_lost")
    payment = charge(alice)
    assert (payment.state, payment.provider_id) == (PaymentState.BEGUN, "pi_lost")
    stub.failure = None
    stub.settle(payment.reference, Money(50_000, "CNY"))

    settling.ask(payment.id)

    assert stage.balance(alice) == 150_000
    assert stub.begun.count(payment.reference) == 1


def test_nobody_else_charges_it(alice: Agent) -> None:
    with transaction():
        bob = make.agent(name_en="Pacific Roam")

    with pytest.raises(MethodGone):
        charge(alice, of=bob)


def test_a_removed_one_is_charged_no_more(alice: Agent) -> None:
    card = kept(alice)
    in_transaction(lambda: saving.remove(card.id, agent_id=alice.id, actor=make.actor()))

    with pytest.raises(MethodGone):
        charging.charge(
            card.id,
            purpose=PaymentPurpose.TOP_UP,
            subject_id=ids.new_id(),
            agent_id=alice.id,
            amount=Money(1, "CNY"),
            description="",
            language="en",
            actor=make.actor(),
            idempotency_key="k",
        )
