"""Snapshots: a balance is the last one and what came since, however late a transfer commits."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from portal.core import clock, settled
from portal.core.db import db, in_transaction
from portal.ledger import chart, queries, snapshots
from portal.ledger.chart import AccountRef
from tests.beside import all_at_once, commit_once_waited_for, committing_late
from tests.functions import allow_meeting, define
from tests.ledger.books import ALICE, account_id, move, top_up

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def take(at: datetime) -> int:
    with clock.fixed(at):
        return in_transaction(snapshots.take)


def balance(account: AccountRef) -> int:
    shown = queries.account(account_id(account))
    assert shown is not None
    return shown.balance_minor


def balances() -> dict[str, int]:
    return {account.name: balance(account) for account in (ALICE, chart.BANK, chart.ESCROW, chart.REVENUE)}


@pytest.mark.usefixtures("session")
class TestOnOneConnection:
    def test_empty_books_have_nothing_to_keep(self) -> None:
        assert take(MONDAY) == 0

    def test_every_account_that_moved_is_kept(self) -> None:
        top_up(ALICE, 100_000)
        move(ALICE, chart.ESCROW, 9_450)

        assert take(MONDAY) == 3

        rows = db.session.execute(
            text(
                "SELECT name, debits_minor, credits_minor, taken_on::text FROM ledger_snapshots "
                "JOIN ledger_accounts ON id = account_id ORDER BY name"
            )
        ).all()
        assert rows == [
            ("agent_wallet:alice", 9_450, 100_000, "2026-11-23"),
            ("bank", 100_000, 0, "2026-11-23"),
            ("escrow", 0, 9_450, "2026-11-23"),
        ]

    def test_they_are_taken_once_a_day(self) -> None:
        top_up(ALICE, 100_000)
        take(MONDAY)
        move(ALICE, chart.ESCROW, 9_450)

        assert take(MONDAY + timedelta(hours=9)) == 0
        assert take(TUESDAY) == 2

    def test_an_account_that_did_not_move_keeps_its_last_one(self) -> None:
        top_up(ALICE, 100_000)
        take(MONDAY)
        move(ALICE, chart.ESCROW, 9_450)
        take(TUESDAY)

        assert balance(chart.BANK) == 100_000

    def test_balances_count_the_snapshot_and_what_came_since(self) -> None:
        top_up(ALICE, 100_000)
        move(ALICE, chart.ESCROW, 9_450)
        take(MONDAY)
        move(chart.ESCROW, chart.REVENUE, 8_491)
        top_up(ALICE, 50)
        expected = {"agent_wallet:alice": 90_600, "bank": 100_050, "escrow": 959, "revenue": 8_491}

        assert balances() == expected
        take(TUESDAY)
        assert balances() == expected

    def test_a_balance_is_known_after_any_transfer(self) -> None:
        top_up(ALICE, 100_000)
        first = db.session.scalar(text("SELECT max(id) FROM ledger_transfers")) or 0
        move(ALICE, chart.ESCROW, 9_450)
        take(MONDAY)
        move(chart.ESCROW, ALICE, 9_450)

        escrow = account_id(chart.ESCROW)
        assert [snapshots.balance_at(escrow, first + step).minor for step in range(3)] == [0, 9_450, 0]

    def test_nothing_new_needs_no_snapshot(self) -> None:
        top_up(ALICE, 100_000)
        take(MONDAY)

        assert take(TUESDAY) == 0


@pytest.fixture
def late(own_app: Flask) -> Flask:
    in_transaction(lambda: top_up(ALICE, 100_000))
    in_transaction(lambda: chart.open_accounts([chart.REVENUE, chart.ESCROW], "CNY"))
    return own_app


def earn_late() -> None:
    move(chart.ESCROW, chart.REVENUE, 7)


def earn_meanwhile() -> None:
    in_transaction(lambda: move(chart.BANK, chart.REVENUE, 1))


@pytest.mark.slow
def test_a_transfer_that_commits_late_is_waited_for(late: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with committing_late(late, earn_late) as may_commit:
        earn_meanwhile()
        commit_once_waited_for(may_commit, monkeypatch)

        assert take(MONDAY) == 4  # the wallet, the bank, and both accounts of the late one

    assert balance(chart.REVENUE) == 8


@pytest.mark.slow
def test_without_waiting_the_late_transfer_would_be_lost(late: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "wait_for_writers", lambda seen: True)
    with committing_late(late, earn_late):
        earn_meanwhile()
        take(MONDAY)

    assert balance(chart.REVENUE) == 1  # 8 were right


@pytest.mark.slow
def test_a_writer_that_takes_too_long_puts_the_snapshot_off(late: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = settled.wait_for_writers
    monkeypatch.setattr(settled, "wait_for_writers", lambda seen: wait(seen, seconds=0.1))
    with committing_late(late, earn_late):
        earn_meanwhile()

        assert take(MONDAY) == 0

    assert balance(chart.REVENUE) == 8


@pytest.mark.slow
def test_two_clocks_take_one_snapshot(late: Flask) -> None:
    taken = all_at_once(late, lambda: take(MONDAY), times=4)

    assert sorted(taken) == [0, 0, 0, 2]


@pytest.mark.slow
def test_without_their_lock_one_of_two_clocks_fails(late: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_MAY_TAKE", text("SELECT :key IS NOT NULL"))
    allow_meeting()  # both have summed up when the first of them writes
    define(
        "CREATE FUNCTION meet_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM meet(2); RETURN NEW; END $$"
    )
    define("CREATE TRIGGER meet BEFORE INSERT ON ledger_snapshots FOR EACH ROW EXECUTE FUNCTION meet_first()")

    taken = all_at_once(late, lambda: take(MONDAY), times=2)

    assert sorted(type(ending).__name__ for ending in taken) == ["IntegrityError", "int"]
