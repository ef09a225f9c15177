"""End a renewal that nobody paid: by the agent who ordered it, or when its link has run out."""

from datetime import timedelta
from uuid import UUID

from portal.audit import log
from portal.core import clock
from portal.core.actor import WORKER, Actor
from portal.core.db import db
from portal.core.outbox import TryLater
from portal.promotions import redeeming
from portal.renewals import events, paying
from portal.renewals.models import PayLink, Renewal
from portal.renewals.states import RenewalState

LOOK_AGAIN = timedelta(minutes=1)
"""How long to wait for a payment that was begun in time and is neither ended nor decided on yet."""


def cancel(renewal_id: UUID, *, actor: Actor) -> None:
    """Cancel a renewal that waits; a payment that arrives all the same goes back to its payer.

    Raises:
        StateRefused: it was paid or cancelled already.
    """
    _cancel(_locked(renewal_id), actor=actor, reason="called_off")


def expire(renewal_id: UUID) -> None:
    """Cancel a renewal whose link has run out, once no payment that was begun in time can settle any more.

    Raises:
        TryLater: the link still holds, or a payment is on its way.
    """
    renewal = _locked(renewal_id)
    if renewal.state is not RenewalState.AWAITING_PAYMENT:
        return
    left = db.session.get_one(PayLink, renewal_id).expires_at - clock.now()
    if left > timedelta(0):
        raise TryLater(left, "the link still holds")
    if paying.open_payments(renewal_id):
        raise TryLater(LOOK_AGAIN, "a payment was begun in time")
    _cancel(renewal, actor=WORKER, reason="expired")


def _cancel(renewal: Renewal, *, actor: Actor, reason: str) -> None:
    events.move(renewal, RenewalState.CANCELLED, actor=actor, facts={"reason": reason})
    redeeming.give_back(renewal.id)
    log.record(
        actor=actor,
        act="renewals.cancel",
        subject=("renewal", renewal.id),
        after={"reference": renewal.reference, "reason": reason},
    )
    db.session.flush()  # the state must stand before the transaction ends


def _locked(renewal_id: UUID) -> Renewal:
    return db.session.get_one(Renewal, renewal_id, with_for_update=True, populate_existing=True)
