"""Top wallets up by themselves: find who falls short, charge the saved card once, and learn what became of it.

What is charged for is one attempt. At most one is open for a wallet at a time, which a unique index holds; while it is,
its money counts as on its way, and no sweep opens another.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from portal.agents import queries as agents
from portal.audit import log
from portal.core import clock, ids, outbox, settings, uniqueness
from portal.core.actor import WORKER
from portal.core.db import db, execute, in_transaction
from portal.core.money import Money
from portal.payments import charging
from portal.payments import queries as payments
from portal.payments.errors import CannotCharge, MethodGone, UnknownProvider
from portal.payments.models import Payment, PaymentPurpose
from portal.wallets import needing, pausing, queries, telling
from portal.wallets.models import AutomaticTopUp, TopUpAttempt, TopUpAttemptState, TopUpPause, TopUpRest
from portal.wallets.needing import Standing

COUNTED = (TopUpAttemptState.OPEN, TopUpAttemptState.PAID)
"""Attempts that count against the bounds of a day: those that took money, or may have."""


def sweep() -> None:
    """Have every wallet looked at that fell short, and every attempt whose payment has come to an end."""
    found = execute(_TO_LOOK_AT, {"now": clock.now()})
    outbox.add_each("wallets.refill", [row.id for row in found])


def refill(mandate_id: UUID) -> None:
    """Charge the saved card if the wallet is short, once, and write down what became of it; done twice, it is once.

    No transaction around it.
    """
    attempt = in_transaction(lambda: _take_up(mandate_id))
    if attempt is None:
        return
    if in_transaction(lambda: _payment_of(attempt)) is None and not _charge(attempt):
        return
    in_transaction(lambda: _conclude(attempt.id))


def _take_up(mandate_id: UUID) -> TopUpAttempt | None:
    """Give the attempt that is open, or open one where it is needed; None where there is nothing to be done."""
    mandate = _locked(mandate_id)
    attempt = _open_attempt(mandate)
    is_wanted = mandate.may_charge(clock.now()) and agents.by_id(mandate.agent_id).may_sell
    standing = _standing(mandate, aside=attempt)
    # Asked last: a charge that another worker begins meanwhile is what made the need go away.
    if attempt is not None and _payment_of(attempt) is not None:
        return attempt  # begun: it goes on to its end whatever became of the need
    is_needed = is_wanted and needing.is_short(standing, mandate.threshold)
    if attempt is not None:
        if is_needed and (attempt.saved_method_id, attempt.amount) == (mandate.saved_method_id, mandate.amount):
            return attempt
        _end(attempt, TopUpAttemptState.DROPPED)
        return None
    if not is_needed:
        return None
    if needing.is_day_full(standing, mandate):
        zone = settings.current().time_zone
        tomorrow = clock.today(zone) + timedelta(days=1)
        pausing.rest(mandate, TopUpRest.DAY_IS_FULL, until=clock.start_of(tomorrow, zone))
        return None
    return _open(mandate, standing)


def _open(mandate: AutomaticTopUp, standing: Standing) -> TopUpAttempt:
    attempt = TopUpAttempt(
        id=ids.new_id(),
        automatic_top_up_id=mandate.id,
        saved_method_id=mandate.saved_method_id,
        currency=mandate.currency,
        amount_minor=mandate.amount_minor,
        state=TopUpAttemptState.OPEN,
        opened_on=clock.today(settings.current().time_zone),
    )
    db.session.add(attempt)
    uniqueness.flush("uq_top_up_attempts_open")
    log.record(
        actor=WORKER,
        act="wallets.try_top_up",
        subject=("automatic_top_up", mandate.id),
        after={
            "amount_minor": attempt.amount_minor,
            "available_minor": standing.available.minor,
            "currency": mandate.currency,
        },
    )
    return attempt


def _charge(attempt: TopUpAttempt) -> bool:
    """Charge the card under the attempt's id; False where nobody could be charged at all."""
    mandate = in_transaction(lambda: db.session.get_one(AutomaticTopUp, attempt.automatic_top_up_id))
    try:
        charging.charge(
            attempt.saved_method_id,
            purpose=PaymentPurpose.TOP_UP,
            subject_id=attempt.id,
            agent_id=mandate.agent_id,
            amount=attempt.amount,
            description=mandate.description,
            language=mandate.language,
            actor=WORKER,
            idempotency_key=f"automatic:{attempt.id}",
        )
    except (MethodGone, CannotCharge, UnknownProvider):
        in_transaction(lambda: _card_is_gone(attempt))
        return False
    return True


