"""The books as pages read them."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core import clock
from portal.core.db import in_transaction
from portal.core.ids import new_id
from portal.core.money import Money
from portal.ledger import chart, journal, queries, snapshots
from portal.ledger.chart import AccountRef
from portal.ledger.extracts import AccountBalance
from portal.ledger.journal import EntryDraft, Line
from portal.ledger.models import Side
from portal.ledger.queries import AccountFilter
from tests.ledger.books import ALICE, ALICE_EARNED, account_id, move, set_credit_limit, top_up

pytestmark = pytest.mark.usefixtures("session")

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def balance_of(account: AccountRef, *, currency: str = "CNY") -> AccountBalance:
    found = queries.account(account_id(account, currency=currency))
    assert found is not None
    return found


def deliver_one() -> None:
    """Alice tops up 1,000.00 and renews for 94.50: 84.91 revenue, 5.09 tax, 4.50 fee, 2.70 share, 61.20 cost."""
    top_up(ALICE, 100_000)
    move(ALICE, chart.ESCROW, 9_450)
    move(chart.ESCROW, chart.REVENUE, 8_491)
    move(chart.ESCROW, chart.TAX_PAYABLE, 509)
    move(chart.ESCROW, ALICE_EARNED, 450)
    move(chart.COMMISSION_EXPENSE, ALICE_EARNED, 270)
    move(chart.CARRIER_COST, chart.carrier_payable("sandbox-east"), 6_120)


@pytest.mark.parametrize("is_snapshot_taken", [False, True])
def test_every_account_shows_its_balance_on_its_own_side(is_snapshot_taken: bool) -> None:
    deliver_one()
    if is_snapshot_taken:
        in_transaction(snapshots.take)
    move(chart.CARRIER_COST, chart.carrier_payable("sandbox-east"), 80)

    page = queries.accounts(AccountFilter())

    assert [(row.name, row.side, row.balance_minor) for row in page.rows] == [
        ("agent_wallet:alice", Side.LIABILITY, 90_550),
        ("bank", Side.ASSET, 100_000),
        ("carrier_cost", Side.EXPENSE, 6_200),
        ("carrier_payable:sandbox-east", Side.LIABILITY, 6_200),
        ("commission_earned:alice", Side.LIABILITY, 720),
        ("commission_expense", Side.EXPENSE, 270),
        ("escrow", Side.LIABILITY, 0),
        ("revenue", Side.INCOME, 8_491),
        ("tax_payable", Side.LIABILITY, 509),
    ]


def test_accounts_are_found_by_kind_currency_and_owner() -> None:
    agent_id = new_id()
    deliver_one()
    top_up(chart.agent_wallet(agent_id), 500)
    top_up(chart.agent_wallet(agent_id), 70, currency="USD")

    def names(wanted: AccountFilter) -> list[tuple[str, str]]:
        return [(row.kind, row.currency) for row in queries.accounts(wanted).rows]

    assert names(AccountFilter(kind="agent_wallet", currency="CNY")) == [("agent_wallet", "CNY")] * 2
    assert names(AccountFilter(owner_id=agent_id)) == [("agent_wallet", "CNY"), ("agent_wallet", "USD")]
    assert names(AccountFilter(currency="USD")) == [("agent_wallet", "USD"), ("bank", "USD")]
    assert names(AccountFilter(kind="nothing")) == []


def test_accounts_page_both_ways() -> None:
    chart.open_accounts([AccountRef("commission_earned", f"{nr:03d}") for nr in range(120)], "CNY")
    chart.open_accounts([AccountRef("commission_earned", "049")], "USD")

    first = queries.accounts(AccountFilter())
    second = queries.accounts(AccountFilter(), older=first.older)
    third = queries.accounts(AccountFilter(), older=second.older)
    back = queries.accounts(AccountFilter(), newer=third.newer)

    assert (first.newer, third.older) == (None, None)
    assert [row.name for row in second.rows][:2] == ["commission_earned:049", "commission_earned:050"]
    assert [row.currency for row in second.rows][:2] == ["USD", "CNY"]
    assert [len(page.rows) for page in (first, second, third)] == [50, 50, 21]
    assert back.rows == second.rows


def test_a_wallet_shows_what_it_can_still_spend() -> None:
    agent_id = new_id()
    top_up(chart.agent_wallet(agent_id), 500)
    set_credit_limit(chart.agent_wallet(agent_id), 300)
    top_up(chart.agent_wallet(agent_id), 70, currency="USD")

    cny, usd = queries.of_owner(agent_id, kind="agent_wallet")

    assert (cny.balance, cny.available) == (Money(500, "CNY"), Money(800, "CNY"))
    assert (usd.balance, usd.available) == (Money(70, "USD"), Money(70, "USD"))
    assert cny.is_guarded


def test_there_is_no_account_of_an_unknown_id() -> None:
    assert queries.account(999_999) is None


def test_a_statement_shows_each_movement_with_the_balance_after_it() -> None:
    top_up(ALICE, 100_000)
    with clock.fixed(NOON):
        move(ALICE, chart.ESCROW, 9_450)
    move(chart.ESCROW, ALICE, 9_450)

    page = queries.statement(balance_of(ALICE))

    assert [(row.counter_account, row.amount, row.balance) for row in page.rows] == [
        ("escrow", Money(9_450, "CNY"), Money(100_000, "CNY")),
        ("escrow", Money(-9_450, "CNY"), Money(90_550, "CNY")),
        ("bank", Money(100_000, "CNY"), Money(100_000, "CNY")),
    ]
    assert page.rows[1].posted_at == NOON
    assert (page.rows[1].kind, page.rows[1].subject_kind) == ("hold", "test")
    assert page.rows[1].counter_account_id == account_id(chart.ESCROW)


@pytest.mark.parametrize(("account", "sign"), [(chart.ESCROW, 1), (chart.BANK, -1)])
def test_balances_of_other_accounts_are_counted_through_snapshots(account: AccountRef, sign: int) -> None:
    for day in range(3):
        move(chart.CARRIER_COST, account, 100)
        move(account, chart.REVENUE, 30)
        with clock.fixed(NOON + timedelta(days=day)):
            in_transaction(snapshots.take)
    move(chart.CARRIER_COST, account, 5)

    first = queries.statement(balance_of(account), size=3)
    second = queries.statement(balance_of(account), older=first.older, size=3)
    third = queries.statement(balance_of(account), older=second.older, size=3)

    rows = [*first.rows, *second.rows, *third.rows]
    assert [row.amount_minor * sign for row in rows] == [5, -30, 100, -30, 100, -30, 100]
    assert [row.balance_minor * sign for row in rows] == [215, 210, 240, 140, 170, 70, 100]


def test_a_statement_pages_both_ways() -> None:
    top_up(ALICE, 100_000)
    for amount in range(1, 8):
        move(ALICE, chart.ESCROW, amount)
    wallet = balance_of(ALICE)

    first = queries.statement(wallet, size=3)
    second = queries.statement(wallet, older=first.older, size=3)
    third = queries.statement(wallet, older=second.older, size=3)
    back = queries.statement(wallet, newer=third.newer, size=3)

    assert [row.amount_minor for row in first.rows] == [-7, -6, -5]
    assert [row.amount_minor for row in second.rows] == [-4, -3, -2]
    assert [row.amount_minor for row in third.rows] == [-1, 100_000]
    assert back.rows == second.rows
    assert (first.newer, third.older) == (None, None)
    assert queries.statement(wallet, newer=second.newer, size=3).rows == first.rows


@pytest.mark.parametrize("key", ["x", "-1", "9" * 40])
def test_a_key_that_is_none_shows_the_first_page(key: str) -> None:
    top_up(ALICE, 100_000)

    assert len(queries.statement(balance_of(ALICE), older=key).rows) == 1


def test_a_statement_of_an_idle_account_is_empty() -> None:
    assert queries.statement(balance_of(chart.ESCROW)).rows == []


def test_the_trial_balance_nets_kinds_and_both_columns_agree() -> None:
    deliver_one()
    top_up(AccountRef("agent_wallet", "bob"), 5_000)
    top_up(ALICE, 700, currency="USD")

    cny, usd = queries.trial_balance()

    assert [(line.kind, line.accounts, line.debit_minor, line.credit_minor) for line in cny.lines] == [
        ("bank", 1, 105_000, 0),
        ("agent_wallet", 2, 0, 95_550),
        ("carrier_payable", 1, 0, 6_120),
        ("commission_earned", 1, 0, 720),
        ("escrow", 1, 0, 0),
        ("tax_payable", 1, 0, 509),
        ("revenue", 1, 0, 8_491),
        ("carrier_cost", 1, 6_120, 0),
        ("commission_expense", 1, 270, 0),
    ]
    assert cny.debit == cny.credit == Money(111_390, "CNY")
    assert usd.debit == usd.credit == Money(700, "USD")


def test_the_trial_balance_is_the_same_over_snapshots() -> None:
    deliver_one()
    before = queries.trial_balance()
    in_transaction(snapshots.take)

    assert queries.trial_balance() == before
    move(chart.CARRIER_COST, chart.carrier_payable("sandbox-east"), 80)
    assert queries.trial_balance()[0].debit == Money(106_470, "CNY")


def test_a_subject_shows_its_entries_with_both_accounts() -> None:
    renewal_id = new_id()
    top_up(ALICE, 100_000)
    for minutes, kind, lines in [
        (0, "hold", (Line(ALICE, chart.ESCROW, 9_450),)),
        (1, "deliver", (Line(chart.ESCROW, chart.REVENUE, 8_941), Line(chart.ESCROW, chart.TAX_PAYABLE, 509))),
    ]:
        with clock.fixed(NOON + timedelta(minutes=minutes)):
            journal.post(EntryDraft(f"renewal:{renewal_id}:{kind}", kind, "renewal", renewal_id, "CNY", lines))

    hold, delivery = queries.entries_of(renewal_id)

    assert (hold.key, hold.kind, hold.posted_at) == (f"renewal:{renewal_id}:hold", "hold", NOON)
    assert [(t.debit_account, t.credit_account, t.amount) for t in hold.transfers] == [
        ("agent_wallet:alice", "escrow", Money(9_450, "CNY"))
    ]
    assert [(t.debit_account, t.credit_account, t.amount) for t in delivery.transfers] == [
        ("escrow", "revenue", Money(8_941, "CNY")),
        ("escrow", "tax_payable", Money(509, "CNY")),
    ]
    assert delivery.transfers[0].credit_account_id == account_id(chart.REVENUE)
    assert queries.entries_of(new_id()) == []
