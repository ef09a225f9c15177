"""A counter with a renewal that was delivered, and those who refund it: fiona asks, dana agrees."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Role
from portal.carriers import registry
from portal.carriers.base import CardState, CardStatus, CarrierError, Confirmation, Refused, TakenBack
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.ledger.models import Account, Transfer
from portal.receipts import numbering, queries
from portal.refunds import refunding, requesting
from portal.refunds.models import Refund, RefundDestination, RefundReason
from portal.renewals import fulfilment
from portal.renewals.models import Renewal
from tests import make
from tests.renewals.conftest import Counter, open_counter

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)


class StandIn:
    """A carrier that delivers everything, and takes back unless told to refuse or to be silent."""

    name = "sandbox-east"
    settles_within = timedelta(seconds=1)
    fails_with: CarrierError | None = None
    asked = 0

    def submit_renewal(self, *, reference: str, iccid: str, plan_code: str) -> Confirmation:
        before = CardState(None, 10240, 614, NOW + timedelta(days=1), CardStatus.ACTIVE, {})
        after = CardState(plan_code, 20480, 10854, NOW + timedelta(days=31), CardStatus.ACTIVE, {})
        return Confirmation("SE-99120", reference, iccid, plan_code, before, after, {})

    def take_back(self, reference: str) -> TakenBack:
        self.asked += 1
        if self.fails_with is not None:
            raise self.fails_with
        card = CardState(None, 10240, 614, NOW + timedelta(days=1), CardStatus.ACTIVE, {})
        return TakenBack("SE-B99120", reference, card, {"number": "SE-B99120"})


@dataclass
class Office:
    """Alice's counter with carol's renewal delivered (CNY 105.00: fee 5.00, share 3.00, cost 61.20), and two people."""

    counter: Counter
    carrier: StandIn
    fiona: Actor
    dana: Actor
    renewal_id: UUID

    def renewal(self) -> Renewal:
        return db.session.get_one(Renewal, self.renewal_id, populate_existing=True)

    def refund(self, refund_id: UUID) -> Refund:
        return db.session.get_one(Refund, refund_id, populate_existing=True)

    def request(
        self,
        amount_minor: int = 10_500,
        *,
        destination: RefundDestination = RefundDestination.SOURCE,
        actor: Actor | None = None,
        currency: str = "CNY",
    ) -> Refund:
        return in_transaction(
            lambda: requesting.request(
                renewal_id=self.renewal_id,
                amount=Money(amount_minor, currency),
                reason=RefundReason.NOT_WORKING,
                note="",
                destination=destination,
                actor=actor or self.fiona,
            )
        )

    def refunded(self, amount_minor: int = 10_500) -> Refund:
        """Refund a sum to its end."""
        refund = self.request(amount_minor)
        refunding.carry_out(refund.id)
        return self.refund(refund.id)


def open_office(carrier: StandIn, *, counter: Counter | None = None) -> Office:
    counter = counter or open_counter()
    fiona = in_transaction(lambda: make.user(role=Role.FINANCE, name="Fiona"))
    dana = in_transaction(lambda: make.user(role=Role.ADMIN, name="Dana"))
    placed = counter.order()
    fulfilment.fulfil(placed.id)
    receipt = queries.of_renewal(placed.id)
    assert receipt is not None
    in_transaction(lambda: numbering.number(receipt.id))
    return Office(counter, carrier, make.actor(fiona), make.actor(dana), placed.id)


def refund_transfers(renewal_id: UUID) -> list[tuple[str, str, str, int]]:
    """List what was posted after the delivery."""
    names = {account.id: account.name for account in db.session.scalars(select(Account))}
    rows = db.session.scalars(
        select(Transfer)
        .where(Transfer.subject_id == renewal_id, Transfer.kind.in_(("refund", "take_back")))
        .order_by(Transfer.id)
    )
    return [(row.kind, names[row.debit_account_id], names[row.credit_account_id], row.amount_minor) for row in rows]


def refusal(code: str = "plan_used") -> Refused:
    return Refused(code, "Most of the data is used.", {"reason": code})


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", stand_in)
    return stand_in


@pytest.fixture
def office(app: Flask, carrier: StandIn) -> Office:
    return open_office(carrier)
