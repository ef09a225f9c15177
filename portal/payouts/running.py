"""Put requested payouts into a run, and have a second person approve it: nobody sends money alone."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, select

from portal.audit import log
from portal.core import clock, ids, uniqueness
from portal.core.actor import Actor
from portal.core.db import db, existing
from portal.core.errors import NotAllowed
from portal.payouts import earnings
from portal.payouts.errors import NothingChosen, PayoutMoved, SameEyes
from portal.payouts.models import Payout, PayoutRun, PayoutRunState, PayoutState
from portal.payouts.requesting import wait_for_turn

NOT_COVERED = "not_covered"
"""Why approval refuses a payout: refunds took the commission back after it was asked for."""


def prepare(*, currency: str, payout_ids: Collection[UUID], actor: Actor) -> PayoutRun:
    """Put requested payouts of one currency into a new run.

    Raises:
        NothingChosen: no payout was named.
        PayoutMoved: one of them is not waiting any more, or has another currency.
        NotAllowed: only users prepare runs.
    """
    if not payout_ids:
        raise NothingChosen
    if actor.id is None:
        raise NotAllowed
    payouts = locked_payouts(Payout.id.in_(payout_ids))
    if len(payouts) != len(set(payout_ids)) or any(
        payout.state is not PayoutState.REQUESTED or payout.currency != currency for payout in payouts
    ):
        raise PayoutMoved
    run = PayoutRun(
        id=ids.new_id(),
        reference=ids.reference("B"),
        currency=currency,
        state=PayoutRunState.PREPARED,
        prepared_by=actor.id,
        prepared_by_name=actor.name,
    )
    db.session.add(run)
    uniqueness.flush("uq_payout_runs_reference")  # a reference that is taken is drawn again
    for payout in payouts:
        payout.state, payout.run_id = PayoutState.IN_RUN, run.id
    db.session.flush()  # written before it is recorded
    log.record(
        actor=actor,
        act="payouts.prepare_run",
        subject=("payout_run", run.id),
        after={"reference": run.reference, "currency": currency, "payouts": [str(one.id) for one in payouts]},
    )
    return run


def discard(*, run_id: UUID, actor: Actor) -> None:
    """Give a run up before it is approved; its payouts wait for another.

    Raises:
        NotFound: there is none.
        PayoutMoved: it is not waiting for approval any more.
    """
    run = locked_run(run_id, PayoutRunState.PREPARED)
    for payout in locked_payouts(Payout.run_id == run_id):
        payout.state, payout.run_id = PayoutState.REQUESTED, None
    run.state = PayoutRunState.DISCARDED
    db.session.flush()  # written before it is recorded
    log.record(actor=actor, act="payouts.discard_run", subject=("payout_run", run_id))


def approve(*, run_id: UUID, actor: Actor) -> PayoutRun:
    """Approve a run that somebody else prepared; payouts that refunds have eaten up since are refused.

    Raises:
        SameEyes: the actor prepared it.
        NotFound: there is none.
        PayoutMoved: it is not waiting for approval any more.
        NotAllowed: only users approve runs.
    """
    if actor.id is None:
        raise NotAllowed
    run = locked_run(run_id, PayoutRunState.PREPARED)
    if run.prepared_by == actor.id:
        raise SameEyes
    run.approved_by, run.approved_by_name, run.approved_at = actor.id, actor.name, clock.now()
    for payout in locked_payouts(Payout.run_id == run_id):
        wait_for_turn(payout.agent_id, payout.currency)
        if _is_covered(payout):
            payout.state = PayoutState.APPROVED
        else:
            payout.state, payout.refusal, payout.ended_at = PayoutState.REFUSED, NOT_COVERED, clock.now()
        db.session.flush()  # the next payout of the same agent must not be covered by the same money
    run.state = PayoutRunState.APPROVED
    end_if_done(run)
    log.record(actor=actor, act="payouts.approve_run", subject=("payout_run", run_id))
    return run


def locked_run(run_id: UUID, *states: PayoutRunState) -> PayoutRun:
    """Give a run in one of the states, locked.

    Raises:
        NotFound: there is none.
        PayoutMoved: it stands otherwise.
    """
    run = existing(db.session.get(PayoutRun, run_id, with_for_update=True, populate_existing=True))
    if run.state not in states:
        raise PayoutMoved
    return run


def locked_payouts(*conditions: ColumnElement[bool]) -> list[Payout]:
    """Lock payouts in the order of their agents, as every run does: two runs never wait for each other."""
    return list(
        db.session.scalars(
            select(Payout)
            .where(*conditions)
            .order_by(Payout.agent_id, Payout.id)
            .with_for_update(of=Payout)
            .execution_options(populate_existing=True)
        )
    )


def end_if_done(run: PayoutRun) -> None:
    """Close an approved run whose every payout is paid or refused."""
    db.session.flush()  # the question below is asked of the database
    is_left = db.session.scalar(
        select(Payout.id).where(Payout.run_id == run.id, Payout.state == PayoutState.APPROVED).limit(1)
    )
    if is_left is None:
        run.state = PayoutRunState.DONE
        db.session.flush()


def _is_covered(payout: Payout) -> bool:
    # What is under way counts this payout itself: nothing may be promised beyond what stands and is free.
    standing = earnings.in_currency(payout.agent_id, payout.currency)
    return (standing.balance - standing.on_hold).minor >= standing.under_way.minor
