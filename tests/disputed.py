"""Have a payer dispute a renewal that the wallet paid, as if Stripe had been paid for it."""

from uuid import UUID

from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.payments.models import Payment, PaymentPurpose, PaymentState
from portal.payments.providers.base import DisputeStanding, DisputeState, Method, Surface
from portal.refunds import disputing
from portal.refunds.models import Dispute
from portal.renewals.models import Renewal
from tests import make


def disputed(renewal_id: UUID, state: DisputeState = DisputeState.OPEN) -> Dispute:
    """Have the payer of a renewal dispute it, or its provider decide: Stripe's payment stands beside the renewal."""
    renewal = db.session.get_one(Renewal, renewal_id)

    def told() -> Dispute:
        payment = db.session.scalar(select(Payment).where(Payment.subject_id == renewal_id))
        if payment is None:
            payment = _payment(renewal)
        standing = DisputeStanding(
            state=state,
            provider_id=f"dp_{renewal.reference}",
            payment_id=payment.provider_id or "",
            amount=renewal.total,
            fee=None,
            reason="fraudulent",
            answer_before=None,
            raw={},
        )
        return disputing.take_down("stripe", standing)

    return in_transaction(told)


def _payment(renewal: Renewal) -> Payment:
    payment = Payment(
        reference=f"P-{renewal.reference[2:]}",
        purpose=PaymentPurpose.RENEWAL,
        subject_id=renewal.id,
        agent_id=renewal.agent_id,
        method=Method.CARD,
        surface=Surface.PAGE,
        provider="stripe",
        provider_id=f"pi_{renewal.reference}",
        currency=renewal.currency,
        amount_minor=renewal.total_minor,
        settled_currency=renewal.currency,
        settled_minor=renewal.total_minor,
        state=PaymentState.SETTLED,
        description="Renewal",
        language="en",
        return_url="/",
        cancel_url="/",
        expires_at=clock.now(),
        settled_at=clock.now(),
        idempotency_key=str(make.key()),
        request_digest=b"",
        **make.actor().columns,
    )
    db.session.add(payment)
    db.session.flush()
    return payment
