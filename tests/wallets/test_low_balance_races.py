"""Many at once: one fall is told once and charged for once; and what happens without the guards."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, func, select, text

from portal.agents.models import Agent
from portal.core.db import db, in_transaction, transaction
from portal.core.mail import Mail
from portal.core.money import Money
from portal.core.outbox import OutboxRow
from portal.payments import queries as payments
from portal.payments import settling
from portal.renewals import verification
from portal.wallets import needing, queries, refilling, thresholds
from portal.wallets.models import AutomaticTopUp, TopUpAttempt, WalletThreshold
from tests import make
from tests.beside import all_at_once
from tests.payments import stage
from tests.payments.conftest import stub
from tests.payments.stub import StubProvider
from tests.wallets.stage import agent_with_card, arrange, mandate_of, spend
from tests.working import work_all

__all__ = ["stub"]

pytestmark = pytest.mark.slow

CROWD = 6
"""Those who meet at a barrier hold a connection each."""


def meeting(look: Callable[..., Any]) -> Callable[..., Any]:
    """Have everybody look before anybody goes on, the first time that each does."""
    barrier, met = threading.Barrier(CROWD, timeout=60), threading.local()

    def look_and_wait(*args: Any, **kwargs: Any) -> Any:
        found = look(*args, **kwargs)
        if not hasattr(met, "is_done"):
            met.is_done = True
            barrier.wait()
        return found

    return look_and_wait


def unlocked(mandate_id: UUID) -> AutomaticTopUp:
    """Read a mandate as `refilling._locked` does, without the lock."""
    return db.session.get_one(AutomaticTopUp, mandate_id, populate_existing=True)


def count_attempts() -> int:
    return in_transaction(lambda: db.session.scalar(select(func.count()).select_from(TopUpAttempt))) or 0


@pytest.fixture
def alice(own_app: Flask, stub: StubProvider) -> Agent:
    """An agent with CNY 400.00 left, whose card is charged with CNY 1,000.00 below CNY 500.00."""
    agent = agent_with_card(stub)
    arrange(agent)
    spend(agent, 60_000)
    return agent


def test_workers_at_once_charge_once(own_app: Flask, alice: Agent, stub: StubProvider) -> None:
    mandate = mandate_of(alice)

    endings = all_at_once(own_app, lambda: refilling.refill(mandate.id), times=20)

    assert endings == [None] * 20
    assert count_attempts() == 1
    assert len(stub.begun) == 2  # the top-up by hand, and one charge
    in_transaction(refilling.sweep)
    work_all()
    assert stage.balance(alice) == 140_000
    assert verification.verify_everything() == []


def mails_of_charges() -> int:
    wanted = select(func.count()).where(Mail.kind == "top_up_charged")
    return in_transaction(lambda: db.session.scalar(wanted)) or 0


def charged_and_not_concluded(alice: Agent, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Have the card charged by a worker that ended before it wrote down what became of it; gives the mandate."""
    mandate_id = mandate_of(alice).id
    with monkeypatch.context() as dying:
        dying.setattr(refilling, "_conclude", lambda _attempt_id: None)
        refilling.refill(mandate_id)
    return mandate_id


