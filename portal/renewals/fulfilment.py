"""Have a carrier deliver a renewal, once: ask, write down the answer, and never send again what may have arrived.

Between transactions the process may die at any point. The next run starts from what is written: a call that was begun
and never answered is looked up by our reference before anything is sent again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.cards.models import Card
from portal.carriers import registry
from portal.carriers.base import CarrierError, Confirmation, Raw, Refused, Retry, UnknownOutcome
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.actor import WORKER
from portal.core.db import db, in_transaction
from portal.core.errors import PortalError
from portal.core.outbox import TryLater
from portal.ledger import chart, journal
from portal.ledger.chart import AccountRef
from portal.promotions import redeeming
from portal.promotions.models import PromotionBearer
from portal.receipts import issuing
from portal.renewals import bookkeeping, events, paying, receipting
from portal.renewals.models import AttemptAct, CarrierAttempt, Renewal
from portal.renewals.states import RenewalState

LOOK_UP_AGAIN = timedelta(seconds=5)
"""How long to wait between two look-ups of an unknown outcome."""

NOT_REACHED_FOR = timedelta(hours=24)
"""A carrier that no submission has reached for this long is taken to refuse, so that the money is not held for ever."""


class Outcome(StrEnum):
    """How one call to a carrier ended."""

    DELIVERED = "delivered"
    """It confirmed."""
    REFUSED = "refused"
    """It said no."""
    RETRY = "retry"
    """It was not reached; certainly nothing happened."""
    UNKNOWN = "unknown"
    """It may have happened."""
    NOT_FOUND = "not_found"
    """It says that it never received the reference."""


class OtherRenewalConfirmed(PortalError):
    """The carrier's confirmation names another card or plan than was ordered: a person must look. Parts: `number`."""

    code = "other_renewal_confirmed"
    status = 502


@dataclass(frozen=True, slots=True)
class History:
    """What has been exchanged about a renewal: instants in UTC, None for what did not happen."""

    placed_at: datetime
    submitted_at: datetime | None = None
    submitted_with: str | None = None
    """The outcome of the last submission; None while it is not known, as after a crash."""
    not_found_at: datetime | None = None
    """When the carrier last said, after that submission, that it never received it."""


def next_act(history: History, *, settles_within: timedelta, now: datetime) -> AttemptAct | timedelta | None:
    """Decide what to ask a carrier next: submit, look up, wait so long, or None: give the money back.

    A reference is sent again only when it certainly did nothing: the carrier was not reached, or says that it never
    received it after the time in which a late submission could still have arrived.
    """
    if history.submitted_at is None:
        return AttemptAct.SUBMIT
    if history.submitted_with == Outcome.RETRY:
        return None if now - history.placed_at >= NOT_REACHED_FOR else AttemptAct.SUBMIT
    settled_at = history.submitted_at + settles_within
    if history.not_found_at is None:
        return AttemptAct.LOOK_UP
    if history.not_found_at >= settled_at:
        return AttemptAct.SUBMIT
    return AttemptAct.LOOK_UP if now >= settled_at else settled_at - now


@dataclass(frozen=True, slots=True)
class Asking:
    """One call about to be made: its attempt's id and what to ask whom."""

    attempt_id: UUID
    act: AttemptAct
    carrier: str
    reference: str
    iccid: str
    plan_code: str


def fulfil(renewal_id: UUID) -> None:
    """Bring a paid renewal to its end: delivered with a receipt, or refused with the money returned.

    Raises:
        TryLater: the carrier was not reached, or its answer is not known yet.
        OtherRenewalConfirmed: the carrier confirmed something else.
    """
    asking = in_transaction(lambda: _begin(renewal_id))
    if asking is None:
        return
    try:
        confirmation = _ask(asking)
    except CarrierError as error:
        failure = error
        in_transaction(lambda: _record_failure(renewal_id, asking, failure))
        if not isinstance(error, Refused):
            raise TryLater(LOOK_UP_AGAIN, error.reason_code) from error
    else:
        if confirmation is None:
            in_transaction(lambda: _finish_attempt(asking.attempt_id, Outcome.NOT_FOUND, {}))
            raise TryLater(LOOK_UP_AGAIN, "not_found")
        delivered = confirmation
        if not delivered.is_for(iccid=asking.iccid, plan_code=asking.plan_code):
            in_transaction(lambda: _finish_attempt(asking.attempt_id, Outcome.UNKNOWN, delivered.raw))
            raise OtherRenewalConfirmed(number=delivered.number)
        in_transaction(lambda: _record_delivery(renewal_id, asking, delivered))


def _begin(renewal_id: UUID) -> Asking | None:
    renewal = _locked(renewal_id)
    if renewal.state not in (RenewalState.PAID, RenewalState.SUBMITTING, RenewalState.UNKNOWN):
        return None
    carrier = registry.get(renewal.carrier)
    act = next_act(_history(renewal), settles_within=carrier.settles_within, now=clock.now())
    if act is None:
        _give_back(renewal, reason_code="not_reached", message="")
        return None
    if isinstance(act, timedelta):
        raise TryLater(act, "the carrier may still receive it")
    if renewal.state is RenewalState.PAID:
        events.move(renewal, RenewalState.SUBMITTING, actor=WORKER)
    if act is AttemptAct.SUBMIT:
        renewal.submitted_at = clock.now()
    attempt = CarrierAttempt(renewal_id=renewal.id, act=act, started_at=clock.now())
    db.session.add(attempt)
    db.session.flush()  # the intent must be written before the call is made
    card = db.session.get_one(Card, renewal.card_id)
    plan = db.session.get_one(PlanVersion, renewal.plan_version_id)
    return Asking(attempt.id, act, renewal.carrier, renewal.reference, card.iccid, plan.code)


