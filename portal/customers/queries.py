"""Customers as pages read them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from portal.core import contacts, names
from portal.core.db import db, existing
from portal.core.errors import NotFound
from portal.core.pages import Page, newest_first
from portal.customers.models import Customer


def for_agent(agent_id: UUID, customer_id: UUID) -> Customer:
    """Give a customer of the agent.

    Raises:
        NotFound: there is none, or another agent's.
    """
    customer = by_id(customer_id)
    if customer.agent_id != agent_id:
        raise NotFound
    return customer


def by_id(customer_id: UUID) -> Customer:
    """Give a customer of whatever agent.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Customer, customer_id))


def with_contact(agent_id: UUID, *, email: str | None, phone: str | None) -> Sequence[Customer]:
    """List the agent's customers who have the address (lower case) or the number (E.164): at most one each."""
    contact: list[ColumnElement[bool]] = []
    if email:
        contact.append(func.lower(Customer.email) == email)
    if phone:
        contact.append(Customer.phone == phone)
    if not contact:
        return []
    return db.session.scalars(select(Customer).where(Customer.agent_id == agent_id, or_(*contact))).all()


def with_email(email: str) -> Sequence[Customer]:
    """List every agent's customers who have an e-mail address, in any case of letters: one person."""
    return db.session.scalars(
        select(Customer).where(func.lower(Customer.email) == email.strip().lower()).order_by(Customer.id)
    ).all()


def matching(agent_id: UUID, text: str = "", *, older: str | None = None, newer: str | None = None) -> Page[Customer]:
    """Page through an agent's customers whose name, address or number contains a text, the newest first."""
    query = select(Customer).where(Customer.agent_id == agent_id)
    if wanted := names.searchable(text):
        query = query.where(contains(wanted))
    return newest_first(query, Customer.id, older=older, newer=newer)


def suggestions(agent_id: UUID, text: str, *, limit: int = 6) -> Sequence[Customer]:
    """List a few of an agent's customers who match what is being typed; none before the second sign."""
    wanted = names.searchable(text)
    if len(wanted) < 2:
        return []
    return db.session.scalars(
        select(Customer)
        .where(Customer.agent_id == agent_id, contains(wanted))
        .order_by(Customer.name, Customer.id)
        .limit(limit)
    ).all()


def contains(text: str) -> ColumnElement[bool]:
    """Say that a customer's name, address or number contains a text, typed as people type it."""
    places = [
        Customer.name.icontains(text, autoescape=True),
        Customer.email.icontains(text, autoescape=True),
        Customer.phone.contains(text.replace(" ", ""), autoescape=True),
    ]
    if number := contacts.typed_phone(text):
        places.append(Customer.phone == number)
    return or_(*places)


def contact_facts(customer: Customer) -> dict[str, str | None]:
    """Tell what the audit log keeps of a customer before and after an act."""
    return {
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "locale": customer.locale,
        "receipt_language": customer.receipt_language,
    }
