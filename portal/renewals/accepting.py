"""Let a renewal go on that was paid with more than its total: it takes its total, and the rest goes back."""

from uuid import UUID

from portal.core.actor import WORKER, Actor
from portal.core.db import db
from portal.payments import deciding, refunding
from portal.payments.models import Payment, PaymentPurpose, PaymentState
from portal.renewals import paying
from portal.renewals.errors import PaidTooLittle

REST = "renewal_rest"
"""What the refund of the surplus is called among the provider's refunds; the books never held it."""


def accept_held(payment_id: UUID, *, actor: Actor) -> None:
    """Have a renewal delivered for which a held payment brought its total or more; send what is over back.

    Raises:
        NotHeld: somebody decided already, or it was paid for something else.
        PaidTooLittle: less came than the total, or another currency: it can only be given back.
        TooLate: the renewal was paid or cancelled meanwhile, or its card may not be renewed: it can only be given back.
    """
    payment = deciding.held(payment_id, PaymentPurpose.RENEWAL)
    if not covers(payment):
        raise PaidTooLittle
    payment.state = PaymentState.SETTLED
    db.session.flush()  # the books and the row change together
    paying.take(payment)
    _send_rest_back(payment)
    deciding.write_down(payment, "payments.accept", actor)


def covers(payment: Payment) -> bool:
    """Tell whether what came is at least what was asked, in its currency."""
    paid = payment.settled
    return paid is not None and paid.currency == payment.currency and paid >= payment.amount


def _send_rest_back(payment: Payment) -> None:
    rest = (payment.settled or payment.amount) - payment.amount
    if rest:
        refunding.give_back(
            payment.id,
            rest,
            reference=f"{payment.reference}-REST",
            reason="more than was asked",
            kind=REST,
            subject_id=payment.subject_id,
            actor=WORKER,
        )
