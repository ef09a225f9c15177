"""Renewals as pages read them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from portal.cards.models import Card
from portal.core.db import db, existing
from portal.core.pages import Page, newest_first
from portal.customers.models import Customer
from portal.renewals.models import CarrierAttempt, Renewal, RenewalEvent
from portal.renewals.states import RenewalState

_WHOLE = (
    joinedload(Renewal.agent),
    joinedload(Renewal.customer),
    joinedload(Renewal.card),
    joinedload(Renewal.plan_version),
)


def for_agent(agent_id: UUID, renewal_id: UUID) -> Renewal:
    """Give an agent one of its renewals, with card, customer and plan.

    Raises:
        NotFound: there is none, or it is another agent's.
    """
    return _found(select(Renewal).where(Renewal.id == renewal_id, Renewal.agent_id == agent_id))


def by_id(renewal_id: UUID) -> Renewal:
    """Give a renewal to the operator, with agent, card, customer and plan.

    Raises:
        NotFound: there is none.
    """
    return _found(select(Renewal).where(Renewal.id == renewal_id))


def by_reference(reference: str) -> Renewal | None:
    """Find a renewal by its short reference."""
    return db.session.scalar(select(Renewal).where(Renewal.reference == reference.strip().upper()).options(*_WHOLE))


def list_for_agent(
    agent_id: UUID,
    *,
    text: str = "",
    states: Collection[RenewalState] = (),
    older: str | None = None,
    newer: str | None = None,
) -> Page[Renewal]:
    """Page through an agent's renewals, newest first, by states and by reference, ICCID or customer's name."""
    query = select(Renewal).where(Renewal.agent_id == agent_id).options(*_WHOLE)
    if states:
        query = query.where(Renewal.state.in_(states))
    if text:
        digits = "".join(sign for sign in text if sign.isdigit())
        matches = [
            Renewal.reference == text.strip().upper(),
            Customer.name.icontains(text.strip(), autoescape=True),
        ]
        if len(digits) >= 4:
            matches.append(Card.iccid.contains(digits, autoescape=True))
        query = query.join(Renewal.customer).join(Renewal.card).where(or_(*matches))
    return newest_first(query, Renewal.id, older=older, newer=newer)


def by_ids(renewal_ids: Collection[UUID]) -> dict[UUID, Renewal]:
    """Give the renewals with these ids, with card, customer and plan, for a list that names them."""
    found = db.session.scalars(select(Renewal).where(Renewal.id.in_(renewal_ids)).options(*_WHOLE))
    return {renewal.id: renewal for renewal in found}


def references_of(renewal_ids: Collection[UUID]) -> dict[UUID, str]:
    """Give the references of the renewals among some ids."""
    rows = db.session.execute(select(Renewal.id, Renewal.reference).where(Renewal.id.in_(renewal_ids)))
    return {row.id: row.reference for row in rows}


def of_card(card_id: UUID, *, limit: int = 50) -> list[Renewal]:
    """List a card's renewals, newest first."""
    return _listed(select(Renewal).where(Renewal.card_id == card_id), limit=limit)


def of_customers(customer_ids: Sequence[UUID], *, limit: int = 50) -> list[Renewal]:
    """List a person's renewals, newest first."""
    return _listed(select(Renewal).where(Renewal.customer_id.in_(customer_ids)), limit=limit)


def latest_of_agent(agent_id: UUID, *, limit: int = 5) -> list[Renewal]:
    """List an agent's latest renewals, newest first."""
    return _listed(select(Renewal).where(Renewal.agent_id == agent_id), limit=limit)


def events_of(renewal_id: UUID) -> list[RenewalEvent]:
    """List the changes of a renewal's state, oldest first."""
    return list(
        db.session.scalars(
            select(RenewalEvent)
            .where(RenewalEvent.renewal_id == renewal_id)
            .order_by(RenewalEvent.id)
            .execution_options(populate_existing=True)
        )
    )


def attempts_of(renewal_id: UUID) -> list[CarrierAttempt]:
    """List the calls to the carrier about a renewal, oldest first."""
    return list(
        db.session.scalars(
            select(CarrierAttempt)
            .where(CarrierAttempt.renewal_id == renewal_id)
            .order_by(CarrierAttempt.started_at)
            .execution_options(populate_existing=True)
        )
    )


def _found(query: Select[Renewal]) -> Renewal:
    return existing(db.session.scalar(query.options(*_WHOLE).execution_options(populate_existing=True)))


def _listed(query: Select[Renewal], *, limit: int) -> list[Renewal]:
    return list(db.session.scalars(query.options(*_WHOLE).order_by(Renewal.id.desc()).limit(limit)))
