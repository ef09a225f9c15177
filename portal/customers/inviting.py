"""Mail a customer the link that opens their cards and receipts."""

from datetime import timedelta

from sqlalchemy import select

from portal.accounts import links
from portal.audit import log
from portal.core import clock, letters
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.mail import Mail
from portal.customers.errors import LinkJustSent, NoEmail
from portal.customers.models import Customer

KIND = "customer_link"

PAUSE = timedelta(minutes=1)
"""The least time between two such mails to one customer: a button pressed twice sends one."""


def send_link(customer: Customer, *, actor: Actor) -> None:
    """Mail the customer a link, good for seven days and one use, that signs them in without a password.

    Raises:
        NoEmail: no address of the customer is known.
        LinkJustSent: the last one left less than a minute ago.
    """
    # Two presses at the same moment go one after the other, so that the second sees the first one's mail.
    db.session.refresh(customer, with_for_update=True)
    if not customer.email:
        raise NoEmail
    if _was_just_sent(customer):
        raise LinkJustSent
    link = links.address_for_customer(customer.id, email=customer.email)
    letters.send(
        KIND,
        recipient=customer.email,
        language=customer.locale,
        about=("customer", customer.id),
        name=customer.name,
        link=link,
    )
    log.record(actor=actor, act="customers.send_link", subject=("customer", customer.id))


def _was_just_sent(customer: Customer) -> bool:
    return (
        db.session.scalar(
            select(Mail.id)
            .where(Mail.subject_id == customer.id, Mail.kind == KIND, Mail.created_at > clock.now() - PAUSE)
            .limit(1)
        )
        is not None
    )
