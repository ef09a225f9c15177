"""Decide on a payment that settled with another sum than was asked; who sells says what taking it means."""

from uuid import UUID

from portal.audit import log
from portal.core.actor import Actor
from portal.payments import calls, settling
from portal.payments.errors import NotHeld
from portal.payments.models import Payment, PaymentPurpose, PaymentState


def held(payment_id: UUID, purpose: PaymentPurpose | None = None) -> Payment:
    """Give a held payment, locked.

    Raises:
        NotHeld: somebody decided already, or it was paid for another purpose than the one named.
    """
    payment = calls.locked(payment_id)
    if payment.state is not PaymentState.HELD or purpose not in (None, payment.purpose):
        raise NotHeld
    return payment


def give_back(payment_id: UUID, *, actor: Actor) -> None:
    """Give a held payment back to whoever paid it.

    Raises:
        NotHeld: somebody decided already.
    """
    payment = held(payment_id)
    settling.give_back_whole(payment)
    write_down(payment, "payments.refuse", actor)


def write_down(payment: Payment, act: str, actor: Actor) -> None:
    """Record what was decided on a payment that was held."""
    log.record(
        actor=actor,
        act=act,
        subject=("payment", payment.id),
        before={"state": PaymentState.HELD, "asked_minor": payment.amount_minor, "asked_currency": payment.currency},
        after={
            "state": payment.state,
            "settled_minor": payment.settled_minor,
            "settled_currency": payment.settled_currency,
        },
    )
