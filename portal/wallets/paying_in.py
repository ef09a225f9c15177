"""Fill a wallet through a payment provider: begin it, credit it once it is settled."""

from uuid import UUID

from portal.core import clock, ids, settings
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.payments import beginning, deciding
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentPurpose, PaymentState
from portal.wallets import bounds
from portal.wallets.models import TopUp


def begin(
    *,
    agent_id: UUID,
    amount: Money,
    choice: Choice,
    description: str,
    actor: Actor,
    idempotency_key: str,
    save: bool = False,
) -> Payment:
    """Ask an agent for money through a provider; the wallet is credited once the provider has it.

    No transaction around it.

    Raises:
        InvalidInput: the amount is not positive, or more than one top-up may be.
        MethodNotOffered, OtherPaymentBegun, PaymentNotBegun, ProviderUnavailable: see `payments.beginning.begin`.
    """
    bounds.check_top_up(amount)
    page = f"{settings.current().address}/agent/wallet/top-ups/{{payment}}"
    return beginning.begin(
        purpose=PaymentPurpose.TOP_UP,
        subject_id=ids.new_id(),
        agent_id=agent_id,
        customer_id=None,
        amount=amount,
        choice=choice,
        description=description,
        return_url=page,
        cancel_url=page,
        actor=actor,
        idempotency_key=idempotency_key,
        save=save,
    )


def credit(payment: Payment) -> None:
    """Credit the wallet with what was settled, in the transaction that settles it; late ones are honoured."""
    paid = payment.settled
    if paid is None:
        raise ValueError(f"{payment.reference} was not paid")
    db.session.add(
        TopUp(
            id=payment.subject_id,
            reference=payment.reference,
            agent_id=payment.agent_id,
            currency=paid.currency,
            amount_minor=paid.minor,
            payment_id=payment.id,
            received_on=clock.today(settings.current().time_zone),
        )
    )
    journal.post(
        EntryDraft(
            key=f"top_up:{payment.subject_id}",
            kind="top_up",
            subject_kind="top_up",
            subject_id=payment.subject_id,
            currency=paid.currency,
            lines=(Line(chart.clearing(payment.provider), chart.agent_wallet(payment.agent_id), paid.minor),),
        )
    )


def accept_held(payment_id: UUID, *, actor: Actor) -> TopUp:
    """Credit the agent's wallet with what was really paid of a held top-up, whatever was asked.

    Raises:
        NotHeld: somebody decided already, or it was paid for a renewal: a customer's money is not the agent's.
    """
    payment = deciding.held(payment_id, PaymentPurpose.TOP_UP)
    payment.state = PaymentState.SETTLED
    db.session.flush()  # the books and the row change together
    credit(payment)
    deciding.write_down(payment, "payments.accept", actor)
    return db.session.get_one(TopUp, payment.subject_id)
