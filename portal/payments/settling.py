"""Ask a provider what became of a payment, and move it forward by that alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core import clock, due, outbox
from portal.core.actor import WORKER
from portal.core.db import db, in_transaction
from portal.payments import arriving, calls, purposes, refunding, registry, saving, schedule, telling
from portal.payments.errors import TooLate
from portal.payments.models import Payment, PaymentAct, PaymentPurpose, PaymentState
from portal.payments.providers import base
from portal.payments.providers.base import Provider, Retry, Standing

MAY_STILL_BE_PAID = frozenset({PaymentState.BEGUN, PaymentState.EXPIRED, PaymentState.DECLINED})
"""States that a settled standing moves: what came late is honoured or returned, never lost."""

NOT_SO_SOON = timedelta(seconds=3)
"""A payer who looks at the page has the provider asked at most this often."""


class Askable(Protocol):
    """What must be known of a payment to ask about it: its row, or the few columns of it that a query gave."""

    id: UUID
    purpose: PaymentPurpose
    provider: str
    reference: str
    provider_id: str | None
    state: PaymentState
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A payment to be asked about."""

    payment_id: UUID
    purpose: PaymentPurpose
    reference: str
    provider_id: str | None
    is_to_be_closed: bool
    provider: Provider


def ask(payment_id: UUID) -> None:
    """Ask the provider what became of a payment and record it; at its expiry, close it first. No transaction around it.

    Raises:
        Retry: the provider could not be asked.
    """
    question = in_transaction(lambda: question_about(db.session.get(Payment, payment_id, populate_existing=True)))
    if question is not None:
        put(question)


def put(question: Question, *, notice_id: UUID | None = None) -> None:
    """Ask the provider and record the answer; no transaction around it.

    The webhook that made us ask, if one did, is marked as handled with it.

    Raises:
        Retry: the provider could not be asked.
    """
    payment_id = question.payment_id
    act = PaymentAct.CLOSE if question.is_to_be_closed else PaymentAct.ASK
    asking = question.provider.close if question.is_to_be_closed else question.provider.standing
    try:
        standing = asking(reference=question.reference, provider_id=question.provider_id)
    except Retry as error:
        failure = error
        in_transaction(lambda: calls.record(payment_id, act, failure.reason_code, failure.raw))
        raise
    in_transaction(lambda: _settle_or_record(question, act, standing, notice_id))


def record(payment_id: UUID, act: PaymentAct, standing: Standing | None) -> Payment:
    """Move a payment by what its provider says; the same twice, or late, changes nothing."""
    payment = calls.locked(payment_id)
    calls.record(payment_id, act, standing.state if standing else "unknown_there", standing.raw if standing else {})
    if payment.state not in MAY_STILL_BE_PAID:
        return payment
    now = clock.now()
    if standing is None:
        _nobody_came(payment, now=now)
    else:
        _move(payment, standing, now=now)
    db.session.flush()  # what follows in this transaction reads the row
    return payment


