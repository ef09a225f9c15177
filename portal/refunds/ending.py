"""What follows when a payment provider gave the money of a refund back, or will not."""

from uuid import UUID

from portal.audit import log
from portal.core.actor import WORKER, Actor
from portal.core.db import db
from portal.payments import purposes
from portal.payments import refunding as provider_refunds
from portal.payments.models import ProviderRefund, ProviderRefundState
from portal.refunds import paying_back, refunding
from portal.refunds.errors import RefundDecided
from portal.refunds.models import Refund, RefundDestination, RefundState
from portal.renewals.models import Renewal


@purposes.refunded(paying_back.KIND)
def ended(asked: ProviderRefund) -> None:
    """Book a refund whose money went back, or show it as failed; whatever was told before changes nothing."""
    if asked.subject_id is None:
        raise LookupError(f"provider refund {asked.id} names no refund")
    renewal, refund = refunding.locked(asked.subject_id)
    is_wanted = refund.state is RefundState.PAYING_BACK
    # Money that went back after all counts, even when it was shown as failed meanwhile.
    if asked.state is ProviderRefundState.SUCCEEDED and (is_wanted or refund.state is RefundState.FAILED):
        refunding.finish(renewal, refund)
    elif asked.state is ProviderRefundState.FAILED and is_wanted:
        refund.state, refund.failure_code = RefundState.FAILED, asked.failure_code
        log.record(
            actor=WORKER, act="refunds.fail", subject=("refund", refund.id), after={"reason_code": asked.failure_code}
        )
        db.session.flush()  # the record and the state stand together or not at all


def try_again(refund_id: UUID, *, actor: Actor) -> Refund:
    """Have the provider asked again for a refund that it would not give back.

    Raises:
        RefundDecided: the refund is not failed.
    """
    _, refund, asked = _failed(refund_id)
    refund.state, refund.failure_code = RefundState.PAYING_BACK, None
    log.record(actor=actor, act="refunds.try_again", subject=("refund", refund.id))
    provider_refunds.try_again(asked.id, actor=actor)
    return refund


def into_wallet(refund_id: UUID, *, actor: Actor) -> Refund:
    """Pay a refund that the provider will not give back into the agent's wallet instead.

    Raises:
        RefundDecided: the refund is not failed.
    """
    renewal, refund, asked = _failed(refund_id)
    provider_refunds.replace(asked.id)
    refund.destination = RefundDestination.WALLET
    log.record(actor=actor, act="refunds.into_wallet", subject=("refund", refund.id))
    refunding.finish(renewal, refund)
    return refund


def _failed(refund_id: UUID) -> tuple[Renewal, Refund, ProviderRefund]:
    renewal, refund = refunding.locked(refund_id)
    asked = paying_back.asked_of(refund_id)
    # Somebody may have had it tried again on the payment's page: then it is on its way.
    if refund.state is not RefundState.FAILED or asked is None or asked.state is not ProviderRefundState.FAILED:
        raise RefundDecided(state=refund.state.value)
    return renewal, refund, asked
