"""Charge a saved card or account while its owner is away."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from portal.core import settings
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments import beginning, calls, registry, saving, settling
from portal.payments.beginning import Wanted
from portal.payments.errors import CannotCharge, MethodGone
from portal.payments.models import Payment, PaymentAct, PaymentPurpose
from portal.payments.providers import base
from portal.payments.providers.base import Declined, Provider, Retry, Surface, UnknownOutcome

LASTS = timedelta(hours=1)
"""A charge whose answer was lost is asked about for so long before it is taken not to have happened."""


def charge(  # noqa: PLR0913 - a payment has so many facts, all named
    saved_method_id: UUID,
    *,
    purpose: PaymentPurpose,
    subject_id: UUID,
    agent_id: UUID,
    amount: Money,
    description: str,
    language: str,
    actor: Actor,
    idempotency_key: str,
    customer_id: UUID | None = None,
) -> Payment:
    """Charge a saved card or account once a key, and give the payment as it stands; no transaction around it.

    It is settled, declined, held, or still begun where the answer was lost: then it is asked about until it is known.
    A key that was used before charges nothing and gives that payment.

    Raises:
        MethodGone: the card or account is kept no more, or is another's.
        CannotCharge: its provider charges nobody who is away.
        OtherPaymentBegun: the key stands for something else.
    """
    payment, is_new, provider, saved = in_transaction(
        lambda: _intend(
            saved_method_id,
            purpose=purpose,
            subject_id=subject_id,
            agent_id=agent_id,
            customer_id=customer_id,
            amount=amount,
            description=description,
            language=language,
            actor=actor,
            idempotency_key=idempotency_key,
        )
    )
    if not is_new:
        return payment
    try:
        standing = provider.charge(saved, beginning.asking_of(payment))
    except (Declined, Retry) as error:  # either way nothing was charged, for certain
        refusal = error
        return in_transaction(lambda: calls.record_refusal(payment.id, PaymentAct.CHARGE, refusal))
    except UnknownOutcome as error:
        lost = error
        return in_transaction(lambda: _record_lost(payment.id, lost))
    return in_transaction(lambda: settling.record(payment.id, PaymentAct.CHARGE, standing))


def was_not_reached(payment: Payment) -> bool:
    """Tell of a declined charge that no bank said no: its provider was not reached, or took no calls."""
    code = payment.decline_code or ""
    return code == "not_reached" or code.startswith("http_")


def _intend(
    saved_method_id: UUID, *, agent_id: UUID, customer_id: UUID | None, **facts: Any
) -> tuple[Payment, bool, Provider, base.SavedMethod]:
    kept = saving.standing(saved_method_id)
    if (kept.agent_id or customer_id) != (agent_id if kept.agent_id else kept.customer_id):
        raise MethodGone
    provider = registry.get(kept.provider)
    if not provider.can_charge_saved:
        raise CannotCharge
    wanted = Wanted(
        agent_id=agent_id,
        customer_id=customer_id,
        method=kept.method,
        surface=Surface.PAGE,
        saved_method_id=kept.id,
        return_url=settings.current().address,
        cancel_url=settings.current().address,
        **facts,
    )
    payment, is_new = beginning.intend(wanted, provider=kept.provider, lasts=LASTS)
    return payment, is_new, provider, saving.secret_of(kept)


def _record_lost(payment_id: UUID, lost: UnknownOutcome) -> Payment:
    payment = calls.locked(payment_id)
    calls.record(payment_id, PaymentAct.CHARGE, lost.reason_code, lost.raw)
    payment.provider_id = payment.provider_id or lost.provider_id
    db.session.flush()
    return payment