def test_workers_at_once_mail_of_a_charge_once(own_app: Flask, alice: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    mandate_id = charged_and_not_concluded(alice, monkeypatch)
    assert mails_of_charges() == 0

    all_at_once(own_app, lambda: refilling.refill(mandate_id), times=CROWD)

    assert mails_of_charges() == 1


def test_without_the_lock_they_would_mail_of_it_often(
    own_app: Flask, alice: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    mandate_id = charged_and_not_concluded(alice, monkeypatch)
    monkeypatch.setattr(refilling, "_locked", unlocked)
    monkeypatch.setattr(needing, "outcome", meeting(needing.outcome))

    all_at_once(own_app, lambda: refilling.refill(mandate_id), times=CROWD)

    assert mails_of_charges() == CROWD


def test_sweeps_and_workers_at_once_charge_once(own_app: Flask, alice: Agent, stub: StubProvider) -> None:
    mandate = mandate_of(alice)

    def beat() -> None:
        in_transaction(refilling.sweep)
        refilling.refill(mandate.id)

    all_at_once(own_app, beat, times=20)
    work_all()

    assert (count_attempts(), stage.balance(alice)) == (1, 140_000)


def test_money_that_arrives_between_two_looks_is_seen(
    own_app: Flask, alice: Agent, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = [stage.top_up(alice, 100_000, key="by hand")]
    stub.settle(arriving[0].reference, arriving[0].amount)

    def look_and_let_it_arrive(look: Callable[..., Any]) -> Callable[..., Any]:
        def look_first(*args: Any) -> Any:
            found = look(*args)
            if arriving:
                payment = arriving.pop()
                assert all_at_once(own_app, lambda: settling.ask(payment.id), times=1) == [None]
            return found

        return look_first

    monkeypatch.setattr(queries, "in_currency", look_and_let_it_arrive(queries.in_currency))
    monkeypatch.setattr(payments, "top_ups_on_their_way", look_and_let_it_arrive(payments.top_ups_on_their_way))

    refilling.refill(mandate_of(alice).id)

    assert (count_attempts(), stage.balance(alice)) == (0, 140_000)


def test_without_the_lock_the_index_alone_holds(
    own_app: Flask, alice: Agent, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    mandate = mandate_of(alice)
    monkeypatch.setattr(refilling, "_locked", unlocked)
    monkeypatch.setattr(refilling, "_standing", meeting(refilling._standing))

    all_at_once(own_app, lambda: refilling.refill(mandate.id), times=CROWD)

    assert count_attempts() == 1
    assert len(stub.begun) == 2


def test_without_lock_and_index_one_need_is_charged_for_often(
    own_app: Flask, alice: Agent, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    mandate = mandate_of(alice)
    with transaction():
        db.session.execute(text("DROP INDEX uq_top_up_attempts_open"))
    monkeypatch.setattr(refilling, "_locked", unlocked)
    monkeypatch.setattr(refilling, "_standing", meeting(refilling._standing))

    all_at_once(own_app, lambda: refilling.refill(mandate.id), times=CROWD)

    assert count_attempts() == CROWD
    assert len(stub.begun) == 1 + CROWD


@pytest.fixture
def fallen(own_app: Flask) -> Agent:
    """An agent with CNY 400.00 left, who wants to be told below CNY 500.00."""
    with transaction():
        agent = make.agent()
        make.money_in(agent, 100_000)
        thresholds.keep(agent_id=agent.id, threshold=Money(50_000, "CNY"), actor=make.actor())
        make.spend(agent, 60_000)
    return agent


def told() -> int:
    found = in_transaction(lambda: db.session.scalar(select(func.count()).where(OutboxRow.kind == "wallets.warn")))
    return found or 0


def test_sweeps_at_once_have_a_fall_told_once(own_app: Flask, fallen: Agent) -> None:
    all_at_once(own_app, lambda: in_transaction(thresholds.sweep), times=20)

    assert told() == 1


def test_sweeps_that_looked_before_they_wrote_would_tell_it_often(
    own_app: Flask, fallen: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = thresholds._FALLS.replace(
        "UPDATE wallet_thresholds SET fallen_at = %(now)s\n    FROM ledger_accounts AS wallet",
        "SELECT wallet_thresholds.id, %(now)s::timestamptz FROM wallet_thresholds, ledger_accounts AS wallet",
    )
    monkeypatch.setattr(thresholds, "_FALLS", looks.replace("RETURNING wallet_thresholds.id", ""))
    monkeypatch.setattr(thresholds, "execute_together", meeting(thresholds.execute_together))

    all_at_once(own_app, lambda: in_transaction(thresholds.sweep), times=CROWD)

    assert told() == CROWD


def mails() -> int:
    return in_transaction(lambda: db.session.scalar(select(func.count()).where(Mail.kind == "wallet_low"))) or 0


def _fall(agent: Agent) -> UUID:
    in_transaction(thresholds.sweep)
    return in_transaction(
        lambda: db.session.scalars(select(WalletThreshold.id).where(WalletThreshold.agent_id == agent.id)).one()
    )


def test_workers_at_once_mail_once(own_app: Flask, fallen: Agent) -> None:
    threshold_id = _fall(fallen)

    all_at_once(own_app, lambda: in_transaction(lambda: thresholds.warn(threshold_id)), times=20)

    assert mails() == 1


def test_without_the_lock_they_would_mail_often(own_app: Flask, fallen: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    threshold_id = _fall(fallen)

    def look(*which: ColumnElement[bool]) -> WalletThreshold | None:
        return db.session.scalar(select(WalletThreshold).where(*which))

    monkeypatch.setattr(thresholds, "_locked", meeting(look))

    all_at_once(own_app, lambda: in_transaction(lambda: thresholds.warn(threshold_id)), times=CROWD)

    assert mails() == CROWD
