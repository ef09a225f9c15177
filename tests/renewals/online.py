"""Carol's renewal that waits for her payment, with the provider in this process."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.core import clock, ids
from portal.core.db import db, in_transaction, transaction
from portal.core.outbox import OutboxRow
from portal.ledger.models import Account, Transfer
from portal.payments import offers as offers_online
from portal.payments import sending_back, settling
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentChannel, ProviderRefund
from portal.payments.providers.base import Method, Surface
from portal.renewals import offers, ordering, paying, queries
from portal.renewals.models import Renewal
from portal.renewals.ordering import Ordered
from tests import make
from tests.payments.stub import StubProvider
from tests.renewals.conftest import Counter

CARD = Choice(Method.CARD, Surface.PAGE, "en")


def offering(currency: str = "CNY", method: Method = Method.CARD) -> None:
    """Let customers pay by card, or by another method alone."""
    with transaction():
        offers_online.offer(
            currency=currency,
            channel=PaymentChannel.WEBSITE,
            chosen={method: "stripe"},
            actor=make.actor(name="Dana"),
        )


@dataclass
class Waiting:
    """A renewal of carol's card for CNY 105.00 that waits to be paid, and who could pay it."""

    counter: Counter
    ordered: Ordered
    provider: StubProvider

    @property
    def renewal(self) -> Renewal:
        return queries.by_id(self.ordered.id)

    def begin(self, choice: Choice = CARD) -> Payment:
        return paying.begin(self.ordered.code, choice, actor=make.actor(name="Carol"))

    def settle(self, payment: Payment) -> None:
        """Have the provider say that it is paid, and ask it."""
        self.provider.settle(payment.reference, payment.amount)
        settling.ask(payment.id)

    def pay(self) -> Payment:
        payment = self.begin()
        self.settle(payment)
        return now(payment)

    def states(self) -> list[str]:
        return [event.state.value for event in queries.events_of(self.ordered.id)]


def order(counter: Counter, *, key: str | None = None, quote: str | None = None) -> Ordered:
    """Have carol's card renewed through a link."""
    signed = quote or offers.one(counter.card, counter.plan.code, now=clock.now()).signed
    return in_transaction(
        lambda: ordering.order(
            agent_id=counter.agent.id,
            card_id=counter.card.id,
            signed_quote=signed,
            idempotency_key=key or str(ids.new_id()),
            actor=counter.actor,
        )
    )


def now(payment: Payment) -> Payment:
    """Read a payment anew."""
    return in_transaction(lambda: db.session.get_one(Payment, payment.id, populate_existing=True))


def transfers(renewal_id: UUID) -> list[tuple[str, str, str, int]]:
    """List what a renewal moved: kind, from, to, minor units."""
    debited, credited = aliased(Account), aliased(Account)
    rows = db.session.execute(
        select(Transfer.kind, debited.name, credited.name, Transfer.amount_minor)
        .join(debited, debited.id == Transfer.debit_account_id)
        .join(credited, credited.id == Transfer.credit_account_id)
        .where(Transfer.subject_id == renewal_id)
        .order_by(Transfer.id)
    )
    return [tuple(row) for row in rows]


def work(subject_id: UUID) -> list[str]:
    """List the work that waits for somebody."""
    query = select(OutboxRow.kind).where(OutboxRow.subject_id == subject_id).order_by(OutboxRow.kind)
    return list(db.session.scalars(query))


def refunds() -> list[ProviderRefund]:
    """List what goes back through the provider."""
    return list(db.session.scalars(select(ProviderRefund).execution_options(populate_existing=True)))


def carry_out_refunds() -> None:
    """Have the provider give back what waits."""
    for refund_id in [refund.id for refund in refunds()]:
        sending_back.carry_out(refund_id)
