"""What follows when a payment provider gave the money of a refund back, or will not, or has it again."""

from uuid import UUID

from portal.audit import log
from portal.core.actor import WORKER, Actor
from portal.core.db import db
from portal.payments import purposes
from portal.payments import refunding as provider_refunds
from portal.payments.models import ProviderRefund, ProviderRefundState
from portal.refunds import paying_back, refunding, requesting
from portal.refunds.errors import OwnRefund, RefundDecided
from portal.refunds.models import Refund, RefundDestination, RefundState
from portal.renewals import bouncing
from portal.renewals.models import BounceEnd, Renewal


@purposes.refunded(paying_back.KIND)
def ended(asked: ProviderRefund) -> None:
    """Book a refund whose money went back, or came back, or show it as failed; what was told before changes nothing."""
    if asked.subject_id is None:
        raise LookupError(f"provider refund {asked.id} names no refund")
    renewal, refund = refunding.locked(asked.subject_id)
    if asked.state is ProviderRefundState.SUCCEEDED:
        _succeed(renewal, refund, asked)
    elif asked.state is ProviderRefundState.FAILED:
        _fail(renewal, refund, asked)


def _succeed(renewal: Renewal, refund: Refund, asked: ProviderRefund) -> None:
    # Money that went back after all counts, even when it was shown as failed meanwhile.
    if refund.state in (RefundState.PAYING_BACK, RefundState.FAILED):
        refunding.finish(renewal, refund)
    elif refund.state is RefundState.CAME_BACK:
        _give_again(renewal, refund, asked, BounceEnd.PAYER)
        log.record(actor=WORKER, act="refunds.give_again", subject=("refund", refund.id))


def _fail(renewal: Renewal, refund: Refund, asked: ProviderRefund) -> None:
    if refund.state is RefundState.PAYING_BACK:
        act, refund.state = "refunds.fail", RefundState.FAILED
    elif refund.state is RefundState.DONE:
        act, refund.state = "refunds.bounce", RefundState.CAME_BACK
        bouncing.come_back(renewal, asked)
    elif refund.state is RefundState.CAME_BACK:
        act = "refunds.fail"
    else:
        return
    refund.failure_code = asked.failure_code
    log.record(actor=WORKER, act=act, subject=("refund", refund.id), after={"reason_code": asked.failure_code})
    db.session.flush()  # the record and the state stand together or not at all


def _give_again(renewal: Renewal, refund: Refund, asked: ProviderRefund, how: BounceEnd) -> None:
    bouncing.end(renewal, asked, how)
    refund.state, refund.failure_code = RefundState.DONE, None


def try_again(refund_id: UUID, *, actor: Actor) -> Refund:
    """Have the provider asked again for a refund that it would not give back, or that came back.

    One that came back stays so until the provider says that it went again.

    Raises:
        RefundDecided: the refund is neither, or is being tried again already.
    """
    _, refund, asked = _failed(refund_id)
    if refund.state is RefundState.FAILED:
        refund.state, refund.failure_code = RefundState.PAYING_BACK, None
    log.record(actor=actor, act="refunds.try_again", subject=("refund", refund.id))
    provider_refunds.try_again(asked.id, actor=actor)
    return refund


def into_wallet(refund_id: UUID, *, actor: Actor) -> Refund:
    """Pay a refund that the provider will not give back, or that came back, into the agent's wallet instead.

    Above the limit somebody else than who asked for it does: two people agreed that its payer gets it.

    Raises:
        OwnRefund: the actor asked for it, and it is above the limit.
        RefundDecided: the refund is neither, or is being tried again already.
    """
    renewal, refund, asked = _failed(refund_id)
    if requesting.needs_approval(refund.amount) and refund.requested_by == actor.id:
        raise OwnRefund
    provider_refunds.replace(asked.id)
    log.record(actor=actor, act="refunds.into_wallet", subject=("refund", refund.id))
    if refund.state is RefundState.CAME_BACK:
        # Booked as it went to the payer, and so does its credit note say: the bounce tells where it is now.
        _give_again(renewal, refund, asked, BounceEnd.WALLET)
    else:
        refund.destination = RefundDestination.WALLET
        refunding.finish(renewal, refund)
    return refund


def take_by_dispute(renewal: Renewal, *, payment_id: UUID, disputed_minor: int) -> int:
    """Count what had come back of a payment as taken by a dispute that was lost; give how much, in minor units.

    It is never given again. The renewal and the payment are locked. What is more than was disputed is left alone.
    """
    taken_minor = 0
    for bounce in bouncing.of_renewal(renewal.id):
        is_covered = taken_minor + bounce.amount_minor <= disputed_minor
        if bounce.is_open and bounce.payment_id == payment_id and is_covered:
            asked = db.session.get_one(ProviderRefund, bounce.provider_refund_id)
            provider_refunds.replace(asked.id)
            bouncing.end(renewal, asked, BounceEnd.DISPUTE)
            if asked.kind == paying_back.KIND and asked.subject_id is not None:
                refund = db.session.get_one(Refund, asked.subject_id, with_for_update=True, populate_existing=True)
                refund.state, refund.failure_code = RefundState.DONE, None
            taken_minor += bounce.amount_minor
    return taken_minor


def _failed(refund_id: UUID) -> tuple[Renewal, Refund, ProviderRefund]:
    renewal, refund = refunding.locked(refund_id)
    found = paying_back.asked_of(refund_id)
    asked = provider_refunds.locked(found.id) if found else None
    # Somebody may have had it tried again on the payment's page: then it is on its way.
    if not refund.is_to_be_given_again or asked is None or asked.state is not ProviderRefundState.FAILED:
        raise RefundDecided(state=refund.state.value)
    return renewal, refund, asked
