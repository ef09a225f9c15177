"""A wallet that falls short is topped up from the saved card, never twice for the same need."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Role
from portal.agents.models import Agent, AgentStatus
from portal.audit.models import AuditRecord
from portal.core import clock
from portal.core.db import db, in_transaction, transaction
from portal.core.mail import Mail
from portal.core.money import Money
from portal.payments import charging, saving, settling
from portal.payments import queries as payments
from portal.payments.models import Payment, PaymentState, SavedMethod
from portal.payments.providers.base import Declined, Retry, UnknownOutcome
from portal.renewals import verification
from portal.wallets import arranging, paying_in, refilling
from portal.wallets.models import AutomaticTopUp, TopUpPause, TopUpRest
from tests import make
from tests.payments import stage
from tests.payments.conftest import stub
from tests.payments.stub import StubProvider
from tests.wallets.stage import (
    CARD,
    agent_with_card,
    arrange,
    attempts,
    card_of,
    mandate_of,
    mandate_of_id,
    spend,
    states,
    sweep,
)
from tests.working import work_all

__all__ = ["stub"]

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""


@pytest.fixture
def alice(app: Flask, stub: StubProvider) -> Iterator[Agent]:
    """An agent with CNY 1,000.00 whose card is charged with as much whenever less than CNY 500.00 can be spent."""
    with clock.fixed(NOON):
        agent = agent_with_card(stub)
        arrange(agent)
        work_all()
        yield agent


def pass_minutes(count: int = 1) -> None:
    """Sweep and work once a minute."""
    now = clock.now()
    for minute in range(count):
        with clock.fixed(now + timedelta(minutes=minute)):
            sweep()
            work_all()


def payment_of(agent: Agent) -> Payment:
    latest = attempts(agent)[-1]
    (found,) = in_transaction(lambda: payments.of_subject(latest.id))
    return found


def mails(*kinds: str) -> list[Mail]:
    """List the mails of these kinds, else those that say why it waits."""
    wanted = Mail.kind.in_(kinds or ("top_up_paused", "top_up_rests"))
    return list(in_transaction(lambda: db.session.scalars(select(Mail).where(wanted).order_by(Mail.id)).all()))


def charges(stub: StubProvider) -> int:
    """Count what was sent to the provider beside the first top-up by hand."""
    return len(stub.begun) - 1


def test_a_wallet_that_falls_short_is_topped_up(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 50_001)

    pass_minutes()

    assert stage.balance(alice) == 149_999
    assert states(alice) == ["paid"]
    assert payment_of(alice).amount == Money(100_000, "CNY")
    assert payment_of(alice).description == "Automatic wallet top-up"
    assert verification.verify_everything() == []


def test_a_wallet_at_its_threshold_is_left_alone(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 50_000)

    pass_minutes(3)

    assert (charges(stub), attempts(alice)) == (0, [])


def test_the_next_fall_is_another_need(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)
    pass_minutes(3)
    spend(alice, 100_000)
    pass_minutes(3)

    assert states(alice) == ["paid", "paid"]
    assert stage.balance(alice) == 140_000


def test_sweeps_every_minute_while_a_charge_is_pending_charge_once(alice: Agent, stub: StubProvider) -> None:
    """As getlago/lago-api#1962 does not: pending top-ups were ignored, and the next one was made every five minutes."""
    stub.failure = UnknownOutcome("no_answer_in_time", provider_id="pi_pending")
    spend(alice, 60_000)
    pass_minutes()
    stub.failure = None

    pass_minutes(40)

    assert charges(stub) == 1
    assert states(alice) == ["open"]
    assert stage.balance(alice) == 40_000

    stub.settle(payment_of(alice).reference, Money(100_000, "CNY"))
    settling.ask(payment_of(alice).id)
    pass_minutes(5)

    assert charges(stub) == 1
    assert states(alice) == ["paid"]
    assert stage.balance(alice) == 140_000


def test_a_top_up_by_hand_that_is_not_paid_yet_counts(alice: Agent, stub: StubProvider) -> None:
    by_hand = stage.top_up(alice, 50_000, key="by-hand")
    spend(alice, 100_000)
    pass_minutes(3)
    assert attempts(alice) == []

    stub.standings[by_hand.reference] = None
    with clock.fixed(NOON + timedelta(hours=1)):
        settling.ask(by_hand.id)
        assert stage.now(by_hand).state is PaymentState.EXPIRED
        pass_minutes(3)

    assert states(alice) == ["paid"]
    assert stage.balance(alice) == 100_000


