"""Cards as pages read them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import contains_eager

from portal.cards import concealing, iccid
from portal.cards.models import Card, CardState, UsageReading
from portal.core import clock, names, settings
from portal.core.db import db, existing
from portal.core.errors import NotFound
from portal.core.pages import Page, earliest_first, newest_first
from portal.customers import queries as customers

MOST_DAYS = 3650

LITTLE_LEFT_TENTHS = 1
"""A card with at most a tenth of its data left is running out."""


@dataclass(frozen=True, slots=True)
class CardFilter:
    """Which cards somebody looks for; empty and None mean anything, but removed cards are shown only when asked for.

    `text` is part of the ICCID, the label or the customer's name, address or number, or is a whole EID or activation
    code. `expires_within_days` counts whole days of the portal's zone, today being 0; expired cards are not among them.
    """

    text: str = ""
    state: CardState | None = None
    expires_within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Expiring:
    """How many of an agent's cards expire within 3, 7 and 14 days, each number holding the one before."""

    within_3_days: int
    within_7_days: int
    within_14_days: int


def for_agent(agent_id: UUID, card_id: UUID) -> Card:
    """Give a card of the agent, removed ones included.

    Raises:
        NotFound: there is none, or another agent's.
    """
    card = by_id(card_id)
    if card.agent_id != agent_id:
        raise NotFound
    return card


def by_id(card_id: UUID) -> Card:
    """Give a card of whatever agent, for the operator.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Card, card_id))


def matching(agent_id: UUID, wanted: CardFilter, *, older: str | None = None, newer: str | None = None) -> Page[Card]:
    """Page through an agent's cards: the soonest to expire first when the filter is expiry, else the newest first."""
    query = (
        select(Card)
        .join(Card.customer)
        .options(contains_eager(Card.customer))
        .where(Card.agent_id == agent_id, _in_state(wanted.state))
    )
    if text := names.searchable(wanted.text):
        query = query.where(_contains(text))
    if wanted.expires_within_days is None:
        return newest_first(query, Card.id, older=older, newer=newer)
    query = query.where(_expires_within(wanted.expires_within_days))
    return earliest_first(query, Card.valid_until, Card.id, older=older, newer=newer)


def of_customer(customer_id: UUID) -> Sequence[Card]:
    """List a customer's cards that are still registered, the newest first."""
    return for_customers([customer_id])


def for_customers(customer_ids: Collection[UUID]) -> Sequence[Card]:
    """List the registered cards of one person's customer rows, the soonest to expire first, unknown ones last."""
    return db.session.scalars(
        select(Card)
        .where(Card.customer_id.in_(customer_ids), Card.state != CardState.REMOVED)
        .order_by(Card.valid_until.nulls_last(), Card.id.desc())
    ).all()


def count_of_customers(customer_ids: Collection[UUID]) -> dict[UUID, int]:
    """Count the registered cards of each of these customers; those without one are left out."""
    return dict(
        db.session.execute(
            select(Card.customer_id, func.count())
            .where(Card.customer_id.in_(customer_ids), Card.state != CardState.REMOVED)
            .group_by(Card.customer_id)
        ).all()
    )


def expiring(agent_id: UUID) -> Expiring:
    """Count an agent's cards that expire soon, for the home page."""
    counts = db.session.execute(
        select(*(func.count().filter(_expires_within(days)) for days in (3, 7, 14))).where(
            Card.agent_id == agent_id, _in_state(None), _expires_within(14)
        )
    ).one()
    return Expiring(*map(int, counts))


def expiring_by_day(agent_id: UUID, *, days: int = 14) -> list[tuple[date, int]]:
    """Count an agent's cards by the day they expire, today and the days after in the portal's zone, none left out."""
    zone = settings.current().time_zone
    expires_on = func.date(func.timezone(zone, Card.valid_until))
    rows = db.session.execute(
        select(expires_on, func.count())
        .where(Card.agent_id == agent_id, _in_state(None), _expires_within(days))
        .group_by(expires_on)
    )
    counted: dict[date, int] = dict(rows.all())
    today = clock.today(zone)
    return [(today + timedelta(nr), counted.get(today + timedelta(nr), 0)) for nr in range(days + 1)]


def running_out(agent_id: UUID, *, within_days: int = 7, limit: int = 8) -> Sequence[Card]:
    """List an agent's cards that need a renewal first: expiring soon, or with a tenth of their data left or less."""
    little_left = Card.data_left_mb * 10 <= Card.data_total_mb * LITTLE_LEFT_TENTHS
    return db.session.scalars(
        select(Card)
        .where(
            Card.agent_id == agent_id,
            Card.state == CardState.ACTIVE,
            Card.valid_until > clock.now(),
            or_(_expires_within(within_days), little_left),
        )
        .order_by(Card.valid_until, Card.id)
        .limit(limit)
    ).all()


def usage_readings(card_id: UUID, *, limit: int = 500) -> Sequence[UsageReading]:
    """List the latest readings of a card in the order of time, for its usage line."""
    query = select(UsageReading).where(UsageReading.card_id == card_id)
    return db.session.scalars(query.order_by(UsageReading.read_at.desc()).limit(limit)).all()[::-1]


def _in_state(state: CardState | None) -> ColumnElement[bool]:
    return Card.state == state if state else Card.state != CardState.REMOVED


def _expires_within(days: int) -> ColumnElement[bool]:
    zone = settings.current().time_zone
    day_after = clock.today(zone) + timedelta(days=min(max(days, 0), MOST_DAYS) + 1)
    return and_(Card.valid_until > clock.now(), Card.valid_until < clock.start_of(day_after, zone))


def _contains(text: str) -> ColumnElement[bool]:
    places = [customers.contains(text), Card.label.icontains(text, autoescape=True)]
    digits = iccid.bare(text).upper().removesuffix("F")
    if digits.isascii() and digits.isdigit():
        places += [Card.iccid.contains(digits), Card.msisdn.contains(digits)]
    if hashes := concealing.lookup_hashes(text):
        places += [Card.eid_hash.in_(hashes), Card.activation_code_hash.in_(hashes)]
    return or_(*places)
