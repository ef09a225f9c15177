"""The verifier finds every row that was altered behind the portal's back, and nothing else."""

import pytest
from sqlalchemy import text

from portal.core.db import db, in_transaction
from portal.ledger import chart, journal, snapshots, verification
from portal.ledger.journal import Line
from tests.ledger.books import ALICE, ALICE_EARNED, BOB, account_id, draft, move, set_credit_limit, tamper, top_up

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture
def books(session: object) -> None:
    """Two wallets, one of them in debt, a renewal held and delivered, a top-up reversed, and a snapshot."""
    top_up(ALICE, 100_000)
    top_up(BOB, 500)
    set_credit_limit(BOB, 1_000)
    move(BOB, chart.ESCROW, 900)
    move(chart.ESCROW, BOB, 900)
    in_transaction(snapshots.take)
    journal.post(draft(Line(ALICE, chart.ESCROW, 9_450), key="renewal:1:hold"))
    journal.post(
        draft(
            Line(chart.ESCROW, chart.REVENUE, 8_491),
            Line(chart.ESCROW, chart.TAX_PAYABLE, 509),
            Line(chart.ESCROW, ALICE_EARNED, 450),
            key="renewal:1:deliver",
            kind="deliver",
        )
    )
    move(BOB, chart.ESCROW, 1_200)
    top_up(ALICE, 33)
    mistake = db.session.scalar(text("SELECT max(id) FROM ledger_transfers"))
    journal.post(draft(Line(ALICE, chart.BANK, 33, reverses_id=mistake), kind="reversal"))


def rules() -> set[str]:
    return {finding.rule for finding in verification.verify()}


@pytest.mark.usefixtures("books")
def test_finds_nothing_in_books_that_are_right() -> None:
    assert verification.verify() == []


def test_finds_nothing_in_empty_books() -> None:
    assert verification.verify() == []


NAMES = {
    "transfer": "ledger_transfers",
    "entry": "ledger_entries",
    "account": "ledger_accounts",
    "snapshot": "ledger_snapshots",
    "hold": "amount_minor = 9450",
    "tax": "amount_minor = 509",
    "bank": "(SELECT id FROM ledger_accounts WHERE name = 'bank')",
    "holding": "(SELECT entry_id FROM ledger_transfers WHERE amount_minor = 9450)",
}

# What was changed, how, and which rules say so.
ALTERED = {
    "an amount": ("UPDATE {transfer} SET amount_minor = 9451 WHERE {hold}", {"entries", "balances"}),
    "an amount that no wallet saw": ("UPDATE {transfer} SET amount_minor = 508 WHERE {tax}", {"entries"}),
    "the account it came from": ("UPDATE {transfer} SET debit_account_id = {bank} WHERE {tax}", {"entries"}),
    "both accounts swapped": (
        "UPDATE {transfer} SET debit_account_id = credit_account_id, credit_account_id = debit_account_id WHERE {tax}",
        {"entries"},
    ),
    "the order of lines": ("UPDATE {transfer} SET id = -id WHERE {tax}", {"entries", "totals"}),
    "the currency": ("UPDATE {transfer} SET currency = 'USD' WHERE {hold}", {"transfers", "entries"}),
    "the kind": ("UPDATE {transfer} SET kind = 'gift' WHERE {hold}", {"transfers"}),
    "the time": ("UPDATE {transfer} SET posted_at = posted_at - interval '1 day' WHERE {hold}", {"transfers"}),
    "the subject": ("UPDATE {transfer} SET subject_id = gen_random_uuid() WHERE {hold}", {"transfers"}),
    "what kind the subject is": ("UPDATE {transfer} SET subject_kind = 'x' WHERE {hold}", {"transfers"}),
    "what it reverses": ("UPDATE {transfer} SET reverses_id = NULL WHERE reverses_id IS NOT NULL", {"entries"}),
    "its entry": ("UPDATE {transfer} SET entry_id = {holding} WHERE {tax}", {"transfers", "entries"}),
    "a running balance": ("UPDATE {transfer} SET debit_balance_minor = 90551 WHERE {hold}", {"balances"}),
    "a running balance taken out": (
        "UPDATE {transfer} SET debit_balance_minor = NULL WHERE {hold}",
        {"balances", "transfers"},
    ),
    "a running balance where there is none": (
        "UPDATE {transfer} SET debit_balance_minor = 5 WHERE {tax}",
        {"transfers"},
    ),
    "a transfer taken out": ("DELETE FROM {transfer} WHERE {hold}", {"entries", "balances"}),
    "all transfers of an entry taken out": ("DELETE FROM {transfer} WHERE kind = 'deliver'", {"entries"}),
    "an entry's key": ("UPDATE {entry} SET key = 'x' WHERE id = {holding}", {"entries"}),
    "an entry's kind": ("UPDATE {entry} SET kind = 'gift' WHERE id = {holding}", {"entries", "transfers"}),
    "an entry's subject": (
        "UPDATE {entry} SET subject_id = gen_random_uuid() WHERE id = {holding}",
        {"entries", "transfers"},
    ),
    "an entry's time": ("UPDATE {entry} SET posted_at = now() - interval '1 day' WHERE id = {holding}", {"transfers"}),
    "an entry's digest": ("UPDATE {entry} SET digest = sha256('x') WHERE id = {holding}", {"entries"}),
    "an entry taken out": ("DELETE FROM {entry} WHERE kind = 'deliver'", {"transfers"}),
    "an account's name": ("UPDATE {account} SET name = replace(name, 'alice', 'eve') WHERE guarded", {"entries"}),
    "an account's kind": ("UPDATE {account} SET kind = 'bank' WHERE name = 'revenue'", {"accounts"}),
    "an account's side": ("UPDATE {account} SET side = 'asset' WHERE name = 'revenue'", {"accounts"}),
    "an account's currency": (
        "UPDATE {account} SET currency = 'USD' WHERE name = 'revenue'",
        {"transfers", "totals"},
    ),
    "an account taken out": ("DELETE FROM {account} WHERE name = 'revenue'", {"transfers", "entries", "totals"}),
    "a balance": ("UPDATE {account} SET balance_minor = balance_minor + 1 WHERE balance_minor > 0", {"balances"}),
    "a snapshot": ("UPDATE {snapshot} SET credits_minor = credits_minor + 1 WHERE debits_minor = 0", {"totals"}),
    "how far a snapshot goes": ("UPDATE {snapshot} SET last_transfer_id = last_transfer_id + 1", {"totals"}),
    "a snapshot taken out": ("DELETE FROM {snapshot} WHERE debits_minor = 0", {"totals"}),
}


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(("sql", "broken"), ALTERED.values(), ids=ALTERED)
def test_finds_what_was_altered(sql: str, broken: set[str]) -> None:
    assert tamper(sql.format(**NAMES)) >= 1

    assert rules() == broken


