"""An agent is told that a wallet runs low: once a fall, and again only after it rose."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Role, User
from portal.agents.models import Agent, AgentStatus
from portal.core import clock
from portal.core.db import db, in_transaction, transaction
from portal.core.errors import InvalidInput, NotFound
from portal.core.mail import Mail
from portal.core.money import Money
from portal.wallets import queries, thresholds
from tests import make
from tests.working import work_all


@pytest.fixture
def alice(app: Flask) -> Agent:
    """An agent with CNY 1,000.00 in the wallet, and an owner who reads English."""
    with transaction():
        agent = make.agent()
        owner = make.user(role=Role.AGENT_OWNER, of=agent, email="alice@global-link.example", name="Alice")
        owner.locale, owner.password_hash = "en", "x"
        make.money_in(agent, 100_000)
    return agent


def keep(agent: Agent, minor: int = 50_000) -> None:
    in_transaction(
        lambda: thresholds.keep(agent_id=agent.id, threshold=Money(minor, "CNY"), actor=make.actor(name="Alice"))
    )


def spend(agent: Agent, minor: int) -> None:
    in_transaction(lambda: make.spend(agent, minor))


def sweep(times: int = 1) -> None:
    for _ in range(times):
        in_transaction(thresholds.sweep)
        work_all()


def mails() -> list[Mail]:
    return list(in_transaction(lambda: db.session.scalars(select(Mail).where(Mail.kind == "wallet_low")).all()))


def text_of(mail: Mail) -> str:
    return " ".join(mail.text.split())


def test_a_fall_is_told_once_however_often_it_is_looked_at(alice: Agent) -> None:
    keep(alice)
    spend(alice, 50_001)

    sweep(times=5)

    (mail,) = mails()
    assert mail.recipient == "alice@global-link.example"
    assert mail.subject == "The CNY wallet runs low: CNY 499.99 left to spend"
    assert "Less than CNY 500.00 can be spent" in text_of(mail)
    assert "/agent/wallet/top-up?currency=CNY" in text_of(mail)


def test_at_the_threshold_it_is_not_low(alice: Agent) -> None:
    keep(alice)
    spend(alice, 50_000)

    sweep()

    assert mails() == []
    assert queries.low_of_agent(alice.id) == []


def test_it_is_told_again_only_after_it_rose(alice: Agent) -> None:
    keep(alice)
    spend(alice, 60_000)
    sweep()
    spend(alice, 10_000)
    sweep()
    assert len(mails()) == 1

    with transaction():
        make.money_in(alice, 20_000)
    sweep()
    spend(alice, 1)
    sweep()

    assert len(mails()) == 2


def test_the_credit_limit_is_money_to_spend(alice: Agent) -> None:
    with transaction():
        make.credit_limit(alice, 100_000)
    keep(alice)
    spend(alice, 150_000)
    sweep()
    assert mails() == []

    spend(alice, 1)
    sweep()

    (mail,) = mails()
    assert mail.subject == "The CNY wallet runs low: CNY 499.99 left to spend"
    assert "Balance: CNY −500.01" in text_of(mail)
    assert "Credit limit: CNY 1,000.00" in text_of(mail)


def test_what_its_owner_sees_already_is_not_mailed(alice: Agent) -> None:
    keep(alice, 200_000)

    sweep()

    assert mails() == []
    assert [low.threshold for low in queries.low_of_agent(alice.id)] == [Money(200_000, "CNY")]


def test_what_rose_before_the_mail_was_written_is_not_mailed(alice: Agent) -> None:
    keep(alice)
    spend(alice, 60_000)
    in_transaction(thresholds.sweep)
    with transaction():
        make.money_in(alice, 60_000)

    work_all()

    assert mails() == []


def test_work_done_twice_mails_once(alice: Agent) -> None:
    keep(alice)
    spend(alice, 60_000)
    sweep()
    (row,) = in_transaction(lambda: db.session.scalars(select(thresholds.WalletThreshold)).all())

    in_transaction(lambda: thresholds.warn(row.id))

    assert len(mails()) == 1


def test_a_suspended_agent_is_not_told(alice: Agent) -> None:
    keep(alice)
    spend(alice, 60_000)
    with transaction():
        db.session.get_one(Agent, alice.id).status = AgentStatus.SUSPENDED

    sweep()

    assert mails() == []


def test_clerks_and_those_who_are_gone_get_no_mail_and_the_contact_does_where_nobody_is_left(alice: Agent) -> None:
    with transaction():
        make.user(role=Role.AGENT_CLERK, of=alice, email="chen@global-link.example").password_hash = "x"
        owner = db.session.scalars(select(User).where(User.email == "alice@global-link.example")).one()
        owner.suspended_at = clock.now()
    keep(alice)
    spend(alice, 60_000)

    sweep()

    (mail,) = mails()
    assert (mail.recipient, mail.language) == ("alice@global-link.example", "zh")


def test_a_removed_threshold_is_told_no_more(alice: Agent) -> None:
    keep(alice)
    in_transaction(lambda: thresholds.remove(agent_id=alice.id, currency="CNY", actor=make.actor()))
    spend(alice, 60_000)

    sweep()

    assert mails() == []
    with pytest.raises(NotFound):
        in_transaction(lambda: thresholds.remove(agent_id=alice.id, currency="CNY", actor=make.actor()))


@pytest.mark.parametrize("minor", [0, -1])
def test_a_threshold_is_above_zero(alice: Agent, minor: int) -> None:
    with pytest.raises(InvalidInput):
        keep(alice, minor)


def test_only_a_wallet_that_is_there_has_one(alice: Agent) -> None:
    def act() -> None:
        thresholds.keep(agent_id=alice.id, threshold=Money(1, "JPY"), actor=make.actor())

    refused: Callable[[], None] = act
    with pytest.raises(NotFound):
        in_transaction(refused)
