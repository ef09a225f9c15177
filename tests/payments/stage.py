"""An agent who tops up by card, with the provider in this process."""

from uuid import UUID

from sqlalchemy import func, select

from portal.agents.models import Agent
from portal.core.db import db, in_transaction, transaction
from portal.core.money import Money
from portal.payments import noticing, offers
from portal.payments import queries as payments
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentChannel, PaymentNotice
from portal.payments.providers.base import Method, Surface
from portal.wallets import paying_in
from portal.wallets import queries as wallets
from tests import make
from tests.payments.stub import GOOD, told


def offering(currency: str = "CNY") -> None:
    """Have cards offered to agents and customers."""
    for channel in PaymentChannel:
        offers.offer(currency=currency, channel=channel, chosen={Method.CARD: "stripe"}, actor=make.actor())


def agent(currency: str = "CNY") -> Agent:
    """Make an agent to whom cards are offered."""
    with transaction():
        made = make.agent(currency=currency)
        offering(currency)
    return made


CARD = Choice(Method.CARD, Surface.PAGE, "en")


def top_up(
    of: Agent,
    minor: int = 100_000,
    *,
    currency: str = "CNY",
    key: str = "k-1",
    save: bool = False,
    choice: Choice = CARD,
) -> Payment:
    """Begin a top-up, by card unless it is said otherwise."""
    return paying_in.begin(
        agent_id=of.id,
        amount=Money(minor, currency),
        choice=choice,
        description="Wallet top-up",
        actor=make.actor(),
        idempotency_key=key,
        save=save,
    )


def tell(reference: str, event_id: str = "evt_1") -> tuple[int, str, str]:
    """Send the webhook that says a payment is done."""
    return noticing.receive("stripe", headers=GOOD, body=told(event_id, reference=reference))


def notices() -> list[UUID]:
    """List the webhooks that were kept."""
    return list(in_transaction(lambda: db.session.scalars(select(PaymentNotice.id)).all()))


def balance(of: Agent, currency: str = "CNY") -> int:
    """Give what the agent's wallet holds."""
    return in_transaction(lambda: wallets.in_currency(of.id, currency).balance.minor)


def now(payment: Payment) -> Payment:
    """Read a payment anew."""
    return in_transaction(lambda: payments.by_id(payment.id))


def count(model: type) -> int:
    """Count the rows of a table."""
    return in_transaction(lambda: db.session.scalar(select(func.count()).select_from(model))) or 0