@pytest.mark.usefixtures("books")
def test_names_the_row_that_was_altered() -> None:
    hold = db.session.scalar(text("SELECT id FROM ledger_transfers WHERE amount_minor = 9450"))
    tamper("UPDATE ledger_transfers SET kind = 'gift', debit_balance_minor = 7 WHERE amount_minor = 9450")

    found = verification.verify()

    assert (found[0].rule, found[0].what) == ("transfers", "a transfer that says something else than its entry")
    assert found[0].where.startswith(f"transfer {hold} of entry ")
    assert found[1].rule == "balances"
    assert found[1].where == f"transfer {hold} on account {account_id(ALICE)}"


@pytest.mark.usefixtures("books")
def test_names_the_entry_whose_transfers_were_altered() -> None:
    tamper("UPDATE ledger_transfers SET amount_minor = 508 WHERE amount_minor = 509")

    (found,) = verification.verify()

    assert (found.rule, found.what) == ("entries", "the transfers are not those that were posted")
    assert "renewal:1:deliver" in found.where


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    ("constraint", "change"),
    [("amount_positive", "amount_minor = 0"), ("two_accounts", "debit_account_id = credit_account_id")],
)
def test_finds_a_transfer_that_moves_nothing(constraint: str, change: str) -> None:
    tamper(f"ALTER TABLE ledger_transfers DROP CONSTRAINT ck_ledger_transfers_{constraint}")
    tamper(f"UPDATE ledger_transfers SET {change} WHERE amount_minor = 509")

    found = [finding.what for finding in verification.verify() if finding.rule == "transfers"]

    assert found == ["not a positive amount between two accounts of its currency"]


@pytest.mark.usefixtures("books")
def test_finds_a_wallet_below_its_credit_limit() -> None:
    tamper("ALTER TABLE ledger_accounts DROP CONSTRAINT ck_ledger_accounts_covered")
    set_credit_limit(BOB, 699)

    (found,) = verification.verify()

    assert found.what == "the balance is -700, credits less debits are -700, the credit limit is 699"
    assert found.where == f"account {account_id(BOB)} agent_wallet:bob CNY"


@pytest.mark.usefixtures("books")
def test_finds_a_reversal_of_something_else() -> None:
    tamper(
        "UPDATE ledger_transfers SET reverses_id = (SELECT min(id) FROM ledger_transfers) WHERE reverses_id IS NOT NULL"
    )

    assert "a reversal that is not the mirror of what it reverses" in {f.what for f in verification.verify()}


@pytest.mark.usefixtures("books")
def test_names_a_hundred_rows_of_a_rule_at_most() -> None:
    for _ in range(101):
        move(chart.CARRIER_COST, chart.REVENUE, 1)
    tamper("UPDATE ledger_transfers SET kind = 'gift' WHERE amount_minor = 1")

    assert len(verification.verify()) == 100


@pytest.mark.usefixtures("books")
def test_a_digest_says_the_same_in_python_and_in_the_database() -> None:
    odd = draft(
        Line(chart.agent_wallet(draft().subject_id), chart.ESCROW, 0),
        Line(chart.clearing("alipay.x"), chart.WRITE_OFF, 10**15, reverses_id=None),
        key="odd|key\nwith 中文",
        currency="KWD",
    )

    journal.post(odd)

    assert verification.verify() == []
    assert db.session.scalar(text("SELECT digest FROM ledger_entries WHERE key LIKE 'odd%'")) == journal.digest(
        odd.nonzero()
    )
