"""What the database settles in one call is what Python would have written, row for row; and only where all is as asked.

Amounts are in minor units.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from portal.agents.models import Agent
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments import calls, noticing, purposes, settling
from portal.payments.models import Payment, PaymentState
from portal.payments.providers import base
from portal.renewals import verification
from portal.wallets.models import TopUp
from tests.payments import stage
from tests.payments.stub import StubProvider, standing
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)

UUID_SIGNS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NUMBERED = frozenset({"id", "entry_id", "debit_account_id", "credit_account_id", "seal"})
DIGESTS = frozenset({"digest", "request_digest", "body"})
"""Columns that differ between two writings of the same; the verifier looks at digests of entries and at accounts."""


@pytest.fixture
def by_python(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have payments settled by Python from now on."""
    return lambda: monkeypatch.setattr(purposes, "KNOWN_TO_THE_DATABASE", set())


@pytest.fixture
def not_by_python(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let Python record no answer from now on."""

    def refuse(payment_id: UUID) -> None:
        raise AssertionError(f"Python settles {payment_id}")

    return lambda: monkeypatch.setattr(calls, "locked", refuse)


def rows() -> set[str]:
    """Give every row of every table, as text."""

    def read() -> set[str]:
        names = db.session.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).all()
        return {
            json.dumps([name, row], sort_keys=True)
            for name in names
            for row in db.session.scalars(text(f"SELECT to_jsonb(kept) FROM {name} kept"))
        }

    return in_transaction(read)


def written(act: Callable[[], object], **names: object) -> list[str]:
    """Do an act, and list the rows that it wrote or changed, ids and references replaced by what they name."""
    before = rows()
    with clock.fixed(NOW):
        act()
    return sorted(_told(json.loads(row), names) for row in rows() - before)


def _told(row: list[Any], names: dict[str, object]) -> str:
    table, columns = row
    kept = {name: value for name, value in columns.items() if name not in NUMBERED | DIGESTS}
    words = json.dumps([table, kept], sort_keys=True, ensure_ascii=False)
    for name, value in names.items():
        words = words.replace(str(value), f"<{name}>")
    return UUID_SIGNS.sub("<uuid>", words)


def _wallet_filled_before(stub: StubProvider) -> tuple[Agent, Payment]:
    """Give an agent who filled a wallet with CNY 50.00, and the top-up of CNY 1,000.00 that it has begun."""
    alice = stage.agent()
    first, second = stage.top_up(alice, 5_000, key="k-0"), stage.top_up(alice, key="k-1")
    stub.settle(first.reference, Money(5_000, "CNY"))
    settling.ask(first.id)
    return alice, second


def _top_up(stub: StubProvider, number: int) -> tuple[Callable[[], None], dict[str, object]]:
    """Give a webhook of a settled top-up that waits to be looked into, into a wallet that was filled before."""
    with clock.fixed(NOW):
        alice, second = _wallet_filled_before(stub)
        stub.settle(second.reference, Money(100_000, "CNY"), fee=Money(2_930, "CNY"))
        known = set(stage.notices())
        stage.tell(second.reference, f"evt_{number}")
    (notice_id,) = set(stage.notices()) - known
    names = {"agent": alice.id, "payment": second.id, "top-up": second.subject_id, "reference": second.reference}
    return lambda: noticing.look_into(notice_id), {**names, "event": f"evt_{number}"}


def test_a_top_up_leaves_the_same_rows_as_by_python(
    own_app: Flask, stub: StubProvider, by_python: Callable[[], None]
) -> None:
    look_into, names = _top_up(stub, 1)
    at_once = written(look_into, **names)
    look_into, names = _top_up(stub, 2)
    by_python()
    one_by_one = written(look_into, **names)

    assert at_once == one_by_one
    assert [json.loads(row)[0] for row in at_once] == [
        "audit_log",
        "ledger_accounts",
        "ledger_entries",
        "ledger_transfers",
        "payment_calls",
        "payment_notices",
        "payments",
        "top_ups",
    ]
    assert in_transaction(verification.verify_everything) == []


def test_what_is_as_asked_for_needs_no_python(
    own_app: Flask, stub: StubProvider, not_by_python: Callable[[], None]
) -> None:
    look_into, _ = _top_up(stub, 1)
    not_by_python()

    look_into()

    assert stage.count(TopUp) == 2


def _renewal(stub: StubProvider) -> tuple[Callable[[], None], dict[str, object]]:
    """Give the question about a payment for a renewal, where another renewal was paid before."""
    counter = open_counter()
    online.offering()
    with clock.fixed(NOW):
        Waiting(counter, online.order(counter), stub).pay()
        waiting = Waiting(counter, online.order(counter), stub)
        payment = waiting.begin()
        stub.settle(payment.reference, payment.amount)
    renewal = in_transaction(lambda: waiting.renewal)
    names = {
        "payment": payment.id,
        "reference": payment.reference,
        "renewal": renewal.id,
        "renewal reference": renewal.reference,
        "code": waiting.ordered.code,
        "key": renewal.idempotency_key,
    }
    return lambda: settling.ask(payment.id), names


def test_a_renewal_leaves_the_same_rows_as_by_python(
    own_app: Flask, stub: StubProvider, by_python: Callable[[], None]
) -> None:
    ask, names = _renewal(stub)
    at_once = written(ask, **names)
    ask, names = _renewal(stub)
    by_python()
    one_by_one = written(ask, **names)

    assert at_once == one_by_one
    assert [json.loads(row)[0] for row in at_once] == [
        "audit_log",
        "audit_log",
        "ledger_entries",
        "ledger_transfers",
        "outbox",
        "pay_links",
        "payment_calls",
        "payments",
        "renewal_events",
        "renewals",
    ]
    assert in_transaction(verification.verify_everything) == []


def test_a_renewal_as_asked_for_needs_no_python(
    own_app: Flask, stub: StubProvider, not_by_python: Callable[[], None]
) -> None:
    ask, names = _renewal(stub)
    not_by_python()

    ask()

    assert in_transaction(lambda: online.work(UUID(str(names["renewal"])))) == ["renewals.expire", "renewals.fulfil"]


@pytest.mark.parametrize(
    ("paid", "state"),
    [
        (Money(99_999, "CNY"), PaymentState.HELD),
        (Money(100_001, "CNY"), PaymentState.HELD),
        (Money(100_000, "USD"), PaymentState.HELD),
        (Money(100_000, "CNY"), PaymentState.SETTLED),
    ],
)
def test_what_differs_is_left_to_python(app: Flask, stub: StubProvider, paid: Money, state: PaymentState) -> None:
    alice, second = _wallet_filled_before(stub)
    stub.settle(second.reference, paid)

    settling.ask(second.id)

    assert stage.now(second).state is state
    assert stage.balance(alice) == 5_000 + (100_000 if state is PaymentState.SETTLED else 0)


def test_a_wallet_that_was_never_opened_is_left_to_python(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    settling.ask(payment.id)

    assert stage.balance(alice) == 100_000


def test_a_refused_card_is_remembered_beside_the_one_that_paid(app: Flask, stub: StubProvider) -> None:
    _, second = _wallet_filled_before(stub)
    stub.standings[second.reference] = standing(
        base.PaymentState.PENDING, second.reference, decline_code="insufficient_funds"
    )
    settling.ask(second.id)
    stub.settle(second.reference, Money(100_000, "CNY"))

    settling.ask(second.id)

    assert (stage.now(second).state, stage.now(second).decline_code) == (PaymentState.SETTLED, "insufficient_funds")