def _conclude(attempt_id: UUID) -> None:
    """End an attempt whose payment has come to an end, with what follows from it; one that has not stays open."""
    attempt = db.session.get_one(TopUpAttempt, attempt_id)
    mandate = _locked(attempt.automatic_top_up_id)
    db.session.refresh(attempt)  # another worker may have been quicker
    payment = _payment_of(attempt)
    # One that was dropped in the moment in which its charge began was charged all the same, and says so.
    if attempt.state not in (TopUpAttemptState.OPEN, TopUpAttemptState.DROPPED) or payment is None:
        return
    ended = needing.outcome(
        payment.state, decline_code=payment.decline_code, was_reached=not charging.was_not_reached(payment)
    )
    if ended is None:
        return
    _end(attempt, ended)
    if ended is TopUpAttemptState.PAID:
        mandate.declines_in_row = 0
        telling.tell_charged(mandate, payment)
    elif ended in needing.REFUSALS:
        mandate.declines_in_row += 1
    db.session.flush()
    if mandate.is_on and not mandate.is_paused:
        _wait_after(mandate, ended)


def _wait_after(mandate: AutomaticTopUp, ended: TopUpAttemptState) -> None:
    if ended in needing.REFUSALS and mandate.declines_in_row >= needing.DECLINES_UNTIL_PAUSE:
        pausing.pause(mandate, TopUpPause.DECLINES)
        return
    resting = needing.rest_after(ended, declines_in_row=mandate.declines_in_row, now=clock.now())
    if resting is not None:
        why, until = resting
        pausing.rest(mandate, why, until=until)


def _card_is_gone(attempt: TopUpAttempt) -> None:
    mandate = _locked(attempt.automatic_top_up_id)
    standing = db.session.get_one(TopUpAttempt, attempt.id, populate_existing=True)
    if standing.state is not TopUpAttemptState.OPEN or _payment_of(standing) is not None:
        return
    _end(standing, TopUpAttemptState.DROPPED)
    if mandate.is_on:
        pausing.pause(mandate, TopUpPause.CARD_GONE)


def _end(attempt: TopUpAttempt, state: TopUpAttemptState) -> None:
    attempt.state, attempt.ended_at = state, clock.now()
    db.session.flush()


def _standing(mandate: AutomaticTopUp, *, aside: TopUpAttempt | None) -> Standing:
    times, charged = db.session.execute(
        select(func.count(), func.coalesce(func.sum(TopUpAttempt.amount_minor), 0)).where(
            TopUpAttempt.automatic_top_up_id == mandate.id,
            TopUpAttempt.opened_on == clock.today(settings.current().time_zone),
            TopUpAttempt.state.in_(COUNTED),
            TopUpAttempt.id != (aside.id if aside else mandate.id),
        )
    ).one()
    # Money goes from being on its way into the wallet: asked in this order it is seen at least once, never not at all.
    on_its_way = payments.top_ups_on_their_way(mandate.agent_id, mandate.currency)
    return Standing(
        available=queries.in_currency(mandate.agent_id, mandate.currency).available,
        on_its_way=on_its_way,
        times_today=times,
        charged_today=Money(int(charged), mandate.currency),
    )


def _locked(mandate_id: UUID) -> AutomaticTopUp:
    return db.session.scalars(
        select(AutomaticTopUp)
        .where(AutomaticTopUp.id == mandate_id)
        .with_for_update(of=AutomaticTopUp)
        .execution_options(populate_existing=True)
    ).one()


def _open_attempt(mandate: AutomaticTopUp) -> TopUpAttempt | None:
    return db.session.scalar(
        select(TopUpAttempt)
        .where(TopUpAttempt.automatic_top_up_id == mandate.id, TopUpAttempt.state == TopUpAttemptState.OPEN)
        .execution_options(populate_existing=True)
    )


def _payment_of(attempt: TopUpAttempt) -> Payment | None:
    return next(iter(payments.of_subject(attempt.id)), None)


# `refill` decides, with the mandate locked; here is found, in one cheap question, whom to look at.
_TO_LOOK_AT = """
    SELECT mandate.id
    FROM automatic_top_ups AS mandate
    JOIN agents ON agents.id = mandate.agent_id AND agents.status = 'verified'
    JOIN ledger_accounts AS wallet ON wallet.owner_id = mandate.agent_id AND wallet.kind = 'agent_wallet'
                                      AND wallet.currency = mandate.currency
    WHERE mandate.is_on AND mandate.paused_at IS NULL
          AND (mandate.rests_until IS NULL OR mandate.rests_until <= %(now)s)
          AND wallet.balance_minor + wallet.credit_limit_minor < mandate.threshold_minor - (
              SELECT coalesce(sum(amount_minor), 0) FROM payments
              WHERE payments.agent_id = mandate.agent_id AND payments.currency = mandate.currency
                    AND payments.purpose = 'top_up' AND payments.state IN ('begun', 'held'))
          AND NOT EXISTS (SELECT FROM top_up_attempts
                          WHERE automatic_top_up_id = mandate.id AND top_up_attempts.state = 'open')
          AND NOT EXISTS (SELECT FROM outbox WHERE subject_id = mandate.id AND done_at IS NULL)
    UNION
    SELECT attempt.automatic_top_up_id
    FROM top_up_attempts AS attempt
    JOIN payments ON payments.subject_id = attempt.id AND payments.state NOT IN ('begun', 'held')
    WHERE attempt.state = 'open'
          AND NOT EXISTS (SELECT FROM outbox WHERE subject_id = attempt.automatic_top_up_id AND done_at IS NULL)
    LIMIT 200
"""
