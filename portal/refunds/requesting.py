"""Ask for a refund of a delivered renewal, and agree to it or not; a second person does above the limit."""

from uuid import UUID

from portal.audit import log
from portal.core import clock, ids, settings, uniqueness
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.money import Money, exponent
from portal.refunds import queries, refunding
from portal.refunds.errors import MoreThanLeft, NotRefundable, OwnRefund, RefundDecided, RefundUnderWay
from portal.refunds.models import Refund, RefundDestination, RefundReason, RefundState
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState

REFUNDABLE = frozenset({RenewalState.DELIVERED, RenewalState.PARTLY_REFUNDED})

LONGEST_REASON = 300
"""Signs of a reason why somebody does not agree."""


def request(
    *,
    renewal_id: UUID,
    amount: Money,
    reason: RefundReason,
    note: str,
    destination: RefundDestination,
    actor: Actor,
) -> Refund:
    """Ask for a sum of a renewal to be paid back; up to the limit it is carried out at once, else it waits.

    Raises:
        NotRefundable: the renewal is not delivered, or all of it was paid back already.
        RefundUnderWay: another refund of it is not finished.
        MoreThanLeft: more than is left of what was paid.
        InvalidInput: the amount is not positive or of another currency.
    """
    renewal = refunding.locked_renewal(renewal_id)
    _check(renewal, amount)
    refund = Refund(
        reference=ids.reference("F"),
        renewal_id=renewal.id,
        agent_id=renewal.agent_id,
        state=RefundState.AWAITING_APPROVAL,
        currency=amount.currency,
        amount_minor=amount.minor,
        reason=reason,
        note=note,
        destination=destination,
        requested_by=actor.id,
        requested_by_name=actor.name[:200],
    )
    db.session.add(refund)
    # A second refund of the renewal must be refused before anything is begun.
    uniqueness.flush("uq_refunds_open", "uq_refunds_reference")
    log.record(
        actor=actor,
        act="refunds.request",
        subject=("refund", refund.id),
        after={
            "reference": renewal.reference,
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "reason": reason.value,
        },
    )
    if not needs_approval(amount):
        refunding.begin(renewal, refund, actor=actor)
    return refund


def may_be_asked_for(renewal: Renewal) -> bool:
    """Tell whether something of a renewal can be refunded now."""
    is_refundable = renewal.state in REFUNDABLE and bool(queries.refundable(renewal))
    return is_refundable and queries.open_of(renewal.id) is None


def needs_approval(amount: Money) -> bool:
    """Tell whether a second person has to agree."""
    return amount > limit(amount.currency)


def limit(currency: str) -> Money:
    """Give the largest refund that one person asks for alone: the setting, in whole units of the currency."""
    return Money(settings.current().refund_approval_above * 10 ** exponent(currency), currency)


def approve(refund_id: UUID, *, actor: Actor) -> Refund:
    """Agree to a refund that somebody else asked for; it is carried out then.

    Raises:
        OwnRefund: the actor asked for it.
        RefundDecided: somebody decided already.
        MoreThanLeft: less is left than when it was asked for.
    """
    renewal, refund = _to_decide(refund_id, actor)
    left = queries.refundable(renewal)
    if refund.amount > left:
        raise MoreThanLeft(field="amount", left=left)
    _decide(refund, actor)
    log.record(actor=actor, act="refunds.approve", subject=("refund", refund.id))
    refunding.begin(renewal, refund, actor=actor)
    return refund


def decline(refund_id: UUID, *, why: str, actor: Actor) -> Refund:
    """Do not agree to a refund that somebody else asked for, and say why; nothing moves.

    Raises:
        OwnRefund: the actor asked for it.
        RefundDecided: somebody decided already.
        InvalidInput: no reason is given, or one of more than 300 signs.
    """
    why = why.strip()
    if not why:
        raise InvalidInput(field="why", reason="missing")
    if len(why) > LONGEST_REASON:
        raise InvalidInput(field="why", reason="too_long", length=LONGEST_REASON)
    _, refund = _to_decide(refund_id, actor)
    _decide(refund, actor)
    refund.state, refund.refusal = RefundState.DECLINED, why
    log.record(actor=actor, act="refunds.decline", subject=("refund", refund.id), after={"why": why})
    db.session.flush()  # the record and the state stand together or not at all
    return refund


def withdraw(refund_id: UUID, *, actor: Actor) -> Refund:
    """Take back a request for a refund that nobody has agreed to yet.

    Raises:
        RefundDecided: somebody decided already.
    """
    _, refund = refunding.locked(refund_id)
    if refund.state is not RefundState.AWAITING_APPROVAL:
        raise RefundDecided(state=refund.state.value)
    refund.state = RefundState.DECLINED
    log.record(actor=actor, act="refunds.withdraw", subject=("refund", refund.id))
    db.session.flush()  # the record and the state stand together or not at all
    return refund


def _check(renewal: Renewal, amount: Money) -> None:
    if amount.currency != renewal.currency:
        raise InvalidInput(field="amount", reason="currency_unknown")
    if amount.minor <= 0:
        raise InvalidInput(field="amount", reason="amount_zero")
    standing = queries.open_of(renewal.id)
    if standing is not None:
        raise RefundUnderWay(reference=standing.reference)
    left = queries.refundable(renewal)
    if renewal.state not in REFUNDABLE:
        raise NotRefundable(state=renewal.state.value)
    if amount > left:
        raise MoreThanLeft(field="amount", left=left)


def _to_decide(refund_id: UUID, actor: Actor) -> tuple[Renewal, Refund]:
    renewal, refund = refunding.locked(refund_id)
    if refund.state is not RefundState.AWAITING_APPROVAL:
        raise RefundDecided(state=refund.state.value)
    if refund.requested_by == actor.id:
        raise OwnRefund
    return renewal, refund


def _decide(refund: Refund, actor: Actor) -> None:
    refund.decided_by, refund.decided_by_name, refund.decided_at = actor.id, actor.name[:200], clock.now()
