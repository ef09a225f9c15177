"""Give a mandate to charge a saved card whenever a wallet falls low, and take it back: what only an owner does."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from portal.audit import log
from portal.core import clock, ids, uniqueness
from portal.core.actor import Actor
from portal.core.db import db, existing
from portal.core.errors import InvalidInput, NotAllowed, NotFound
from portal.core.money import Money
from portal.payments import offers, registry, saving
from portal.payments.errors import CannotCharge, MethodGone, MethodNotOffered
from portal.payments.models import PaymentChannel, SavedMethod
from portal.wallets import bounds, pausing, queries
from portal.wallets.models import AutomaticTopUp, TopUpPause

MOST_TIMES = 20
"""How often a card may be charged in a day at most."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What an owner agrees to: the card, below what it is charged, by how much, and the bounds of a day."""

    saved_method_id: UUID
    threshold: Money
    amount: Money
    most_a_day: int
    most: Money


def check(agent_id: UUID, wanted: Arrangement) -> SavedMethod:
    """Refuse what cannot be agreed to; gives the card.

    Raises:
        InvalidInput: an amount is too much or fits not the others, or the card's provider does not take the currency.
        MethodGone: the card is kept no more, or is another's.
        CannotCharge: its provider charges nobody who is away.
        MethodNotOffered: agents are not offered its method in the currency, or through another provider.
        NotFound: the agent has no wallet in the currency.
    """
    queries.in_currency(agent_id, wanted.amount.currency)
    if wanted.threshold.minor <= 0:
        raise InvalidInput(field="threshold", reason="amount_zero")
    bounds.check_top_up(wanted.amount)
    if wanted.amount < wanted.threshold:
        raise InvalidInput(field="amount", reason="amount_below_threshold")
    if not 1 <= wanted.most_a_day <= MOST_TIMES:
        raise InvalidInput(field="most_a_day", reason="number_range", least=1, most=MOST_TIMES)
    if wanted.most < wanted.amount:
        raise InvalidInput(field="most", reason="most_below_amount")
    kept = saving.standing(wanted.saved_method_id)
    if kept.agent_id != agent_id:
        raise MethodGone
    provider = registry.get(kept.provider)
    if not provider.can_charge_saved:
        raise CannotCharge
    taken = provider.currencies(kept.method)
    if taken is not None and wanted.amount.currency not in taken:
        raise InvalidInput(field="method", reason="provider_takes_it_not", provider=kept.provider)
    if not offers.chargeable([kept], wanted.amount.currency, PaymentChannel.AGENT):
        raise MethodNotOffered(field="method", method=kept.method, currency=wanted.amount.currency)
    return kept


def arrange(
    *, agent_id: UUID, wanted: Arrangement, consent: str, description: str, language: str, actor: Actor
) -> AutomaticTopUp:
    """Switch automatic top-ups on, or change them; the sentence that was agreed to is kept as it was shown.

    Whatever paused them before is over; an attempt that is under way goes on to its end.

    Raises:
        NotAllowed: nobody gives mandate who is not a person.
        InvalidInput, MethodGone, CannotCharge, MethodNotOffered, NotFound: see `check`.
    """
    if actor.id is None:
        raise NotAllowed
    check(agent_id, wanted)
    currency = wanted.amount.currency
    mandate = _locked(agent_id, currency)
    if mandate is None:
        mandate = AutomaticTopUp(id=ids.new_id(), agent_id=agent_id, currency=currency)
        db.session.add(mandate)
    mandate.saved_method_id = wanted.saved_method_id
    mandate.threshold_minor, mandate.amount_minor = wanted.threshold.minor, wanted.amount.minor
    mandate.most_a_day, mandate.most_minor_a_day = wanted.most_a_day, wanted.most.minor
    mandate.consent, mandate.consented_at = consent, clock.now()
    mandate.consented_by, mandate.consented_by_name = actor.id, actor.name[:200]
    mandate.description, mandate.language = description[:100], language
    mandate.is_on = True
    pausing.forget(mandate)
    # Two of the owner's windows at once: the second finds the first one's row.
    uniqueness.flush("uq_automatic_top_ups_agent_id_currency")
    log.record(
        actor=actor,
        act="wallets.arrange_top_ups",
        subject=("automatic_top_up", mandate.id),
        after={
            "currency": currency,
            "threshold_minor": mandate.threshold_minor,
            "amount_minor": mandate.amount_minor,
            "most_a_day": mandate.most_a_day,
            "most_minor": mandate.most_minor_a_day,
            "consent": consent,
        },
    )
    return mandate


def end(*, agent_id: UUID, currency: str, actor: Actor) -> None:
    """Switch automatic top-ups off: from now on nobody is charged who has not been asked for already.

    Raises:
        NotFound: they are not on.
    """
    mandate = _locked_while_on(agent_id, currency)
    mandate.is_on = False
    pausing.forget(mandate)
    db.session.flush()  # off before it is recorded
    log.record(
        actor=actor, act="wallets.end_top_ups", subject=("automatic_top_up", mandate.id), after={"currency": currency}
    )


def resume(*, agent_id: UUID, currency: str, actor: Actor) -> None:
    """Let automatic top-ups go on that were paused, or rest.

    Raises:
        NotFound: they are not on.
        MethodGone: the card is kept no more: another must be chosen.
    """
    mandate = _locked_while_on(agent_id, currency)
    saving.standing(mandate.saved_method_id)
    pausing.forget(mandate)
    db.session.flush()  # they go on before it is recorded
    log.record(
        actor=actor,
        act="wallets.resume_top_ups",
        subject=("automatic_top_up", mandate.id),
        after={"currency": currency},
    )


def forget_card(saved_method_id: UUID, *, agent_id: UUID, actor: Actor) -> None:
    """Forget a saved card or account, and pause the automatic top-ups that charge it.

    Raises:
        MethodGone: the agent has none such.
    """
    saving.remove(saved_method_id, agent_id=agent_id, actor=actor)
    charging_it = db.session.scalars(
        select(AutomaticTopUp)
        .where(AutomaticTopUp.saved_method_id == saved_method_id, AutomaticTopUp.is_on)
        .order_by(AutomaticTopUp.id)
        .with_for_update(of=AutomaticTopUp)
        .execution_options(populate_existing=True)
    ).all()
    for mandate in charging_it:
        pausing.pause(mandate, TopUpPause.CARD_GONE)


def _locked_while_on(agent_id: UUID, currency: str) -> AutomaticTopUp:
    mandate = existing(_locked(agent_id, currency))
    if not mandate.is_on:
        raise NotFound
    return mandate


def _locked(agent_id: UUID, currency: str) -> AutomaticTopUp | None:
    return db.session.scalar(
        select(AutomaticTopUp)
        .where(AutomaticTopUp.agent_id == agent_id, AutomaticTopUp.currency == currency)
        .with_for_update(of=AutomaticTopUp)
        .execution_options(populate_existing=True)
    )
