"""Correct what is known of a customer."""

from collections.abc import Sequence
from dataclasses import asdict

from portal.audit import log
from portal.core import uniqueness
from portal.core.actor import Actor
from portal.core.i18n import PaperLanguage
from portal.customers import queries
from portal.customers.details import CustomerDetails
from portal.customers.errors import ContactTaken
from portal.customers.models import UNIQUE_CONTACTS, Customer


def edit(customer: Customer, *, details: CustomerDetails, actor: Actor) -> None:
    """Set a customer's name, contacts and languages; receipts issued before keep the old ones.

    Raises:
        ContactTaken: another customer of the agent has the address or the number.
    """
    _refuse_taken(customer, details)
    before = queries.contact_facts(customer)
    for name, value in asdict(details).items():
        setattr(customer, name, value)
    uniqueness.flush(*UNIQUE_CONTACTS)
    after = queries.contact_facts(customer)
    if after != before:
        log.record(actor=actor, act="customers.edit", subject=("customer", customer.id), before=before, after=after)


def choose_receipt_language(customers: Sequence[Customer], *, language: PaperLanguage, actor: Actor) -> None:
    """Set the language of a person's receipts, at every agent who knows them; those issued before keep theirs."""
    for customer in customers:
        before = customer.receipt_language
        if before is not language:
            customer.receipt_language = language
            log.record(
                actor=actor,
                act="customers.edit",
                subject=("customer", customer.id),
                before={"receipt_language": before},
                after={"receipt_language": language},
            )


def _refuse_taken(customer: Customer, details: CustomerDetails) -> None:
    for other in queries.with_contact(customer.agent_id, email=details.email, phone=details.phone):
        if other.id != customer.id:
            field = "customer_email" if details.email and other.email == details.email else "customer_phone"
            raise ContactTaken(field=field, name=other.name, customer_id=other.id)
