"""Entries that arrive at once. Each race is run a second time without the guard that decides it."""

import threading

import pytest
from flask import Flask
from sqlalchemy import text

from portal.core.db import Statement, db, in_transaction, sqlstate, transaction
from portal.ledger import chart, journal, verification
from portal.ledger.errors import NotCovered
from portal.ledger.journal import Line
from tests.beside import all_at_once
from tests.functions import allow_meeting, define, rewritten
from tests.ledger.books import ALICE, BOB, draft, live_balance, move, net, top_up

pytestmark = pytest.mark.slow


def without(sql: str) -> None:
    """Take a guard out of this test's own database."""
    in_transaction(lambda: db.session.execute(text(sql)))


@pytest.fixture
def books(own_app: Flask) -> Flask:
    """Both wallets hold 10.00."""
    in_transaction(lambda: top_up(ALICE, 1_000))
    in_transaction(lambda: top_up(BOB, 1_000))
    in_transaction(lambda: chart.open_accounts([chart.ESCROW, chart.REVENUE], "CNY"))
    return own_app


def spend_at_once(app: Flask) -> list[object]:
    return all_at_once(app, lambda: in_transaction(lambda: move(ALICE, chart.ESCROW, 300)), times=10)


def test_a_wallet_pays_as_often_as_it_covers(books: Flask) -> None:
    endings = spend_at_once(books)

    assert endings.count(None) == 3
    assert sum(isinstance(ending, NotCovered) for ending in endings) == 7
    assert (live_balance(ALICE), net(chart.ESCROW)) == (100, 900)
    assert in_transaction(verification.verify) == []


def test_without_the_check_it_is_overdrawn(books: Flask) -> None:
    without("ALTER TABLE ledger_accounts DROP CONSTRAINT ck_ledger_accounts_covered")

    assert spend_at_once(books) == [None] * 10

    assert live_balance(ALICE) == -2_000
    assert [finding.rule for finding in in_transaction(verification.verify)] == ["balances"]


def test_a_balance_that_were_read_and_written_back_would_lose_movements(books: Flask) -> None:
    all_have_read = threading.Barrier(3)

    def read_and_write() -> None:
        balance = live_balance(ALICE) or 0
        all_have_read.wait(20)
        db.session.execute(
            text("UPDATE ledger_accounts SET balance_minor = :balance WHERE name = :name"),
            {"balance": balance - 300, "name": ALICE.name},
        )

    all_at_once(books, lambda: in_transaction(read_and_write), times=3)

    assert live_balance(ALICE) == 700  # 100 were right


def post_one_key(app: Flask) -> list[object]:
    entry = draft(Line(ALICE, chart.ESCROW, 40), key="renewal:1:hold")
    return all_at_once(app, lambda: in_transaction(lambda: journal.post(entry)), times=20)


def test_one_entry_posted_twenty_times_at_once_moves_money_once(books: Flask) -> None:
    assert post_one_key(books) == [None] * 20

    assert (live_balance(ALICE), net(chart.ESCROW)) == (960, 40)
    assert in_transaction(verification.verify) == []


def test_without_the_unique_key_it_moves_money_again(books: Flask) -> None:
    without("ALTER TABLE ledger_entries DROP CONSTRAINT uq_ledger_entries_key")
    without(rewritten("post_entry", "ON CONFLICT (key) DO NOTHING", ""))

    post_one_key(books)

    assert live_balance(ALICE) == 200


def post_crosswise(app: Flask, *, threads: int, rounds: int) -> list[object]:
    """Touch both wallets in one transaction, half of the threads in the other order."""
    turns = iter(range(threads))

    def post_pairs() -> None:
        is_forward = next(turns) % 2 == 0
        for _ in range(rounds):
            pair = [draft(Line(wallet, chart.ESCROW, 1)) for wallet in (ALICE, BOB)]
            with transaction():  # without the retries of `in_transaction`
                journal.post(*(pair if is_forward else reversed(pair)))

    return all_at_once(app, post_pairs, times=threads)


def test_batches_over_the_same_wallets_never_deadlock(books: Flask) -> None:
    assert post_crosswise(books, threads=8, rounds=10) == [None] * 8

    assert (live_balance(ALICE), live_balance(BOB)) == (920, 920)


def test_without_locking_in_order_they_do(books: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    without("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 50', current_database()); END $$")
    db.engine.dispose()  # connections made from now on notice a deadlock at once
    monkeypatch.setattr(journal, "_locking", lambda *_: Statement("SELECT 1", {}))
    allow_meeting()  # each holds its first wallet when it asks for the other's
    define(rewritten("post_entry", "    RETURN 'posted';", "    PERFORM meet(2); RETURN 'posted';"))

    endings = post_crosswise(books, threads=2, rounds=1)

    assert [sqlstate(ending) for ending in endings if isinstance(ending, Exception)] == ["40P01"]


def test_running_balances_follow_each_other_whoever_comes_first(books: Flask) -> None:
    def back_and_forth() -> None:
        for amount in (7, 11):
            in_transaction(lambda: move(ALICE, BOB, amount))  # noqa: B023 - done before the next turn
            in_transaction(lambda: move(BOB, ALICE, amount))  # noqa: B023

    assert all_at_once(books, back_and_forth, times=6) == [None] * 6

    assert (live_balance(ALICE), live_balance(BOB)) == (1_000, 1_000)
    assert in_transaction(verification.verify) == []