def hurry(payment_id: UUID) -> None:
    """Have a payment asked about now, for a payer who looks at its page; at most every three seconds."""
    now = clock.now()
    payment = db.session.scalar(
        select(Payment)
        .where(Payment.id == payment_id, Payment.state == PaymentState.BEGUN, Payment.ask_at.is_not(None))
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    # `ask_at` is always at least FIRST_ASK ahead of the last question, until it is hurried.
    if payment is None or payment.ask_at is None or payment.ask_at - now < NOT_SO_SOON:
        return
    payment.ask_at = now + NOT_SO_SOON
    db.session.flush()
    outbox.add("payments.ask", payment.id)


def sweep() -> None:
    """Have everything asked about that is due, and tell when it is due next."""
    now = clock.now()
    payments = due.take(Payment, Payment.ask_at, now=now)
    for payment in payments:
        payment.asks += 1
        payment.ask_at = schedule.next_ask(asks=payment.asks, expires_at=payment.expires_at, now=now)
        if payment.ask_at is None and payment.is_open:
            payment.ask_at = now + schedule.LONGEST
    outbox.add_each("payments.ask", [payment.id for payment in payments])
    db.session.flush()


def question_about(payment: Askable | None) -> Question | None:
    """Say what is to be asked about a payment, as read in this transaction; None when it can change no more."""
    if payment is None or payment.state not in MAY_STILL_BE_PAID:
        return None
    return Question(
        payment.id,
        PaymentPurpose(payment.purpose),
        payment.reference,
        payment.provider_id,
        is_to_be_closed=payment.state == PaymentState.BEGUN and clock.now() >= payment.expires_at,
        provider=registry.get(payment.provider),
    )


def _settle_or_record(question: Question, act: PaymentAct, standing: Standing | None, notice_id: UUID | None) -> None:
    if arriving.settle(question.payment_id, question.purpose, act=act, standing=standing, notice_id=notice_id):
        return
    record(question.payment_id, act, standing)
    if notice_id is not None:
        calls.mark_handled(notice_id)


def _nobody_came(payment: Payment, *, now: datetime) -> None:
    if payment.is_open and now >= payment.expires_at:
        calls.close(payment, PaymentState.EXPIRED)
        # Where the payer never came the provider closed nothing, and could still be paid for a moment.
        payment.ask_at = schedule.next_ask(asks=payment.asks, expires_at=payment.expires_at, now=now)


def _move(payment: Payment, standing: Standing, *, now: datetime) -> None:
    payment.provider_id = payment.provider_id or standing.provider_id
    payment.decline_code = (standing.decline_code or payment.decline_code or "")[:120] or None
    match standing.state:
        case base.PaymentState.SETTLED:
            _settle(payment, standing, now=now)
        case base.PaymentState.DECLINED if payment.is_open:
            calls.close(payment, PaymentState.DECLINED)
        case base.PaymentState.EXPIRED if payment.is_open:
            calls.close(payment, PaymentState.EXPIRED)
        case _:
            return  # still open there, or closed here already


def _settle(payment: Payment, standing: Standing, *, now: datetime) -> None:
    paid = standing.amount
    if paid is None or paid.minor <= 0:
        raise ValueError(f"{payment.reference} is settled with no amount")
    payment.settled_minor, payment.settled_currency = paid.minor, paid.currency
    if standing.fee is not None:
        payment.fee_minor, payment.fee_currency = standing.fee.minor, standing.fee.currency
    payment.capture_id = standing.capture_id or payment.capture_id
    payment.settled_at = standing.settled_at or now
    payment.closed_at, payment.ask_at = now, None
    if standing.saved is not None and payment.is_to_be_saved:
        saving.keep(payment, standing.saved)
    if paid != payment.amount:
        payment.state = PaymentState.HELD
        _write_down(payment, "payments.hold")
        telling.tell_held(payment)
        return
    try:
        book(payment)
    except TooLate:
        give_back_whole(payment)


def book(payment: Payment) -> None:
    """Mark a payment settled and let its purpose book it.

    Raises:
        TooLate: what was paid for can not be had any more; nothing was booked.
    """
    before = payment.state
    payment.state = PaymentState.SETTLED
    db.session.flush()  # the act's own statements may look at the row
    try:
        purposes.SETTLES[payment.purpose](payment)
    except TooLate:
        payment.state = before
        raise
    _write_down(payment, "payments.settle")


def give_back_whole(payment: Payment) -> None:
    """Send all that was paid back to the payer: it was paid too late, or finance says so."""
    payment.state = PaymentState.RETURNED
    db.session.flush()
    settled = payment.settled
    if settled is None:
        raise ValueError(f"{payment.reference} was not paid")
    refunding.give_back(
        payment.id, settled, reference=f"{payment.reference}-B", reason="not what was asked, or too late", actor=WORKER
    )
    _write_down(payment, "payments.return")


def _write_down(payment: Payment, act: str) -> None:
    log.record(
        actor=WORKER,
        act=act,
        subject=("payment", payment.id),
        after={
            "reference": payment.reference,
            "asked_minor": payment.amount_minor,
            "asked_currency": payment.currency,
            "settled_minor": payment.settled_minor,
            "settled_currency": payment.settled_currency,
        },
    )
