"""Posting: once, balanced, guarded, and with the balance each movement left behind."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.core.db import db, transaction
from portal.core.ids import new_id
from portal.ledger import chart, journal
from portal.ledger.chart import AccountRef
from portal.ledger.errors import AlreadyReversed, EntryDiffers, NotCovered
from portal.ledger.journal import EntryDraft, Line
from portal.ledger.models import Entry, Transfer
from tests.ledger.books import ALICE, BOB, account_id, draft, live_balance, move, net, tamper, top_up

pytestmark = pytest.mark.usefixtures("session")


def transfers() -> list[Transfer]:
    return list(db.session.scalars(select(Transfer).order_by(Transfer.id)))


def test_moves_an_amount_from_one_account_to_another() -> None:
    subject = new_id()

    journal.post(EntryDraft("top_up:1", "top_up", "top_up", subject, "CNY", (Line(chart.BANK, ALICE, 100_000),)))

    (transfer,) = transfers()
    assert transfer.debit_account_id == account_id(chart.BANK)
    assert transfer.credit_account_id == account_id(ALICE)
    assert (transfer.amount_minor, transfer.currency, transfer.kind) == (100_000, "CNY", "top_up")
    assert (transfer.subject_kind, transfer.subject_id) == ("top_up", subject)
    assert live_balance(ALICE) == 100_000


def test_only_guarded_accounts_carry_a_balance() -> None:
    top_up(ALICE, 100_000)

    (transfer,) = transfers()
    assert (transfer.debit_balance_minor, transfer.credit_balance_minor) == (None, 100_000)
    assert live_balance(chart.BANK) is None


def test_each_movement_keeps_the_balance_it_left() -> None:
    top_up(ALICE, 100_000)
    move(ALICE, chart.ESCROW, 9_450)
    move(chart.ESCROW, ALICE, 9_450)

    assert [t.credit_balance_minor or t.debit_balance_minor for t in transfers()] == [100_000, 90_550, 100_000]


def test_lines_of_one_entry_see_each_other() -> None:
    top_up(ALICE, 1_000)

    journal.post(draft(Line(ALICE, chart.ESCROW, 300), Line(ALICE, chart.REVENUE, 200), Line(chart.ESCROW, ALICE, 100)))

    _, first, second, third = transfers()
    assert (first.debit_balance_minor, second.debit_balance_minor, third.credit_balance_minor) == (700, 500, 600)
    assert live_balance(ALICE) == 600


def test_money_goes_from_wallet_to_wallet_with_both_balances() -> None:
    top_up(ALICE, 1_000)

    move(ALICE, BOB, 400)

    last = transfers()[-1]
    assert (last.debit_balance_minor, last.credit_balance_minor) == (600, 400)


def test_a_wallet_is_never_overdrawn() -> None:
    top_up(ALICE, 9_449)

    with pytest.raises(NotCovered), transaction():
        move(ALICE, chart.ESCROW, 9_450)

    assert transfers() == []  # the whole transaction went, the top-up in it as well


def test_a_wallet_can_be_emptied_to_the_last_unit() -> None:
    top_up(ALICE, 9_450)

    move(ALICE, chart.ESCROW, 9_450)

    assert live_balance(ALICE) == 0


def test_a_credit_limit_lets_the_wallet_below_zero_and_no_further() -> None:
    top_up(ALICE, 1_000)
    db.session.execute(
        text("UPDATE ledger_accounts SET credit_limit_minor = 500 WHERE name = :name"), {"name": ALICE.name}
    )

    move(ALICE, chart.ESCROW, 1_500)

    assert live_balance(ALICE) == -500
    with pytest.raises(NotCovered), transaction():
        move(ALICE, chart.ESCROW, 1)


def test_posting_the_same_entry_again_changes_nothing() -> None:
    top_up(ALICE, 1_000)
    hold = draft(Line(ALICE, chart.ESCROW, 400), key="renewal:1:hold")

    journal.post(hold)
    journal.post(hold)

    assert live_balance(ALICE) == 600
    assert len(transfers()) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"lines": (Line(ALICE, chart.ESCROW, 401),)},
        {"lines": (Line(BOB, chart.ESCROW, 400),)},
        {"lines": (Line(ALICE, chart.ESCROW, 400), Line(ALICE, chart.ESCROW, 1))},
        {"lines": (Line(ALICE, chart.ESCROW, 400, reverses_id=1),)},
        {"currency": "USD"},
        {"kind": "deliver"},
        {"subject_id": new_id()},
    ],
)
def test_the_same_key_with_other_content_is_refused(changed: dict[str, object]) -> None:
    top_up(ALICE, 1_000)
    same = {"kind": "hold", "subject_kind": "test", "subject_id": new_id(), "currency": "CNY"}
    hold = EntryDraft("renewal:1:hold", lines=(Line(ALICE, chart.ESCROW, 400),), **same)  # type: ignore[arg-type]
    journal.post(hold)

    with pytest.raises(EntryDiffers) as refused:
        journal.post(EntryDraft(**({"key": "renewal:1:hold", "lines": hold.lines} | same | changed)))  # type: ignore[arg-type]

    assert refused.value.parts == {"key": "renewal:1:hold"}


def test_transfers_of_zero_are_left_out() -> None:
    top_up(ALICE, 1_000)

    journal.post(draft(Line(ALICE, chart.ESCROW, 0), Line(ALICE, chart.REVENUE, 10)))

    assert [t.amount_minor for t in transfers()] == [1_000, 10]


def test_an_entry_of_nothing_is_not_posted() -> None:
    journal.post(draft(Line(ALICE, chart.ESCROW, 0)))
    journal.post()

    assert transfers() == []
    assert db.session.scalars(select(Entry)).all() == []


def test_refuses_a_negative_amount() -> None:
    with pytest.raises(ValueError, match="positive"):
        move(ALICE, chart.ESCROW, -1)


def test_posts_several_entries_at_once() -> None:
    top_up(ALICE, 1_000)
    top_up(BOB, 1_000)

    journal.post(
        draft(Line(BOB, chart.ESCROW, 100)), draft(Line(ALICE, chart.ESCROW, 200)), draft(Line(BOB, chart.ESCROW, 300))
    )

    assert (live_balance(ALICE), live_balance(BOB), net(chart.ESCROW)) == (800, 600, 600)
    assert [t.debit_balance_minor for t in transfers()[2:]] == [900, 800, 600]


def test_wallets_of_two_currencies_are_two_wallets() -> None:
    top_up(ALICE, 1_000)
    top_up(ALICE, 50, currency="USD")

    journal.post(draft(Line(ALICE, chart.ESCROW, 100)), draft(Line(ALICE, chart.ESCROW, 20), currency="USD"))

    assert (live_balance(ALICE), live_balance(ALICE, currency="USD")) == (900, 30)


def test_a_mistake_is_undone_by_its_mirror_and_only_once() -> None:
    top_up(ALICE, 1_000)
    mistake = transfers()[0].id

    journal.post(draft(Line(ALICE, chart.BANK, 1_000, reverses_id=mistake)))

    assert live_balance(ALICE) == 0
    with pytest.raises(AlreadyReversed), transaction():
        journal.post(draft(Line(chart.BANK, ALICE, 1_000, reverses_id=mistake)))


def test_other_refusals_of_the_database_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), journal.refusals():
        _ = 1 / 0


def test_an_account_name_stands_for_one_account_a_currency() -> None:
    first = chart.open_accounts([chart.ESCROW, ALICE], "CNY")
    again = chart.open_accounts([ALICE, chart.ESCROW, chart.REVENUE], "CNY")

    assert again["escrow"] == first["escrow"]
    assert again[ALICE.name] == first[ALICE.name]
    assert chart.open_accounts([chart.ESCROW], "USD")["escrow"] != first["escrow"]


def test_an_account_of_a_rolled_back_transaction_is_opened_anew(session: Session) -> None:
    def open_and_fail() -> None:
        chart.open_accounts([ALICE], "CNY")
        raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError), transaction():
        open_and_fail()

    with transaction():
        opened = chart.open_accounts([ALICE], "CNY")

    assert (
        session.scalar(text("SELECT id FROM ledger_accounts WHERE name = :name"), {"name": ALICE.name})
        == opened[ALICE.name]
    )


def test_a_committed_account_costs_no_second_look() -> None:
    with transaction():
        opened = chart.open_accounts([ALICE], "CNY")
    tamper("DELETE FROM ledger_accounts")

    assert chart.open_accounts([ALICE], "CNY") == opened


@pytest.mark.parametrize("owner", ["", "a b", "a|b", "a:b", "支付宝", "x\n"])
def test_refuses_an_owner_whose_name_could_be_read_as_something_else(owner: str) -> None:
    with pytest.raises(ValueError, match="not the owner of an account"):
        AccountRef("clearing", owner)


def test_an_owner_that_is_an_id_is_kept_on_the_account() -> None:
    agent_id = new_id()

    chart.open_accounts(
        [chart.agent_wallet(agent_id), chart.commission_earned(agent_id), chart.carrier_payable("sandbox-east")], "CNY"
    )
    chart.open_accounts([chart.clearing("stripe")], "USD")

    owners = dict(db.session.execute(text("SELECT name, owner_id FROM ledger_accounts")).all())
    assert owners == {
        f"agent_wallet:{agent_id}": agent_id,
        f"commission_earned:{agent_id}": agent_id,
        "carrier_payable:sandbox-east": None,
        "clearing:stripe": None,
    }
