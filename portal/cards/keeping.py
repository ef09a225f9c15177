"""Suspend, resume, remove and label a registered card."""

from portal.audit import log
from portal.cards import details
from portal.cards.errors import CardRemoved
from portal.cards.models import Card, CardState
from portal.core.actor import Actor
from portal.core.db import db


def suspend(card: Card, *, actor: Actor) -> None:
    """Keep a card from being renewed until it is resumed.

    Raises:
        CardRemoved: it is no longer registered.
    """
    _move(card, CardState.SUSPENDED, act="cards.suspend", actor=actor)


def resume(card: Card, *, actor: Actor) -> None:
    """Let a suspended card be renewed again.

    Raises:
        CardRemoved: it is no longer registered.
    """
    _move(card, CardState.ACTIVE, act="cards.resume", actor=actor)


def remove(card: Card, *, actor: Actor) -> None:
    """End a card's registration; its history stays, and its ICCID may be registered again, by whoever holds it."""
    if card.state is not CardState.REMOVED:
        _move(card, CardState.REMOVED, act="cards.remove", actor=actor)


def set_label(card: Card, *, label: str, actor: Actor) -> None:
    """Change what the agent calls a card.

    Raises:
        InvalidInput: it is too long or holds signs that cannot be seen.
    """
    wanted = details.read_label(label)
    before = card.label
    if wanted == before:
        return
    card.label = wanted
    db.session.flush()
    log.record(
        actor=actor, act="cards.set_label", subject=("card", card.id), before={"label": before}, after={"label": wanted}
    )


def _move(card: Card, state: CardState, *, act: str, actor: Actor) -> None:
    # Two counters may act at once: the second must see what the first did.
    db.session.refresh(card, with_for_update={"of": Card})
    before = card.state
    if before is state:
        return
    if before is CardState.REMOVED:
        raise CardRemoved
    card.state = state
    db.session.flush()
    log.record(actor=actor, act=act, subject=("card", card.id), before={"state": before}, after={"state": state})
