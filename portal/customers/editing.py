"""Correct what is known of a customer."""

from dataclasses import asdict

from sqlalchemy.exc import IntegrityError

from portal.audit import log
from portal.core.actor import Actor
from portal.core.db import RunAgain, db
from portal.customers import queries
from portal.customers.details import CustomerDetails
from portal.customers.errors import ContactTaken
from portal.customers.models import Customer


def edit(customer: Customer, *, details: CustomerDetails, actor: Actor) -> None:
    """Set a customer's name, contacts and language; receipts issued before keep the old ones.

    Raises:
        ContactTaken: another customer of the agent has the address or the number.
    """
    _refuse_taken(customer, details)
    before = queries.contact_facts(customer)
    for name, value in asdict(details).items():
        setattr(customer, name, value)
    try:
        db.session.flush()  # the unique contacts must refuse here
    except IntegrityError as error:
        raise RunAgain from error  # taken since we looked; now it can be seen
    after = queries.contact_facts(customer)
    if after != before:
        log.record(actor=actor, act="customers.edit", subject=("customer", customer.id), before=before, after=after)


def _refuse_taken(customer: Customer, details: CustomerDetails) -> None:
    for other in queries.with_contact(customer.agent_id, email=details.email, phone=details.phone):
        if other.id != customer.id:
            field = "customer_email" if details.email and other.email == details.email else "customer_phone"
            raise ContactTaken(field=field, name=other.name, customer_id=other.id)
