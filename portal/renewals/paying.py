"""Have a customer pay online for a renewal that waits, and send back what came for one that is refused.

Amount and currency are the renewal's own, fixed when it was ordered. Only the settled payment moves the renewal, never
the customer's return from the provider's page.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select

from portal.agents.errors import AgentMayNotSell
from portal.audit import log
from portal.cards.models import Card
from portal.catalogue.models import PlanVersion
from portal.core import clock, outbox
from portal.core.actor import WORKER, Actor
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.chart import AccountRef
from portal.payments import beginning, purposes, refunding
from portal.payments.beginning import Choice
from portal.payments.errors import TooLate
from portal.payments.models import Payment, PaymentPurpose, PaymentState
from portal.renewals import bookkeeping, eligibility, events, links
from portal.renewals.errors import CardNotRenewable, NoLongerPayable
from portal.renewals.models import PayLink, Renewal
from portal.renewals.states import RenewalState

NOBODY_YET = AccountRef("clearing")
"""Stands as the source of a renewal that nobody has paid."""

RETURN = "renewal_return"
"""What the refund of a renewal that the carrier refused is called among the provider's refunds."""


def begin(code: str, choice: Choice, *, actor: Actor) -> Payment:
    """Begin a payment for the renewal of a pay link, or give the one of the same kind that is still open.

    Waits on the network: not to be called in a transaction.

    Raises:
        NoLongerPayable: it was paid or cancelled, its link has run out, or the card may not be renewed any more.
        MethodNotOffered: the way to pay is not offered.
        NotFound: there is no such link.
    """
    renewal, link, name, key = in_transaction(lambda: _wanted(code, choice))
    return beginning.begin(
        purpose=PaymentPurpose.RENEWAL,
        subject_id=renewal.id,
        agent_id=renewal.agent_id,
        customer_id=renewal.customer_id,
        amount=renewal.total,
        choice=choice,
        description=f"{renewal.reference} {name}"[:100],
        return_url=f"{link.address}?back=1",
        cancel_url=f"{link.address}?back=1",
        actor=actor,
        idempotency_key=key,
    )


def _wanted(code: str, choice: Choice) -> tuple[Renewal, PayLink, str, str]:
    link = links.by_code(code)
    renewal = link.renewal
    if renewal.state is not RenewalState.AWAITING_PAYMENT or link.expires_at <= clock.now():
        raise NoLongerPayable(state=renewal.state)
    try:
        eligibility.check(db.session.get_one(Card, renewal.card_id))
    except (AgentMayNotSell, CardNotRenewable) as error:
        raise NoLongerPayable(state=renewal.state) from error
    plan = db.session.get_one(PlanVersion, renewal.plan_version_id)
    name = plan.name_zh if choice.language == "zh" else plan.name_en
    # The same key while a payment of this kind is open: pressing twice opens one. A new one once it was closed.
    closed = db.session.scalar(
        select(func.count()).where(Payment.subject_id == renewal.id, Payment.state != PaymentState.BEGUN)
    )
    # What is ordered for one reader inside an app, another can not pay: it is a payment of its own.
    of_reader = f":{choice.payer_id}" if choice.payer_id else ""
    key = uuid5(renewal.id, f"{choice.method}:{choice.surface}:{closed}{of_reader}")
    return renewal, link, name, str(key)


@purposes.settles(PaymentPurpose.RENEWAL)
@purposes.known_to_the_database
def take(payment: Payment) -> None:
    """Put a settled payment into escrow and have the renewal delivered.

    A payment that arrives late is honoured while the renewal still waits and its card may be renewed.

    Raises:
        TooLate: it was paid already or cancelled, or may not be sold any more: the money goes back to its payer.
    """
    renewal = _locked(payment.subject_id)
    if renewal.state is not RenewalState.AWAITING_PAYMENT or payment.amount != renewal.total:
        raise TooLate(state=renewal.state)
    try:
        eligibility.check(db.session.get_one(Card, renewal.card_id))
    except (AgentMayNotSell, CardNotRenewable) as error:
        raise TooLate(state=renewal.state) from error
    db.session.get_one(PayLink, renewal.id).payment_id = payment.id
    source = chart.clearing(payment.provider)
    renewal.source = source.name
    journal.post(bookkeeping.hold(renewal.id, source=source, total=renewal.total))
    release(renewal, facts={"payment": payment.reference, "method": payment.method.value})


def release(renewal: Renewal, *, facts: Mapping[str, Any]) -> None:
    """Let a renewal that is paid, or costs nothing, go to the carrier. `facts` say how it was paid."""
    events.move(renewal, RenewalState.PAID, actor=WORKER, facts=facts)
    log.record(
        actor=WORKER,
        act="renewals.pay_online",
        subject=("renewal", renewal.id),
        after={"total_minor": renewal.total_minor, "currency": renewal.currency, **facts},
    )
    outbox.add("renewals.fulfil", renewal.id)


def is_paid_online(renewal: Renewal) -> bool:
    """Tell whether the money came through a payment provider, so that it goes back the same way."""
    return renewal.source.startswith("clearing:")


def payment_of(renewal_id: UUID) -> UUID | None:
    """Give the id of the payment that paid a renewal; None where a wallet did, or nobody had to."""
    return db.session.scalar(select(PayLink.payment_id).where(PayLink.renewal_id == renewal_id))


def send_back(renewal: Renewal, *, reason: str) -> None:
    """Have the whole of a refused renewal's payment given back; the books follow once the provider has done it.

    Raises:
        ValueError: no payment paid it.
    """
    payment_id = payment_of(renewal.id)
    if payment_id is None:
        raise ValueError("only what was paid online goes back through a provider")
    refunding.give_back(
        payment_id,
        Money(renewal.total_minor, renewal.currency),
        reference=f"{renewal.reference}-RETURN",
        reason=reason,
        kind=RETURN,
        subject_id=renewal.id,
        actor=WORKER,
    )


def open_payments(renewal_id: UUID) -> int:
    """Count the payments for a renewal that may still pay it: begun, or held until finance decides."""
    query = select(func.count()).where(
        Payment.subject_id == renewal_id, Payment.state.in_((PaymentState.BEGUN, PaymentState.HELD))
    )
    return db.session.scalar(query) or 0


def _locked(renewal_id: UUID) -> Renewal:
    return db.session.get_one(Renewal, renewal_id, with_for_update=True, populate_existing=True)
