"""Close the books of a refused renewal once its payment is back with the payer."""

from collections.abc import Mapping
from uuid import UUID

from portal.audit import log
from portal.core.actor import WORKER, Actor
from portal.core.db import db, existing
from portal.core.errors import Conflict
from portal.ledger import journal
from portal.payments import purposes
from portal.payments import refunding as provider_refunds
from portal.payments.models import ProviderRefund, ProviderRefundState
from portal.renewals import bookkeeping, bouncing, events, fulfilment, paying
from portal.renewals.models import BounceEnd, Renewal
from portal.renewals.states import RenewalState


@purposes.refunded(paying.RETURN)
def close(refund: ProviderRefund) -> None:
    """Post the return of a renewal whose refund succeeded; one that failed stays refused, and finance sees it.

    What came back after it had succeeded is held in escrow again until it has succeeded again.
    """
    if refund.subject_id is None:
        return
    renewal = db.session.get_one(Renewal, refund.subject_id, with_for_update=True, populate_existing=True)
    has_succeeded = refund.state is ProviderRefundState.SUCCEEDED
    if renewal.state is RenewalState.REFUSED and has_succeeded:
        book(renewal, facts={"refund": refund.reference})
    elif renewal.state is RenewalState.RETURNED and has_succeeded:
        if bouncing.end(renewal, refund, BounceEnd.PAYER):
            log.record(actor=WORKER, act="renewals.give_again", subject=("renewal", renewal.id))
    elif renewal.state is RenewalState.RETURNED and bouncing.come_back(renewal, refund):
        after = {"refund": refund.reference, "reason_code": refund.failure_code}
        log.record(actor=WORKER, act="renewals.bounce", subject=("renewal", renewal.id), after=after)


def into_wallet(refund_id: UUID, *, actor: Actor) -> None:
    """Pay what was returned and came back into the agent's wallet instead.

    Raises:
        Conflict: nothing came back, or it is being tried again or given another way already.
        NotFound: there is no such refund.
    """
    refund = existing(db.session.get(ProviderRefund, refund_id))
    if refund.kind != paying.RETURN or refund.subject_id is None:
        raise Conflict
    renewal = db.session.get_one(Renewal, refund.subject_id, with_for_update=True, populate_existing=True)
    refund = provider_refunds.locked(refund.id)
    if refund.state is not ProviderRefundState.FAILED or bouncing.open_of(refund.id) is None:
        raise Conflict
    provider_refunds.replace(refund.id)
    bouncing.end(renewal, refund, BounceEnd.WALLET)
    log.record(actor=actor, act="renewals.into_wallet", subject=("renewal", renewal.id))


def book(renewal: Renewal, *, facts: Mapping[str, str]) -> None:
    """Post the return of a refused renewal, which is locked: the payer has the money. `facts` say how it came back."""
    journal.post(bookkeeping.give_back(fulfilment.account_of(renewal)))
    events.move(renewal, RenewalState.RETURNED, actor=WORKER, facts=facts)
    log.record(
        actor=WORKER,
        act="renewals.return",
        subject=("renewal", renewal.id),
        after={**facts, "total_minor": renewal.total_minor, "currency": renewal.currency},
    )
    db.session.flush()  # state and money change together or not at all
