"""Carry a refund out, once: ask the carrier, have the money go back, book it, and issue the credit note.

The books move when the money does: at once into a wallet; through a payment provider when it says that it succeeded.
Between transactions the process may die at any point; the next run starts from what is written.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.cards.models import Card, UsageReading
from portal.carriers import base, registry
from portal.carriers.base import Refused, Retry, TakenBack
from portal.core import clock, ids, outbox, settings
from portal.core.actor import WORKER, Actor
from portal.core.db import db, in_transaction
from portal.core.outbox import TryLater
from portal.ledger import chart, journal
from portal.receipts import credit_notes
from portal.receipts import queries as receipts
from portal.receipts.content import from_canonical_json
from portal.receipts.credit_note import Correction, CreditedLines
from portal.receipts.models import Receipt
from portal.refunds import paying_back, queries, splitting
from portal.refunds.models import CarrierAnswer, Refund, RefundDestination, RefundState
from portal.renewals import bookkeeping, events, fulfilment
from portal.renewals.bookkeeping import Account, Left
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState

ASK_AGAIN = timedelta(seconds=5)
"""How long to wait before a carrier is asked again, or a receipt looked for that is still being numbered."""

NOT_REACHED_FOR = timedelta(hours=24)
"""A carrier that could not be asked for this long is taken to keep its money: the customer waits no longer."""


DECIDED_LATER = timedelta(hours=1)
"""How long a refund waits before it looks again whether a dispute of the same money was decided."""


def locked_renewal(renewal_id: UUID) -> Renewal:
    """Give a renewal that nobody else may refund meanwhile."""
    return db.session.get_one(Renewal, renewal_id, with_for_update=True, populate_existing=True)


def locked(refund_id: UUID) -> tuple[Renewal, Refund]:
    """Give a refund and its renewal, locked in the one order: the renewal first."""
    renewal = locked_renewal(queries.by_id(refund_id).renewal_id)
    return renewal, db.session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)


def begin(renewal: Renewal, refund: Refund, *, actor: Actor) -> None:
    """Start to carry out a refund that everybody agreed to; its renewal is locked."""
    refund.state, refund.begun_at = RefundState.ASKING_CARRIER, clock.now()
    events.move(renewal, RenewalState.REFUNDING, actor=actor, facts={"refund": refund.reference})
    db.session.flush()  # the worker must find it begun
    outbox.add("refunds.carry_out", refund.id)


def carry_out(refund_id: UUID) -> None:
    """Bring a begun refund forward: to its end, or to the payment provider that has to give the money back.

    Raises:
        TryLater: the carrier could not be asked, or the receipt has no number yet.
    """
    asking = in_transaction(lambda: _whom_to_ask(refund_id))
    if asking is not None:
        answer = _ask(asking, refund_id)
        in_transaction(lambda: _write_answer(refund_id, answer))
    in_transaction(lambda: _pay_back(refund_id))


def _whom_to_ask(refund_id: UUID) -> Renewal | None:
    renewal, refund = locked(refund_id)
    if refund.state is not RefundState.ASKING_CARRIER:
        return None
    if _receipt_of(renewal).number is None:
        raise TryLater(ASK_AGAIN, "the receipt to correct has no number yet")
    if refund.carrier_answer is not None:
        return None
    if refund.amount != renewal.total:
        refund.carrier_answer = CarrierAnswer.NOT_ASKED
        return None
    return renewal


def _ask(renewal: Renewal, refund_id: UUID) -> TakenBack | Refused:
    try:
        return registry.get(renewal.carrier).take_back(renewal.reference)
    except Refused as refusal:
        return refusal
    except Retry as error:
        begun_at = queries.by_id(refund_id).begun_at
        if begun_at is None or clock.now() - begun_at < NOT_REACHED_FOR:
            raise TryLater(ASK_AGAIN, error.reason_code) from error
        return Refused("not_reached", error.message, error.raw)


def _write_answer(refund_id: UUID, answer: TakenBack | Refused) -> None:
    renewal, refund = locked(refund_id)
    if refund.carrier_answer is not None:
        return
    refund.carrier_raw = answer.raw
    if isinstance(answer, TakenBack):
        refund.carrier_answer, refund.carrier_reason = CarrierAnswer.TAKEN_BACK, answer.number
        _restore_card(renewal, answer.card)
    else:
        refund.carrier_answer, refund.carrier_reason = CarrierAnswer.KEPT, answer.reason_code[:120]


def _pay_back(refund_id: UUID) -> None:
    renewal, refund = locked(refund_id)
    if refund.state is not RefundState.ASKING_CARRIER:
        return
    if refund.amount > queries.refundable(renewal):
        raise TryLater(DECIDED_LATER, "the payer disputes the payment; the refund waits until that is decided")
    if refund.destination is RefundDestination.SOURCE and paying_back.came_through_provider(renewal):
        paying_back.ask(renewal, refund)
    else:
        finish(renewal, refund)


def finish(renewal: Renewal, refund: Refund) -> None:
    """Book a refund whose money goes back now, issue its credit note and mark it done; both rows are locked.

    Raises:
        TryLater: the receipt has no number yet.
    """
    earlier = queries.done_of(renewal.id)
    account = _account(renewal, refund)
    refund.number = len(earlier) + 1
    left = _left(account, earlier)
    split = splitting.split(account, refund.amount_minor, left=left, number=refund.number)
    refund.revenue_minor, refund.tax_minor = split.parts.revenue_minor, split.parts.tax_minor
    refund.fee_minor, refund.share_minor = split.parts.fee_minor, split.parts.share_minor
    refund.override_minor = split.parts.override_minor
    refund.state, refund.done_at, refund.failure_code = RefundState.DONE, clock.now(), None
    is_all = refund.amount_minor == left.total_minor
    after = RenewalState.REFUNDED if is_all else RenewalState.PARTLY_REFUNDED
    facts = {"refund": refund.reference, "amount_minor": refund.amount_minor, "currency": refund.currency}
    events.move(renewal, after, actor=WORKER, facts=facts)
    journal.post(split.entry)
    if refund.carrier_answer is CarrierAnswer.TAKEN_BACK:
        journal.post(bookkeeping.take_back(account))
    _issue_credit_note(renewal, refund, before_minor=sum(done.amount_minor for done in earlier))
    log.record(actor=WORKER, act="refunds.complete", subject=("refund", refund.id), after=facts)


def foresee(renewal: Renewal, refund: Refund) -> Left | None:
    """Tell what a refund will take from whom if it is carried out now; None where less than its amount is left."""
    earlier = queries.done_of(renewal.id)
    account = _account(renewal, refund)
    left = _left(account, earlier)
    if refund.amount_minor > left.total_minor:
        return None
    return splitting.split(account, refund.amount_minor, left=left, number=len(earlier) + 1).parts


def parts_of(refund: Refund) -> Left:
    """Give what a refund that was carried out took from whom."""
    return Left(
        revenue_minor=refund.revenue_minor or 0,
        tax_minor=refund.tax_minor or 0,
        fee_minor=refund.fee_minor or 0,
        share_minor=refund.share_minor or 0,
        override_minor=refund.override_minor or 0,
    )


def _left(account: Account, earlier: Iterable[Refund]) -> Left:
    return splitting.left_after(account, [parts_of(done) for done in earlier])


def _account(renewal: Renewal, refund: Refund) -> Account:
    account = fulfilment.account_of(renewal)
    if refund.destination is RefundDestination.WALLET:
        return replace(account, source=chart.agent_wallet(renewal.agent_id))
    if refund.destination is RefundDestination.DISPUTED:
        return replace(account, source=chart.disputed(paying_back.payment_of(renewal).provider))
    return account


def _issue_credit_note(renewal: Renewal, refund: Refund, *, before_minor: int) -> None:
    receipt = _receipt_of(renewal)
    if receipt.number is None:
        raise TryLater(ASK_AGAIN, "the receipt to correct has no number yet")
    parts = parts_of(refund)
    correction = Correction(
        receipt_number=receipt.number,
        refund_reference=refund.reference,
        issued_at=clock.now(),
        lines=CreditedLines(
            currency=refund.currency,
            base_minor=parts.revenue_minor + parts.tax_minor,
            tax_minor=parts.tax_minor,
            tax_bps=from_canonical_json(receipt.content).lines.tax_bps,
            fee_minor=parts.fee_minor,
            total_minor=refund.amount_minor,
            paid_minor=renewal.total_minor,
            credited_before_minor=before_minor,
        ),
        paid_back_to="wallet" if refund.destination is RefundDestination.WALLET else paying_back.method_of(renewal),
        reason=refund.reason.value,
        verification_code=ids.unguessable_code(),
        portal_address=settings.current().address,
    )
    credit_notes.issue(receipt, correction, refund_id=refund.id)


def _receipt_of(renewal: Renewal) -> Receipt:
    receipt = receipts.of_renewal(renewal.id)
    if receipt is None:
        raise LookupError(f"renewal {renewal.id} was delivered without a receipt")
    db.session.refresh(receipt)  # the worker numbers it by a statement of its own
    return receipt


def _restore_card(renewal: Renewal, state: base.CardState) -> None:
    card = db.session.get_one(Card, renewal.card_id, with_for_update=True, populate_existing=True)
    card.data_left_mb, card.data_total_mb, card.valid_until = state.data_left_mb, state.data_total_mb, state.valid_until
    card.usage_read_at = clock.now()
    card.plan_version_id = db.session.scalar(
        select(Renewal.plan_version_id)
        .where(
            Renewal.card_id == card.id,
            Renewal.id < renewal.id,
            Renewal.state.in_((RenewalState.DELIVERED, RenewalState.PARTLY_REFUNDED)),
        )
        .order_by(Renewal.id.desc())
        .limit(1)
    )
    db.session.add(
        UsageReading(
            card_id=card.id,
            read_at=card.usage_read_at,
            data_left_mb=state.data_left_mb,
            data_total_mb=state.data_total_mb,
        )
    )
