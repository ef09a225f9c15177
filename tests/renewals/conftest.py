"""A counter with a card to renew."""

from dataclasses import dataclass

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.agents.models import Agent
from portal.cards.models import Card
from portal.catalogue.models import PlanVersion
from portal.core import clock, ids
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.customers.models import Customer
from portal.renewals import offers, placing
from portal.renewals.models import Renewal
from portal.renewals.placing import Placed
from portal.wallets import queries as wallets
from tests import make


@dataclass
class Counter:
    """Alice's counter: CNY 1,000.00 in the wallet, carol's card, and a plan for CNY 100.00."""

    agent: Agent
    customer: Customer
    card: Card
    plan: PlanVersion
    actor: Actor

    def signed_quote(self) -> str:
        return offers.one(self.card, self.plan.code, now=clock.now()).signed

    def order(self, *, signed_quote: str | None = None, key: str | None = None) -> Placed:
        quote = signed_quote or self.signed_quote()
        return in_transaction(
            lambda: placing.place(
                agent_id=self.agent.id,
                card_id=self.card.id,
                signed_quote=quote,
                idempotency_key=key or str(ids.new_id()),
                actor=self.actor,
            )
        )

    def wallet_minor(self) -> int:
        return wallets.in_currency(self.agent.id, "CNY").balance.minor

    def renewals(self) -> int:
        return db.session.scalar(select(func.count()).select_from(Renewal)) or 0


def open_counter(*, money_minor: int = 100_000) -> Counter:
    """Open alice's counter for real, in a transaction of its own."""

    def act() -> Counter:
        alice = make.agent()
        carol = make.customer(alice, name="Carol Chan")
        user = make.user(role=make.Role.AGENT_OWNER, of=alice, name="Alice")
        if money_minor:
            make.money_in(alice, money_minor)
        return Counter(alice, carol, make.card(carol), make.plan(), make.actor(user))

    return in_transaction(act)


@pytest.fixture
def counter(session: Session) -> Counter:
    return open_counter()
