"""Orders that arrive at once: the wallet pays what it covers, and one form makes one renewal.

Each race is run a second time without the guard that decides it, to show that the test would notice.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask, current_app
from sqlalchemy import text

from portal.core.db import Busy, db, in_transaction
from portal.core.ids import new_id
from portal.ledger.errors import NotCovered
from portal.renewals import placing, verification
from portal.renewals.placing import Placed
from tests.beside import all_at_once
from tests.renewals.conftest import Counter as SalesCounter
from tests.renewals.conftest import open_counter

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ONE_RENEWAL = 10_500


def without(sql: str) -> None:
    """Take a guard out of this test's own database."""
    in_transaction(lambda: db.session.execute(text(sql)))


def endings(placed: list[object]) -> dict[str, int]:
    return dict(Counter(type(ending).__name__ for ending in placed))


def shop(money_minor: int) -> tuple[SalesCounter, str]:
    """Open a counter with so much in its wallet, and quote its plan."""
    counter = open_counter(money_minor=money_minor)
    quote = counter.signed_quote()
    db.session.rollback()  # nothing of ours stays open beside the orders
    return counter, quote


def order_twice(app: Flask, *, money_minor: int) -> tuple[SalesCounter, dict[str, int]]:
    counter, quote = shop(money_minor)

    return counter, endings(all_at_once(app, lambda: counter.order(signed_quote=quote), times=2))


def test_two_orders_that_the_wallet_covers_once(own_app: Flask) -> None:
    counter, placed = order_twice(own_app, money_minor=ONE_RENEWAL + 1)

    assert placed == {"Placed": 1, "NotCovered": 1}
    assert counter.wallet_minor() == 1
    assert counter.renewals() == 1
    assert in_transaction(verification.verify_everything) == []


def test_without_the_check_both_orders_are_taken(own_app: Flask) -> None:
    without("ALTER TABLE ledger_accounts DROP CONSTRAINT ck_ledger_accounts_covered")

    counter, placed = order_twice(own_app, money_minor=ONE_RENEWAL + 1)

    assert placed == {"Placed": 2}
    assert counter.wallet_minor() == 1 - ONE_RENEWAL
    assert {finding.rule for finding in in_transaction(verification.verify_everything)} == {"balances"}


def test_fifty_threads_of_four_processes_never_overdraw_one_wallet(own_app: Flask) -> None:
    counter, quote = shop(60 * ONE_RENEWAL + 10_499)
    order = {"agent_id": str(counter.agent.id), "card_id": str(counter.card.id), "signed_quote": quote}
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.renewals.racing", str(url)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    told = [json.loads(process.communicate(timeout=120)[0]) for process in processes]

    assert sum(map(Counter, told), Counter()) == {"placed": 60, "refused": 140}
    assert counter.wallet_minor() == 10_499
    assert counter.renewals() == 60
    assert in_transaction(verification.verify_everything) == []


def order_with_one_key(app: Flask) -> tuple[SalesCounter, list[object]]:
    counter, quote = shop(100_000)
    key = str(new_id())

    return counter, all_at_once(app, lambda: counter.order(signed_quote=quote, key=key), times=20)


def test_one_form_sent_twenty_times_at_once_makes_one_renewal(own_app: Flask) -> None:
    counter, placed = order_with_one_key(own_app)

    assert endings(placed) == {"Placed": 20}
    assert len({ending.id for ending in placed if isinstance(ending, Placed)}) == 1
    assert counter.renewals() == 1
    assert counter.wallet_minor() == 100_000 - ONE_RENEWAL
    assert in_transaction(verification.verify_everything) == []


def test_without_the_unique_key_one_form_is_charged_more_than_once(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    without("ALTER TABLE renewals DROP CONSTRAINT uq_renewals_agent_id_idempotency_key")
    unguarded = placing._SAVE.replace("ON CONFLICT (agent_id, idempotency_key) DO NOTHING", "")
    assert unguarded != placing._SAVE
    monkeypatch.setattr(placing, "_SAVE", unguarded)

    counter, _ = order_with_one_key(own_app)

    assert counter.renewals() > 1
    assert counter.wallet_minor() < 100_000 - ONE_RENEWAL


def test_orders_of_many_wallets_at_once_all_stand(own_app: Flask) -> None:
    shops = [shop(3 * ONE_RENEWAL) for _ in range(4)]
    turns = iter(range(1_000))

    def order() -> Placed:
        counter, quote = shops[next(turns) % 4]
        return counter.order(signed_quote=quote)

    placed = all_at_once(own_app, order, times=16)

    assert sum(isinstance(ending, Placed) for ending in placed) == 12
    assert all(isinstance(ending, Placed | NotCovered) for ending in placed)
    assert not any(isinstance(ending, Busy) for ending in placed)
    assert [counter.wallet_minor() for counter, _ in shops] == [0, 0, 0, 0]
    assert in_transaction(verification.verify_everything) == []
