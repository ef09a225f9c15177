"""Alice's agent earns CNY 8.00 a delivery (fee 5.00, share 3.00); fiona and frank are finance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from portal.accounts.models import Role, User
from portal.agents.models import Agent
from portal.cards.models import Card
from portal.carriers import registry
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.payouts import bank_account, banking, earnings, requesting
from portal.payouts.earnings import Earnings
from portal.payouts.models import Payout
from portal.renewals import bookkeeping, fulfilment, offers, placing
from portal.renewals.models import Renewal
from tests import make
from tests.web.admin.conftest import StandIn

NOW = datetime(2026, 11, 22, 6, 18, 7, tzinfo=UTC)
"""14:18:07 in Shanghai."""

LONG_AGO = NOW - timedelta(days=40)
"""13 October: what was delivered then is payable."""

BEFORE_ALL = datetime(2026, 1, 5, tzinfo=UTC)
"""When the agent opened: the ids of transfers rise with time."""


@dataclass
class Earner:
    """Alice's agent, and what it takes to earn."""

    agent: Agent
    alice: User
    fiona: User
    frank: User
    card: Card
    plan: PlanVersion
    deliveries: int = 0

    def earn(self, *, times: int = 1, at: datetime = LONG_AGO) -> list[UUID]:
        """Have renewals delivered at an instant: each earns CNY 8.00."""
        return [self._deliver(at) for _ in range(times)]

    def refund(self, renewal_id: UUID) -> None:
        """Take a delivery back in full, commission and all."""
        renewal = db.session.get_one(Renewal, renewal_id)
        account = bookkeeping.Account(
            renewal_id=renewal.id,
            currency=renewal.currency,
            source=chart.agent_wallet(renewal.agent_id),
            commission=chart.commission_earned(renewal.agent_id),
            carrier=chart.carrier_payable(renewal.carrier),
            discount_minor=renewal.discount_minor,
            base_minor=renewal.base_minor,
            tax_minor=renewal.tax_minor,
            fee_minor=renewal.fee_minor,
            share_minor=renewal.share_minor,
            total_minor=renewal.total_minor,
            cost_minor=renewal.cost_minor,
        )
        in_transaction(lambda: journal.post(bookkeeping.refund_in_full(account)))

    def request(self, minor: int, *, key: str | None = None) -> Payout:
        return in_transaction(
            lambda: requesting.request(
                agent_id=self.agent.id,
                amount=Money(minor, "CNY"),
                idempotency_key=key or str(make.key()),
                actor=make.actor(self.alice),
            )
        )

    def move(self, minor: int, *, key: str | None = None) -> Payout:
        return in_transaction(
            lambda: requesting.move_to_wallet(
                agent_id=self.agent.id,
                amount=Money(minor, "CNY"),
                idempotency_key=key or str(make.key()),
                actor=make.actor(self.alice),
            )
        )

    def earned(self) -> Earnings:
        return earnings.in_currency(self.agent.id, "CNY")

    def keep_account(self) -> None:
        in_transaction(
            lambda: banking.keep(
                agent_id=self.agent.id,
                currency="CNY",
                account=bank_account.read(
                    holder="Global Link Ltd", bank="ICBC", number="6222 0210 0111 2223 334", bic="ICBKCNBJ"
                ),
                actor=make.actor(self.alice),
            )
        )

    def _deliver(self, at: datetime) -> UUID:
        self.deliveries += 1
        with clock.fixed(at + timedelta(seconds=self.deliveries)):
            return self._deliver_now()

    def _deliver_now(self) -> UUID:
        signed = offers.one(self.card, self.plan.code, now=clock.now()).signed
        placed = in_transaction(
            lambda: placing.place(
                agent_id=self.agent.id,
                card_id=self.card.id,
                signed_quote=signed,
                idempotency_key=str(make.key()),
                actor=make.actor(self.alice),
            )
        )
        fulfilment.fulfil(placed.id)
        return placed.id


def built() -> Earner:
    """Make alice's agent with CNY 10,000.00 in its wallet, and the two of finance."""
    agent = make.agent()
    alice = make.user(role=Role.AGENT_OWNER, of=agent, name="Alice")
    fiona, frank = (make.user(role=Role.FINANCE, name=name) for name in ("Fiona", "Frank"))
    make.money_in(agent, 1_000_000, by=fiona)
    card = make.card(make.customer(agent))
    return Earner(agent, alice, fiona, frank, card, make.plan(code="JP-10G-30D"))


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", stand_in)
    return stand_in


@pytest.fixture
def earner(app: Flask, carrier: StandIn) -> Iterator[Earner]:
    with clock.fixed(BEFORE_ALL):
        made = in_transaction(built)
        made.keep_account()
    with clock.fixed(NOW):
        yield made


def book(kind: str, debit: chart.AccountRef, credit: chart.AccountRef, minor: int) -> None:
    """Post an entry of another kind by hand."""
    entry_id = make.key()
    line = Line(debit, credit, minor)
    in_transaction(lambda: journal.post(EntryDraft(f"{kind}:{entry_id}", kind, "agent", entry_id, "CNY", (line,))))
