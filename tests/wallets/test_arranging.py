"""Only what fits together can be agreed to, and the sentence that was agreed to is kept as it was shown."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.agents.models import Agent
from portal.audit.models import AuditRecord
from portal.core import ids
from portal.core.actor import WORKER
from portal.core.db import db, in_transaction, transaction
from portal.core.errors import InvalidInput, NotAllowed, NotFound
from portal.core.money import Money
from portal.payments import offers
from portal.payments.errors import CannotCharge, MethodGone, MethodNotOffered
from portal.payments.models import PaymentChannel
from portal.wallets import arranging
from portal.wallets.arranging import Arrangement
from portal.wallets.models import AutomaticTopUp, TopUpPause
from tests import make
from tests.payments import stage
from tests.payments.conftest import stub
from tests.payments.stub import StubProvider
from tests.wallets.stage import CONSENT, agent_with_card, arrange, card_of, mandate_of, wanted

__all__ = ["stub"]


@pytest.fixture
def alice(app: Flask, stub: StubProvider) -> Agent:
    """An agent with CNY 1,000.00 in the wallet and a saved card."""
    return agent_with_card(stub)


def test_what_was_agreed_to_is_kept_with_who_agreed(alice: Agent) -> None:
    arrange(alice)

    mandate = mandate_of(alice)
    assert (mandate.threshold, mandate.amount) == (Money(50_000, "CNY"), Money(100_000, "CNY"))
    assert (mandate.most_a_day, mandate.most) == (3, Money(300_000, "CNY"))
    assert (mandate.consent, mandate.consented_by_name) == (CONSENT, "Alice")
    record = in_transaction(
        lambda: db.session.scalars(select(AuditRecord).where(AuditRecord.act == "wallets.arrange_top_ups")).one()
    )
    assert record.after is not None
    assert record.after["consent"] == CONSENT


def test_agreeing_anew_changes_the_one_that_stands_and_ends_its_pause(alice: Agent) -> None:
    arrange(alice)
    card = card_of(alice)
    in_transaction(lambda: arranging.forget_card(card.id, agent_id=alice.id, actor=make.actor()))
    assert mandate_of(alice).pause is TopUpPause.CARD_GONE
    with transaction():
        db.session.get_one(type(card), card.id).removed_at = None

    arrange(alice, amount=60_000)

    assert stage.count(AutomaticTopUp) == 1
    assert mandate_of(alice).pause is None
    assert mandate_of(alice).amount == Money(60_000, "CNY")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"threshold": 0}, "threshold"),
        ({"threshold": 100_001}, "amount"),
        ({"times": 0}, "most_a_day"),
        ({"times": 21}, "most_a_day"),
        ({"most": 99_999}, "most"),
    ],
)
def test_refuses_what_does_not_fit_together(alice: Agent, changes: dict[str, int], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        arrange(alice, **changes)

    assert refusal.value.parts["field"] == field
    assert stage.count(AutomaticTopUp) == 0


def _check(agent: Agent, of: Arrangement) -> None:
    in_transaction(lambda: arranging.check(agent.id, of))


def test_refuses_another_agents_card_and_none(alice: Agent) -> None:
    with transaction():
        bob = make.agent(name_en="Pacific Roam")
    hers = wanted(alice)

    with pytest.raises(MethodGone):
        _check(bob, hers)
    with pytest.raises(MethodGone):
        _check(alice, Arrangement(ids.new_id(), hers.threshold, hers.amount, 1, hers.amount))


def test_refuses_a_currency_without_a_wallet(alice: Agent) -> None:
    jpy = Money(1_000, "JPY")
    card = card_of(alice)

    with pytest.raises(NotFound):
        _check(alice, Arrangement(card.id, jpy, jpy, 1, jpy))


def test_refuses_a_provider_that_charges_nobody_who_is_away(alice: Agent, stub: StubProvider) -> None:
    agreed = wanted(alice)
    stub.can_charge_saved = False

    with pytest.raises(CannotCharge):
        _check(alice, agreed)


def test_refuses_a_currency_that_the_provider_does_not_take(
    alice: Agent, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed = wanted(alice)
    monkeypatch.setattr(stub, "currencies", lambda method: frozenset({"USD"}))

    with pytest.raises(InvalidInput):
        _check(alice, agreed)


def test_a_machine_agrees_to_nothing(alice: Agent) -> None:
    agreed = wanted(alice)

    with pytest.raises(NotAllowed):
        in_transaction(
            lambda: arranging.arrange(
                agent_id=alice.id, wanted=agreed, consent="", description="", language="en", actor=WORKER
            )
        )


def test_what_is_off_is_neither_ended_nor_resumed(alice: Agent) -> None:
    for act in (arranging.end, arranging.resume):
        with pytest.raises(NotFound):
            in_transaction(lambda act=act: act(agent_id=alice.id, currency="CNY", actor=make.actor()))
    arrange(alice)
    in_transaction(lambda: arranging.end(agent_id=alice.id, currency="CNY", actor=make.actor()))

    with pytest.raises(NotFound):
        in_transaction(lambda: arranging.resume(agent_id=alice.id, currency="CNY", actor=make.actor()))


def test_nothing_goes_on_with_a_card_that_is_gone(alice: Agent) -> None:
    arrange(alice)
    card = card_of(alice)
    in_transaction(lambda: arranging.forget_card(card.id, agent_id=alice.id, actor=make.actor()))

    with pytest.raises(MethodGone):
        in_transaction(lambda: arranging.resume(agent_id=alice.id, currency="CNY", actor=make.actor()))


def test_nobody_forgets_another_agents_card(alice: Agent) -> None:
    arrange(alice)
    card = card_of(alice)
    with transaction():
        bob = make.agent(name_en="Pacific Roam")

    with pytest.raises(MethodGone):
        in_transaction(lambda: arranging.forget_card(card.id, agent_id=bob.id, actor=make.actor()))

    assert mandate_of(alice).pause is None


def test_a_method_that_agents_are_not_offered_is_not_charged(alice: Agent) -> None:
    with transaction():
        offers.offer(currency="CNY", channel=PaymentChannel.AGENT, chosen={}, actor=make.actor())

    with pytest.raises(MethodNotOffered):
        arrange(alice)
    assert stage.count(AutomaticTopUp) == 0