def test_the_credit_limit_is_money_to_spend(alice: Agent, stub: StubProvider) -> None:
    with transaction():
        make.credit_limit(alice, 100_000)
    spend(alice, 150_000)
    pass_minutes()
    assert charges(stub) == 0

    spend(alice, 1)
    pass_minutes()

    assert stage.balance(alice) == 49_999


def test_a_worker_that_died_after_the_charge_leads_to_one_charge(
    alice: Agent, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(alice, 60_000)
    sweep()
    with monkeypatch.context() as dying:
        dying.setattr(charging.settling, "record", _power_cut)
        with pytest.raises(SystemExit):
            refilling.refill(mandate_of(alice).id)
    assert (charges(stub), states(alice)) == (1, ["open"])

    pass_minutes(3)
    assert (charges(stub), states(alice), stage.balance(alice)) == (1, ["open"], 40_000)
    settling.ask(payment_of(alice).id)
    pass_minutes(3)

    assert (charges(stub), states(alice), stage.balance(alice)) == (1, ["paid"], 140_000)


def test_a_worker_that_died_before_the_charge_charges_nobody_and_the_need_is_met_later(
    alice: Agent, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(alice, 60_000)
    sweep()
    with monkeypatch.context() as dying:
        dying.setattr(stub, "charge", _power_cut)
        with pytest.raises(SystemExit):
            refilling.refill(mandate_of(alice).id)
    pass_minutes(3)
    assert (charges(stub), states(alice)) == (0, ["open"])

    payment = payment_of(alice)
    stub.standings[payment.reference] = None  # never heard of
    with clock.fixed(NOON + timedelta(minutes=61)):
        settling.ask(payment.id)
        pass_minutes()
        assert states(alice) == ["not_reached"]
        pass_minutes(12)

    assert (charges(stub), states(alice), stage.balance(alice)) == (1, ["not_reached", "paid"], 140_000)


def _power_cut(*_args: object, **_kwargs: object) -> None:
    raise SystemExit


def test_work_done_twice_charges_once(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)

    for _ in range(3):
        refilling.refill(mandate_of(alice).id)

    assert (charges(stub), states(alice), stage.balance(alice)) == (1, ["paid"], 140_000)


def test_the_days_number_is_kept_and_told_once_and_it_goes_on_the_next_day(alice: Agent, stub: StubProvider) -> None:
    arrange(alice, times=2, most=1_000_000)
    for spent in (60_000, 100_000, 100_000):
        spend(alice, spent)
        pass_minutes(2)
    assert states(alice) == ["paid", "paid"]
    assert stage.balance(alice) == 40_000

    pass_minutes(60)

    assert charges(stub) == 2
    (mail,) = mails()
    assert mail.kind == "top_up_rests"
    assert mandate_of(alice).rest is TopUpRest.DAY_IS_FULL
    with clock.fixed(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)):  # midnight in Shanghai
        pass_minutes(2)
    assert states(alice) == ["paid", "paid", "paid"]


def test_the_days_sum_is_kept(alice: Agent, stub: StubProvider) -> None:
    arrange(alice, times=20, most=199_999)
    spend(alice, 60_000)
    pass_minutes(2)
    spend(alice, 100_000)

    pass_minutes(5)

    assert charges(stub) == 1
    assert mandate_of(alice).rest is TopUpRest.DAY_IS_FULL


def test_declines_are_waited_after_and_the_third_in_a_row_pauses_with_one_mail(
    alice: Agent, stub: StubProvider
) -> None:
    spend(alice, 60_000)
    stub.failure = Declined("insufficient_funds")
    pass_minutes(59)
    assert charges(stub) == 1
    assert mandate_of(alice).rest is TopUpRest.DECLINED
    assert mails() == []

    with clock.fixed(NOON + timedelta(hours=1)):
        pass_minutes(2)
    assert charges(stub) == 2
    with clock.fixed(NOON + timedelta(hours=7)):
        pass_minutes(60)

    assert charges(stub) == 3
    assert states(alice) == ["declined"] * 3
    assert mandate_of(alice).pause is TopUpPause.DECLINES
    (mail,) = mails()
    assert mail.kind == "top_up_paused"
    assert stage.balance(alice) == 40_000
    with clock.fixed(NOON + timedelta(days=9)):
        pass_minutes(3)
    assert charges(stub) == 3


def test_a_paid_one_ends_the_row_of_declines(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)
    stub.failure = Declined("insufficient_funds")
    pass_minutes()
    assert mandate_of(alice).declines_in_row == 1
    stub.failure = None

    with clock.fixed(NOON + timedelta(hours=1)):
        pass_minutes()

    assert mandate_of(alice).declines_in_row == 0


def test_once_resumed_it_goes_on_at_once(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)
    stub.failure = Declined("insufficient_funds")
    pass_minutes()
    stub.failure = None

    with clock.fixed(NOON + timedelta(minutes=5)):
        in_transaction(lambda: arranging.resume(agent_id=alice.id, currency="CNY", actor=make.actor()))
        pass_minutes()

    assert states(alice) == ["declined", "paid"]


def test_a_bank_that_wants_its_owner_leads_to_a_mail_with_a_link_to_pay_by_hand(
    alice: Agent, stub: StubProvider
) -> None:
    with transaction():
        owner = make.user(role=Role.AGENT_OWNER, of=alice, email="alice@global-link.example", name="Alice")
        owner.locale, owner.password_hash = "en", "x"
    spend(alice, 60_000)
    stub.failure = Declined("authentication_required")

    pass_minutes(60 * 3)

    assert charges(stub) == 1
    assert states(alice) == ["owner_wanted"]
    (mail,) = mails()
    assert (mail.kind, mail.recipient) == ("top_up_rests", "alice@global-link.example")
    assert mail.subject == "Please confirm a payment: the automatic top-up was not made"
    assert "https://portal.example/agent/wallet/top-up?currency=CNY&amount=100000" in mail.text


def test_a_provider_that_is_down_is_no_decline(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)
    stub.failure = Retry("not_reached")
    pass_minutes(10)
    assert (charges(stub), states(alice), mandate_of(alice).declines_in_row) == (1, ["not_reached"], 0)
    stub.failure = None

    with clock.fixed(NOON + timedelta(minutes=10)):
        pass_minutes()

    assert states(alice) == ["not_reached", "paid"]
    assert mails() == []


def test_another_amount_than_asked_is_held_and_nobody_is_charged_again_meanwhile(
    alice: Agent, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(alice, 60_000)
    monkeypatch.setattr(stub, "settle", lambda reference, amount: StubProvider.settle(stub, reference, Money(1, "CNY")))

    pass_minutes(60)

    assert (charges(stub), states(alice)) == (1, ["open"])
    held = payment_of(alice)
    in_transaction(lambda: paying_in.accept_held(held.id, actor=make.actor()))
    pass_minutes()
    assert states(alice)[0] == "paid"


def test_a_forgotten_card_is_charged_no_more_and_its_owner_is_told(alice: Agent, stub: StubProvider) -> None:
    card = card_of(alice)
    in_transaction(lambda: arranging.forget_card(card.id, agent_id=alice.id, actor=make.actor()))
    spend(alice, 60_000)

    pass_minutes(3)

    assert charges(stub) == 0
    assert mandate_of(alice).pause is TopUpPause.CARD_GONE
    assert [mail.kind for mail in mails()] == ["top_up_paused"]


def test_a_card_that_went_away_by_itself_pauses_it(alice: Agent, stub: StubProvider) -> None:
    card = card_of(alice)
    with transaction():
        db.session.get_one(SavedMethod, card.id).removed_at = clock.now()
    spend(alice, 60_000)

    pass_minutes(3)

    assert (charges(stub), states(alice)) == (0, ["dropped"])
    assert mandate_of(alice).pause is TopUpPause.CARD_GONE


def test_switched_off_nobody_is_charged(alice: Agent, stub: StubProvider) -> None:
    in_transaction(lambda: arranging.end(agent_id=alice.id, currency="CNY", actor=make.actor()))
    spend(alice, 60_000)

    pass_minutes(3)

    assert charges(stub) == 0


def test_switched_off_between_sweep_and_work_nobody_is_charged(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)
    sweep()
    in_transaction(lambda: arranging.end(agent_id=alice.id, currency="CNY", actor=make.actor()))

    work_all()

    assert charges(stub) == 0


def test_a_need_that_passed_before_the_charge_is_dropped(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)
    mandate = mandate_of(alice)
    in_transaction(lambda: refilling._take_up(mandate.id))
    assert states(alice) == ["open"]
    with transaction():
        make.money_in(alice, 60_000)

    refilling.refill(mandate_of(alice).id)

    assert (charges(stub), states(alice)) == (0, ["dropped"])


def test_a_suspended_agent_is_not_charged(alice: Agent, stub: StubProvider) -> None:
    with transaction():
        db.session.get_one(Agent, alice.id).status = AgentStatus.SUSPENDED
    spend(alice, 60_000)

    pass_minutes(3)

    assert charges(stub) == 0


def test_every_owner_is_mailed_of_a_charge_once_in_their_language(alice: Agent, stub: StubProvider) -> None:
    with transaction():
        for name, language in (("Alice", "en"), ("张喆", "zh")):
            owner = make.user(role=Role.AGENT_OWNER, of=alice, name=name)
            owner.locale, owner.password_hash = language, "x"
        make.user(role=Role.AGENT_CLERK, of=alice, name="Ben").password_hash = "x"
    spend(alice, 60_000)

    pass_minutes(10)

    sent = {mail.language: mail for mail in mails("top_up_charged")}
    assert len(mails("top_up_charged")) == 2
    assert {mail.subject_id for mail in sent.values()} == {payment_of(alice).id}
    assert sent["en"].subject == "CNY 1,000.00 was charged to Visa ...4242"
    text = sent["en"].text.replace("\xa0", " ")
    assert "because less than CNY 500.00 could be spent" in text
    assert "Left to spend: CNY 1,400.00" in text
    assert f"Payment: {payment_of(alice).reference}" in text
    assert "https://portal.example/agent/wallet?currency=CNY" in text
    assert "张喆" in sent["zh"].text


def test_each_charge_has_a_mail_of_its_own(alice: Agent, stub: StubProvider) -> None:
    for spent in (60_000, 100_000):
        spend(alice, spent)
        pass_minutes(2)

    made = {in_transaction(lambda a=attempt: payments.of_subject(a.id))[0].id for attempt in attempts(alice)}
    assert len(made) == len(mails("top_up_charged")) == 2
    assert {mail.subject_id for mail in mails("top_up_charged")} == made


def test_nobody_is_mailed_of_a_charge_before_it_is_known(alice: Agent, stub: StubProvider) -> None:
    stub.failure = UnknownOutcome("no_answer_in_time", provider_id="pi_pending")
    spend(alice, 60_000)
    pass_minutes(5)
    assert mails("top_up_charged") == []
    stub.failure = None

    stub.settle(payment_of(alice).reference, Money(100_000, "CNY"))
    settling.ask(payment_of(alice).id)
    pass_minutes(5)

    assert len(mails("top_up_charged")) == 1


def test_nobody_is_mailed_of_a_charge_that_was_declined(alice: Agent, stub: StubProvider) -> None:
    stub.failure = Declined("insufficient_funds")
    spend(alice, 60_000)

    pass_minutes(5)

    assert mails("top_up_charged") == []


def test_the_card_that_was_charged_is_named_though_another_is_kept_by_now(alice: Agent, stub: StubProvider) -> None:
    stub.failure = UnknownOutcome("no_answer_in_time", provider_id="pi_pending")
    spend(alice, 60_000)
    pass_minutes()
    stub.failure = None
    by_hand = stage.top_up(alice, save=True, key="another card")
    stub.settle(by_hand.reference, by_hand.amount, saved=replace(CARD, token="pm_2", label="Mastercard ...4444"))
    settling.ask(by_hand.id)
    another = next(card for card in in_transaction(lambda: saving.of_agent(alice.id)) if "4444" in card.label)
    with transaction():
        db.session.get_one(AutomaticTopUp, mandate_of_id(alice)).saved_method_id = another.id
    stub.settle(payment_of(alice).reference, Money(100_000, "CNY"))
    settling.ask(payment_of(alice).id)

    pass_minutes()

    (mail,) = mails("top_up_charged")
    assert mail.subject == "已从 Visa ...4242 扣款 CNY 1,000.00"


def test_every_step_is_in_the_audit_log(alice: Agent, stub: StubProvider) -> None:
    spend(alice, 60_000)
    stub.failure = Declined("insufficient_funds")
    pass_minutes()

    acts = in_transaction(lambda: db.session.scalars(select(AuditRecord.act).order_by(AuditRecord.id)).all())
    assert [act for act in acts if act.startswith("wallets.")] == [
        "wallets.arrange_top_ups",
        "wallets.try_top_up",
        "wallets.rest_top_ups",
    ]
