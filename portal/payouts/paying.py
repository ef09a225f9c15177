"""Record what the bank did with approved payouts: paid, refused, or sent back."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from portal.agents.telling import tell_owners
from portal.audit import log
from portal.core import bank_references, clock, settings
from portal.core.actor import Actor
from portal.core.db import db, existing
from portal.core.errors import InvalidInput
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.payouts.errors import PayoutMoved
from portal.payouts.models import Payout, PayoutDestination, PayoutRun, PayoutRunState, PayoutState
from portal.payouts.requesting import wait_for_turn
from portal.payouts.running import end_if_done, locked_payouts, locked_run


def mark_run_paid(*, run_id: UUID, bank_reference: str, paid_on: date, actor: Actor) -> int:
    """Record that the bank carried out every approved payout of a run; tell how many.

    Raises:
        NotFound: there is no such run.
        PayoutMoved: it is not approved, or done already.
        InvalidInput: the bank's reference is empty or too long.
    """
    reference = bank_references.read(bank_reference)
    run = locked_run(run_id, PayoutRunState.APPROVED)
    payouts = locked_payouts(Payout.run_id == run_id, Payout.state == PayoutState.APPROVED)
    for payout in payouts:
        _pay(payout, reference=reference, paid_on=paid_on, actor=actor)
    end_if_done(run)
    return len(payouts)


def refuse(*, payout_id: UUID, why: str, actor: Actor) -> Payout:
    """Refuse a payout that is not paid yet, for finance or for the bank; the commission is payable again.

    Raises:
        NotFound: there is none.
        PayoutMoved: it is paid or has ended, or stands in a run that waits for approval.
        InvalidInput: no reason is given.
    """
    why = _reason(why)
    run, payout = _locked(payout_id)
    if payout.state not in (PayoutState.REQUESTED, PayoutState.APPROVED):
        raise PayoutMoved
    payout.state, payout.refusal, payout.ended_at = PayoutState.REFUSED, why, clock.now()
    db.session.flush()  # written before it is recorded
    log.record(actor=actor, act="payouts.refuse", subject=("payout", payout.id), after={"why": why})
    if run is not None:
        end_if_done(run)
    return payout


def record_return(*, payout_id: UUID, why: str, actor: Actor) -> Payout:
    """Record that the bank sent a paid payout back: the money stands in our bank again, and is owed again.

    Raises:
        NotFound: there is none.
        PayoutMoved: it was not paid by bank, or came back before.
        InvalidInput: no reason is given.
    """
    why = _reason(why)
    _, payout = _locked(payout_id)
    if payout.state is not PayoutState.PAID or payout.destination is not PayoutDestination.BANK:
        raise PayoutMoved
    wait_for_turn(payout.agent_id, payout.currency)
    payout.state, payout.refusal, payout.ended_at = PayoutState.REFUSED, why, clock.now()
    db.session.flush()  # written before it is booked
    line = Line(chart.BANK, chart.commission_earned(payout.agent_id), payout.amount_minor)
    journal.post(_entry(payout, f"payout:{payout.id}:returned", line))
    log.record(actor=actor, act="payouts.record_return", subject=("payout", payout.id), after={"why": why})
    return payout


def _pay(payout: Payout, *, reference: str, paid_on: date, actor: Actor) -> None:
    # Promised becomes booked: nobody may look at what is payable between the two.
    wait_for_turn(payout.agent_id, payout.currency)
    payout.state, payout.bank_reference, payout.paid_on = PayoutState.PAID, reference, paid_on
    payout.ended_at = clock.now()
    db.session.flush()  # written before it is booked
    line = Line(chart.commission_earned(payout.agent_id), chart.BANK, payout.amount_minor)
    journal.post(_entry(payout, f"payout:{payout.id}", line))
    log.record(
        actor=actor,
        act="payouts.mark_paid",
        subject=("payout", payout.id),
        after={
            "bank_reference": reference,
            "paid_on": paid_on,
            "amount_minor": payout.amount_minor,
            "currency": payout.currency,
        },
    )
    tell_owners(
        payout.agent_id,
        "payout_paid",
        about=("payout", payout.id),
        reference=payout.reference,
        amount=payout.amount,
        day=paid_on,
        account=payout.bank_label,
        bank_reference=reference,
        link=f"{settings.current().address}/agent/payouts/",
    )


def _entry(payout: Payout, key: str, line: Line) -> EntryDraft:
    return EntryDraft(key, "payout", "payout", payout.id, payout.currency, (line,))


def _locked(payout_id: UUID) -> tuple[PayoutRun | None, Payout]:
    # The run first, as whoever pays or approves the whole of it does.
    run_id = db.session.scalar(select(Payout.run_id).where(Payout.id == payout_id))
    run = db.session.get(PayoutRun, run_id, with_for_update=True, populate_existing=True) if run_id else None
    payout = existing(db.session.get(Payout, payout_id, with_for_update={"of": Payout}, populate_existing=True))
    if payout.run_id != run_id:
        raise PayoutMoved
    return run, payout


def _reason(text: str) -> str:
    why = " ".join(text.split())
    if not why:
        raise InvalidInput(field="why", reason="missing")
    return why[:300]
