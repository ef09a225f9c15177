"""A credit limit lets a wallet below zero, and cannot be drawn in from under a debt."""

import pytest
from sqlalchemy import select

from portal.agents.models import Agent
from portal.audit.models import AuditRecord
from portal.core.db import db, transaction
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.ledger import chart, queries
from portal.ledger.errors import NotCovered
from portal.wallets import crediting
from portal.wallets.errors import LimitBelowDebt
from tests import make
from tests.ledger.books import live_balance, move


@pytest.fixture
def alice(session: object) -> Agent:
    with transaction():
        return make.agent()


def set_limit(agent: Agent, minor: int, *, currency: str = "CNY") -> None:
    with transaction():
        crediting.set_limit(agent_id=agent.id, limit=Money(minor, currency), actor=make.actor(name="Dana"))


def spend(agent: Agent, minor: int) -> None:
    with transaction():
        move(chart.agent_wallet(agent.id), chart.ESCROW, minor)


def test_without_one_a_wallet_is_prepaid(alice: Agent) -> None:
    with pytest.raises(NotCovered):
        spend(alice, 1)


def test_lets_the_wallet_below_zero_to_the_last_unit(alice: Agent) -> None:
    set_limit(alice, 5_000)

    spend(alice, 5_000)

    assert live_balance(chart.agent_wallet(alice.id)) == -5_000
    (wallet,) = queries.of_owner(alice.id, kind="agent_wallet")
    assert wallet.available == Money(0, "CNY")


def test_is_one_a_currency(alice: Agent) -> None:
    set_limit(alice, 5_000, currency="JPY")

    with pytest.raises(NotCovered):
        spend(alice, 1)


def test_cannot_be_drawn_in_from_under_a_debt(alice: Agent) -> None:
    set_limit(alice, 5_000)
    spend(alice, 3_000)

    set_limit(alice, 3_000)

    with pytest.raises(LimitBelowDebt):
        set_limit(alice, 2_999)


def test_is_never_negative(alice: Agent) -> None:
    with pytest.raises(InvalidInput):
        set_limit(alice, -1)


def test_is_written_down_with_what_it_was(alice: Agent) -> None:
    set_limit(alice, 5_000)
    set_limit(alice, 7_000)

    records = db.session.scalars(
        select(AuditRecord).where(AuditRecord.act == "wallets.set_credit_limit").order_by(AuditRecord.id)
    ).all()
    assert [(record.before, record.after) for record in records] == [
        ({"limit_minor": 0, "currency": "CNY"}, {"limit_minor": 5_000, "currency": "CNY"}),
        ({"limit_minor": 5_000, "currency": "CNY"}, {"limit_minor": 7_000, "currency": "CNY"}),
    ]
