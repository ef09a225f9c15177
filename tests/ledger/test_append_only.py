"""What stands in the books and the audit log stays: the database itself refuses to change it."""

import pytest
from psycopg.errors import RestrictViolation
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.audit import log
from portal.core.db import db
from portal.ledger import chart
from tests import make
from tests.ledger.books import ALICE, account_id, top_up

pytestmark = pytest.mark.usefixtures("session")

NEVER_CHANGED = ["ledger_entries", "ledger_transfers", "audit_log", "audit_seals", "renewal_events"]


@pytest.mark.parametrize("table", NEVER_CHANGED)
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_refuses_to_change_or_take_out_a_row(table: str, act: str) -> None:
    top_up(ALICE, 1_000)
    log.record(actor=make.actor(), act="test", subject=("test", None))

    with pytest.raises(DBAPIError) as refused:
        db.session.execute(text(act.format(table)))

    assert isinstance(refused.value.orig, RestrictViolation)


NEVER_DELETED = [
    "agents", "customers", "cards", "plans", "plan_versions", "commission_terms", "ledger_accounts", "renewals",
]  # fmt: skip


@pytest.mark.parametrize("table", NEVER_DELETED)
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_refuses_to_take_out_a_row_that_others_name(table: str, act: str) -> None:
    with pytest.raises(DBAPIError, match=r"never deleted|append-only") as refused:
        db.session.execute(text(act.format(table)))

    assert isinstance(refused.value.orig, RestrictViolation)


def insert_transfer(**changes: object) -> None:
    top_up(ALICE, 1_000)
    values = {"debit": account_id(chart.BANK), "credit": account_id(chart.ESCROW), "amount": 5, "currency": "CNY"}
    db.session.execute(
        text(
            """
            INSERT INTO ledger_transfers (entry_id, kind, subject_kind, subject_id, debit_account_id, credit_account_id,
                                          amount_minor, currency, posted_at)
            SELECT id, kind, subject_kind, subject_id, :debit, :credit, :amount, :currency, now() FROM ledger_entries
            """
        ),
        values | changes,
    )


def test_takes_a_transfer_that_keeps_the_rules() -> None:
    insert_transfer()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"amount": 0}, "amount_positive"),
        ({"amount": -5}, "amount_positive"),
    ],
)
def test_refuses_a_transfer_that_breaks_one(changes: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        insert_transfer(**changes)


def test_refuses_a_transfer_from_an_account_to_itself() -> None:
    with pytest.raises(IntegrityError, match="two_accounts"):
        insert_transfer(debit=account_id(chart.ESCROW))


@pytest.mark.parametrize(
    "change",
    [
        "balance_minor = -1",
        "balance_minor = NULL",
        "guarded = false",
        "credit_limit_minor = -1",
        "side = 'asset'",
    ],
)
def test_refuses_a_guarded_account_without_its_guard(change: str) -> None:
    top_up(ALICE, 1_000)

    with pytest.raises(IntegrityError):
        db.session.execute(text(f"UPDATE ledger_accounts SET {change} WHERE guarded"))