def _ask(asking: Asking) -> Confirmation | None:
    carrier = registry.get(asking.carrier)
    if asking.act is AttemptAct.LOOK_UP:
        return carrier.renewal_by_reference(asking.reference)
    return carrier.submit_renewal(reference=asking.reference, iccid=asking.iccid, plan_code=asking.plan_code)


def _record_delivery(renewal_id: UUID, asking: Asking, confirmation: Confirmation) -> None:
    _finish_attempt(asking.attempt_id, Outcome.DELIVERED, confirmation.raw)
    renewal = _locked(renewal_id)
    if renewal.state is RenewalState.PAID or not renewal.is_under_way:
        return  # another worker has written the end already
    events.move(renewal, RenewalState.DELIVERED, actor=WORKER, facts={"confirmation": confirmation.number})
    renewal.delivered_at = clock.now()
    renewal.carrier_confirmation = confirmation.number
    renewal.before = receipting.snapshot(confirmation.before)
    renewal.after = receipting.snapshot(confirmation.after)
    journal.post(bookkeeping.deliver(account_of(renewal)))
    receipting.renew_card(renewal, confirmation.after)
    issuing.issue(
        renewal_id=renewal.id,
        customer_id=renewal.customer_id,
        agent_id=renewal.agent_id,
        content=receipting.content_of(renewal),
    )
    log.record(
        actor=WORKER,
        act="renewals.deliver",
        subject=("renewal", renewal.id),
        after={"confirmation": confirmation.number, "carrier": renewal.carrier},
    )


def _record_failure(renewal_id: UUID, asking: Asking, error: CarrierError) -> None:
    _finish_attempt(
        asking.attempt_id,
        Outcome(error.outcome.value),
        {**error.raw, "reason_code": error.reason_code, "message": error.message},
    )
    renewal = _locked(renewal_id)
    if isinstance(error, Refused) and renewal.state in (RenewalState.SUBMITTING, RenewalState.UNKNOWN):
        _give_back(renewal, reason_code=error.reason_code, message=error.message)
    elif isinstance(error, UnknownOutcome) and renewal.state is RenewalState.SUBMITTING:
        events.move(renewal, RenewalState.UNKNOWN, actor=WORKER, facts={"reason_code": error.reason_code})
    elif not isinstance(error, Refused | Retry | UnknownOutcome):
        raise error


def _give_back(renewal: Renewal, *, reason_code: str, message: str) -> None:
    events.move(renewal, RenewalState.REFUSED, actor=WORKER, facts={"reason_code": reason_code})
    renewal.refusal_code = reason_code[:60]
    renewal.refusal_text = message[:500]
    if renewal.promotion_id is not None:
        redeeming.give_back(renewal.id)
    if paying.is_paid_online(renewal):
        # Escrow holds it until the provider has given it back, see `returning`.
        paying.send_back(renewal, reason=reason_code)
        return
    journal.post(bookkeeping.give_back(account_of(renewal)))
    events.move(renewal, RenewalState.RETURNED, actor=WORKER)
    log.record(
        actor=WORKER,
        act="renewals.return",
        subject=("renewal", renewal.id),
        after={"reason_code": reason_code, "total_minor": renewal.total_minor, "currency": renewal.currency},
    )
    db.session.flush()  # state and money change together or not at all


def _finish_attempt(attempt_id: UUID, outcome: Outcome, answer: Raw) -> None:
    attempt = db.session.get_one(CarrierAttempt, attempt_id)
    attempt.ended_at = clock.now()
    attempt.outcome = outcome.value
    attempt.answer = answer


def _history(renewal: Renewal) -> History:
    attempts = db.session.scalars(
        select(CarrierAttempt).where(CarrierAttempt.renewal_id == renewal.id).order_by(CarrierAttempt.started_at)
    ).all()
    submissions = [attempt for attempt in attempts if attempt.act is AttemptAct.SUBMIT]
    if not submissions:
        return History(placed_at=renewal.placed_at)
    last = submissions[-1]
    answers = [
        attempt.ended_at
        for attempt in attempts
        if attempt.outcome == Outcome.NOT_FOUND and attempt.ended_at and attempt.ended_at > last.started_at
    ]
    return History(
        placed_at=renewal.placed_at,
        submitted_at=last.started_at,
        submitted_with=last.outcome,
        not_found_at=answers[-1] if answers else None,
    )


def _locked(renewal_id: UUID) -> Renewal:
    return db.session.get_one(Renewal, renewal_id, with_for_update=True, populate_existing=True)


def account_of(renewal: Renewal) -> bookkeeping.Account:
    """Give what the books need to know of a renewal."""
    return bookkeeping.Account(
        renewal_id=renewal.id,
        currency=renewal.currency,
        source=source_of(renewal),
        commission=chart.commission_earned(renewal.agent_id),
        carrier=chart.carrier_payable(renewal.carrier),
        discount_minor=renewal.discount_minor,
        base_minor=renewal.base_minor,
        tax_minor=renewal.tax_minor,
        fee_minor=renewal.fee_minor,
        share_minor=renewal.share_minor,
        total_minor=renewal.total_minor,
        cost_minor=renewal.cost_minor,
        parent=chart.commission_earned(renewal.parent_agent_id) if renewal.parent_agent_id else None,
        override_minor=renewal.override_minor,
        discount_from=chart.commission_earned(renewal.agent_id)
        if renewal.promotion_bearer is PromotionBearer.AGENT
        else chart.PROMOTIONS,
    )


def source_of(renewal: Renewal) -> AccountRef:
    """Name the account that the money came from."""
    if renewal.source == "agent_wallet":
        return chart.agent_wallet(renewal.agent_id)
    kind, _, provider = renewal.source.partition(":")
    return AccountRef(kind, provider or None)
