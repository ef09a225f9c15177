"""Two thousand money events in a seeded order, with faults: no rule of `docs/money.md` is ever broken.

Repeat a run that failed with the seed that it printed: `MONEY_SEED=... pytest tests/faults/test_many_money_events.py`.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from flask import Flask
from sqlalchemy import text

from portal.carriers import registry
from portal.core import working
from portal.core.db import db, in_transaction
from portal.factory import create_app
from portal.ledger import chart
from portal.receipts import document
from portal.renewals import verification
from tests import servers
from tests.carriers.sandbox_process import RunningSandbox, running_sandbox
from tests.conftest import Browser, migrated, settings_for
from tests.faults.market import Market
from tests.faults.outside import Outside
from tests.payments.providers.receiver import Receiver, listening

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEED = int(os.environ.get("MONEY_SEED", "20261123"))
EVENTS = int(os.environ.get("MONEY_EVENTS", "2000"))
BETWEEN_LOOKS = 100

MAY_WAIT = {"renewals.expire", "payments.refund", "refunds.carry_out"}
"""At rest: orders whose payment is held for finance, refunds pending at the bank, and those that wait for a dispute."""


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A sandbox whose books are empty."""
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def app(
    tmp_path: Path, sandbox: RunningSandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """A portal whose webhooks come to the test first, and whose receipts cost nothing to draw."""
    url = servers.database_url(prepare=migrated, name="own")
    chart.forget_ids()
    settings = settings_for(
        url,
        tmp_path,
        sandbox_url=sandbox.url,
        base_url=receiver.url.removesuffix("/hooks"),
        sandbox_settles_seconds=0.2,
        carrier_submit_seconds=0.3,
        refund_approval_above=50,
        outbox_attempts=1_000,
    )
    made = create_app(settings)
    made.test_client_class = Browser
    monkeypatch.setattr(document, "render", lambda content, *, number, **_: f"%PDF-1.7 {number}".encode())
    monkeypatch.setattr(document, "render_credit_note", lambda content, *, number: f"%PDF-1.7 {number}".encode())
    monkeypatch.setattr(working.logger, "exception", raise_on)
    with made.app_context():
        registry.configure(settings)
        try:
            yield made
        finally:
            db.session.remove()
            db.engine.dispose()
            chart.forget_ids()


def raise_on(*_: object, **__: object) -> NoReturn:
    """Stop the run where a worker met what nobody meant to happen, instead of trying again later."""
    raise  # noqa: PLE0704 - it is called while the exception is being handled


@pytest.fixture
def market(app: Flask, sandbox: RunningSandbox, receiver: Receiver) -> Market:
    return Market(app, sandbox, receiver, seed=SEED)


def test_two_thousand_mixed_money_events_with_faults_keep_every_rule(market: Market, sandbox: RunningSandbox) -> None:
    outside = Outside(sandbox)
    print(f"seed {SEED}")  # noqa: T201 - shown when it fails

    for number in range(1, EVENTS + 1):
        market.happen()
        if number % BETWEEN_LOOKS == 0:
            assert set(market.come_to_rest()) <= MAY_WAIT, number
            look(outside)
    for _ in range(2):  # what was decided may free what waited
        market.decide_everything()
        assert market.come_to_rest() == []
    look(outside)
    assert stuck() == []

    print(*(f"{times:5} {what}" for what, times in sorted(market.tally.items())), sep="\n")  # noqa: T201
    assert balances("disputed") == {}
    assert balances("frozen") == {}


def look(outside: Outside) -> None:
    """Hold the portal's books beside themselves, beside the providers', the bank's and the carriers'."""
    assert in_transaction(verification.verify_everything) == []
    assert outside.held() == inside()
    assert balances("bank") == bank_statement()
    deliveries = outside.deliveries()
    assert set(deliveries.values()) <= {1}
    assert set(deliveries) == delivered()
    assert outside.sent_again() == set()
    assert balances("carrier_payable") == owed_to_carriers()


def stuck() -> list[str]:
    """List what would stay undecided for ever, though everybody did their part."""
    query = """
        SELECT concat('renewal ', reference, ' ', state) FROM renewals
        WHERE state NOT IN ('awaiting_payment', 'cancelled', 'delivered', 'returned', 'partly_refunded', 'refunded')
              AND id NOT IN (SELECT renewal_id FROM refunds WHERE state = 'awaiting_approval')
        UNION ALL
        SELECT concat('refund ', reference, ' ', state) FROM refunds
        WHERE state NOT IN ('awaiting_approval', 'declined', 'done')
        UNION ALL
        SELECT concat('refund ', provider_refunds.reference, ' at ', provider, ' ', failure_code,
                      ' of a payment ', payments.state) FROM provider_refunds
        JOIN payments ON payments.id = payment_id
        WHERE provider_refunds.state NOT IN ('succeeded', 'replaced')
    """
    return list(in_transaction(lambda: db.session.scalars(text(query)).all()))


def balances(kind: str) -> Counter[tuple[str, str]]:
    """Give what stands on each account of a kind, in minor units, as its side counts."""
    return _counted(
        """
        SELECT name, currency, CASE WHEN side IN ('asset', 'expense') THEN debits - credits ELSE credits - debits END
        FROM ledger_accounts account
        CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS debits FROM ledger_transfers
                            WHERE debit_account_id = account.id) debited
        CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS credits FROM ledger_transfers
                            WHERE credit_account_id = account.id) credited
        WHERE kind = :kind
        """,
        kind=kind,
    )


def inside() -> Counter[tuple[str, str]]:
    """Give what the books say is at each provider, and what came that they do not hold yet or any more."""
    unbooked = _counted(
        """
        SELECT provider, settled_currency, sum(
            CASE WHEN payments.state IN ('held', 'returned') THEN settled_minor
                 WHEN purpose = 'renewal' THEN settled_minor - amount_minor
                 ELSE 0
            END - coalesce(back.minor, 0) - coalesce(lost.minor, 0))
        FROM payments
        LEFT JOIN (
            SELECT payment_id, sum(amount_minor) AS minor FROM provider_refunds
            WHERE state = 'succeeded' AND kind IN ('', 'renewal_rest') GROUP BY payment_id
        ) back ON back.payment_id = payments.id
        LEFT JOIN (
            SELECT payment_id, sum(amount_minor) AS minor FROM disputes WHERE state = 'lost' GROUP BY payment_id
        ) lost ON lost.payment_id = payments.id AND payments.state = 'returned'
        WHERE settled_minor IS NOT NULL
        GROUP BY provider, settled_currency
        """
    )
    for (name, currency), minor in balances("clearing").items():
        unbooked[name.partition(":")[2], currency] += minor
    return Counter({place: minor for place, minor in unbooked.items() if minor})


def bank_statement() -> Counter[tuple[str, str]]:
    """Sum what finance saw come and go at the bank."""
    return _counted(
        """
        SELECT 'bank', currency, sum(minor)
        FROM (SELECT currency, amount_minor AS minor FROM top_ups WHERE bank_reference IS NOT NULL
              UNION ALL
              SELECT currency, -amount_minor FROM payouts WHERE state = 'paid' AND destination = 'bank') lines
        GROUP BY currency
        """
    )


def delivered() -> set[str]:
    """List the references of renewals that count as delivered."""
    query = "SELECT reference FROM renewals WHERE state IN ('delivered', 'refunding', 'partly_refunded', 'refunded')"
    return set(in_transaction(lambda: db.session.scalars(text(query)).all()))


def owed_to_carriers() -> Counter[tuple[str, str]]:
    """Sum the cost of what was delivered, less what carriers took back of refunds that were carried out."""
    return _counted(
        """
        SELECT concat('carrier_payable:', carrier), renewals.currency, sum(cost_minor)
        FROM renewals
        WHERE delivered_at IS NOT NULL
              AND NOT EXISTS (SELECT FROM refunds WHERE renewal_id = renewals.id AND refunds.state = 'done'
                                                        AND carrier_answer = 'taken_back')
        GROUP BY carrier, renewals.currency
        """
    )


def _counted(sql: str, **values: object) -> Counter[tuple[str, str]]:
    rows = in_transaction(lambda: db.session.execute(text(sql), values).all())
    return Counter({(name, currency): int(minor) for name, currency, minor in rows if minor})
