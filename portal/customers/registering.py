"""Find a customer by e-mail or phone, or take a new one on."""

from collections.abc import Sequence
from uuid import UUID

from portal.audit import log
from portal.core import uniqueness
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.ids import new_id
from portal.customers import queries
from portal.customers.details import CustomerDetails
from portal.customers.errors import CustomersDiffer
from portal.customers.models import UNIQUE_CONTACTS, Customer


def find_or_add(*, agent_id: UUID, details: CustomerDetails, actor: Actor) -> Customer:
    """Give the agent's customer who has this address or number, or add one; a contact not known yet is added.

    The name and languages on record stay: a person is renamed on their own page only.

    Raises:
        CustomersDiffer: the address is one customer's, the number another's.
    """
    known = find(agent_id=agent_id, details=details)
    if known is not None:
        _complete(known, details, actor=actor)
        return known
    customer = Customer(
        id=new_id(),
        agent_id=agent_id,
        name=details.name,
        email=details.email,
        phone=details.phone,
        locale=details.locale,
        receipt_language=details.receipt_language,
    )
    db.session.add(customer)
    uniqueness.flush(*UNIQUE_CONTACTS)
    log.record(
        actor=actor, act="customers.add", subject=("customer", customer.id), after=queries.contact_facts(customer)
    )
    return customer


def find(*, agent_id: UUID, details: CustomerDetails) -> Customer | None:
    """Find the agent's customer who has this address or number.

    Raises:
        CustomersDiffer: the address is one customer's, the number another's.
    """
    known: Sequence[Customer] = queries.with_contact(agent_id, email=details.email, phone=details.phone)
    if len(known) > 1:
        by_email, by_phone = sorted(known, key=lambda customer: customer.email != details.email)
        raise CustomersDiffer(field="customer_phone", email_name=by_email.name, phone_name=by_phone.name)
    return known[0] if known else None


def _complete(customer: Customer, details: CustomerDetails, *, actor: Actor) -> None:
    before = queries.contact_facts(customer)
    customer.email = customer.email or details.email
    customer.phone = customer.phone or details.phone
    after = queries.contact_facts(customer)
    if after != before:
        uniqueness.flush(*UNIQUE_CONTACTS)
        log.record(actor=actor, act="customers.edit", subject=("customer", customer.id), before=before, after=after)
