"""One agent's commission taken twice at the same moment, and what happens without the turn they wait for."""

import threading
from collections import Counter

import pytest
from flask import Flask

from portal.carriers import registry
from portal.core import turns
from portal.core.db import db, in_transaction
from portal.payouts import earnings, paying, requesting, running
from portal.renewals import verification
from tests import make
from tests.beside import all_at_once
from tests.payouts.conftest import Earner, built
from tests.payouts.test_runs import PAID_ON
from tests.web.admin.conftest import StandIn

pytestmark = pytest.mark.slow


@pytest.fixture
def rich(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Earner:
    """Alice's agent with CNY 8.00 to take."""
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", StandIn())
    made = in_transaction(built)
    made.keep_account()
    made.earn()
    db.session.rollback()
    return made


def meeting_after_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both look at what is payable before either goes on."""
    met, look = threading.Barrier(2), earnings.in_currency

    def look_and_meet(*args: object) -> earnings.Earnings:
        seen = look(*args)  # type: ignore[arg-type]
        met.wait(10)
        return seen

    monkeypatch.setattr(earnings, "in_currency", look_and_meet)


def endings(results: list[object]) -> dict[str, int]:
    return dict(Counter(type(result).__name__ for result in results))


def test_a_payout_asked_for_twice_at_once_is_promised_once(own_app: Flask, rich: Earner) -> None:
    results = all_at_once(own_app, lambda: rich.request(800), times=6)

    assert endings(results) == {"Payout": 1, "NotPayable": 5}
    assert rich.earned().under_way.minor == 800


def test_without_the_turn_it_is_promised_twice(own_app: Flask, rich: Earner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "wait_for", lambda _name: None)
    meeting_after_the_look(monkeypatch)

    results = all_at_once(own_app, lambda: rich.request(800), times=2)

    assert endings(results) == {"Payout": 2}


def test_one_button_pressed_by_six_at_once_moves_once(own_app: Flask, rich: Earner) -> None:
    results = all_at_once(own_app, lambda: rich.move(800, key="one").id, times=6)

    assert len(set(results)) == 1
    assert rich.earned().balance.minor == 0
    assert in_transaction(verification.verify_everything) == []


def test_the_wallet_and_the_bank_do_not_both_get_it(own_app: Flask, rich: Earner) -> None:
    ways = iter([rich.request, rich.move] * 3)

    results = all_at_once(own_app, lambda: next(ways)(800), times=6)

    assert endings(results) == {"Payout": 1, "NotPayable": 5}


def test_a_run_recorded_as_paid_by_two_at_once_is_booked_once(own_app: Flask, rich: Earner) -> None:
    asked = rich.request(800)
    run = in_transaction(lambda: running.prepare(currency="CNY", payout_ids=[asked.id], actor=make.actor(rich.fiona)))
    in_transaction(lambda: running.approve(run_id=run.id, actor=make.actor(rich.frank)))
    db.session.rollback()

    results = all_at_once(
        own_app,
        lambda: in_transaction(
            lambda: paying.mark_run_paid(
                run_id=run.id, bank_reference="ICBC", paid_on=PAID_ON, actor=make.actor(rich.fiona)
            )
        ),
        times=4,
    )

    assert endings(results) == {"int": 1, "PayoutMoved": 3}
    assert rich.earned().balance.minor == 0
    assert in_transaction(verification.verify_everything) == []


def test_taken_back_and_put_into_a_run_at_once_is_one_of_the_two(own_app: Flask, rich: Earner) -> None:
    asked = rich.request(800)
    db.session.rollback()
    acts = iter(
        [
            lambda: requesting.cancel(agent_id=rich.agent.id, payout_id=asked.id, actor=make.actor(rich.alice)),
            lambda: running.prepare(currency="CNY", payout_ids=[asked.id], actor=make.actor(rich.fiona)),
        ]
    )

    results = all_at_once(own_app, lambda: in_transaction(next(acts)), times=2)

    assert sum(type(result).__name__ == "PayoutMoved" for result in results) == 1
