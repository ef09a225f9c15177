"""Learn from a card's carrier what it has left, and keep each reading as a point of its usage line."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.audit import log
from portal.cards.models import Card, CardState, UsageReading
from portal.carriers import base, registry
from portal.carriers.base import Refused
from portal.catalogue import queries as catalogue
from portal.core import clock, outbox
from portal.core.actor import WORKER
from portal.core.db import db, in_transaction

FRESH_FOR = timedelta(minutes=1)
"""Asking again sooner brings nothing new: carriers count in minutes at best."""


def request(card: Card) -> None:
    """Have the worker ask for a card's state, unless it was read just now."""
    if card.usage_read_at is None or card.usage_read_at <= clock.now() - FRESH_FOR:
        outbox.add("cards.read_usage", card.id)


def read(card_id: UUID) -> None:
    """Ask the carrier for a card's state and keep the answer; a carrier that refuses is written to the audit log.

    Called outside a transaction: none stays open while the carrier is asked.

    Raises:
        Retry: the carrier could not be asked.
        UnknownCarrier: it is not switched on here.
    """
    card = in_transaction(lambda: _registered(card_id))
    if card is None:
        return
    read_at = clock.now()
    try:
        state = registry.get(card.carrier).card_state(card.iccid)
    except Refused as refusal:
        reason = refusal.reason_code
        in_transaction(lambda: _record_refusal(card_id, reason))
    else:
        in_transaction(lambda: record(card_id, state, read_at=read_at))


def record(card_id: UUID, state: base.CardState, *, read_at: datetime) -> None:
    """Keep what a carrier said of a card at an instant, unless something newer is known already."""
    card = db.session.get_one(Card, card_id, with_for_update={"of": Card}, populate_existing=True)
    if card.usage_read_at is None or card.usage_read_at <= read_at:
        card.data_total_mb = state.data_total_mb
        card.data_left_mb = state.data_left_mb
        card.valid_until = state.valid_until
        card.usage_read_at = read_at
        card.plan_version_id = _plan_version_id(card, state.plan_code)
    db.session.flush()
    db.session.execute(
        insert(UsageReading)
        .values(card_id=card_id, read_at=read_at, data_left_mb=state.data_left_mb, data_total_mb=state.data_total_mb)
        .on_conflict_do_nothing()
    )


def _registered(card_id: UUID) -> Any:
    return db.session.execute(
        select(Card.carrier, Card.iccid).where(Card.id == card_id, Card.state != CardState.REMOVED)
    ).first()


def _plan_version_id(card: Card, plan_code: str | None) -> UUID | None:
    """Give the version of the plan that the carrier names; a version sold under the same code stays as it was sold."""
    if plan_code is None:
        return None
    if card.plan_version_id and catalogue.version_by_id(card.plan_version_id).code == plan_code:
        return card.plan_version_id
    version = catalogue.current_by_code([plan_code]).get(plan_code)
    return version.id if version and version.carrier == card.carrier else None


def _record_refusal(card_id: UUID, reason: str) -> None:
    log.record(actor=WORKER, act="cards.usage_refused", subject=("card", card_id), after={"reason": reason})
