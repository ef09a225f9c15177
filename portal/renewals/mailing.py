"""Mail a customer the link at which a renewal is paid."""

from datetime import timedelta
from uuid import UUID

from portal.audit import log
from portal.catalogue.models import PlanVersion
from portal.core import clock, letters, settings
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.i18n import day_in
from portal.customers.errors import LinkJustSent, NoEmail
from portal.customers.models import Customer
from portal.renewals.errors import NoLongerPayable
from portal.renewals.models import PayLink, Renewal
from portal.renewals.states import RenewalState

PAUSE = timedelta(minutes=1)
"""The least time between two such mails: a button pressed twice sends one."""


def send_link(renewal_id: UUID, *, actor: Actor) -> str:
    """Mail the customer where to pay, in their language; gives the address it went to.

    Raises:
        NoEmail: no address of the customer is known.
        LinkJustSent: the last one left less than a minute ago.
        NoLongerPayable: it was paid or cancelled, or its link has run out.
    """
    # Two presses at the same moment go one after the other, so that the second sees the first one's mail.
    link = db.session.get_one(PayLink, renewal_id, with_for_update=True, populate_existing=True)
    renewal = db.session.get_one(Renewal, renewal_id)
    customer = db.session.get_one(Customer, renewal.customer_id)
    now = clock.now()
    if renewal.state is not RenewalState.AWAITING_PAYMENT or link.expires_at <= now:
        raise NoLongerPayable(state=renewal.state)
    if not customer.email:
        raise NoEmail
    if link.mailed_at is not None and link.mailed_at > now - PAUSE:
        raise LinkJustSent
    link.mailed_at = now
    _write(renewal, customer, link)
    log.record(actor=actor, act="renewals.mail_link", subject=("renewal", renewal.id))
    return customer.email


def _write(renewal: Renewal, customer: Customer, link: PayLink) -> None:
    plan = db.session.get_one(PlanVersion, renewal.plan_version_id)
    letters.send(
        "pay_link",
        recipient=customer.email or "",
        language=customer.locale,
        about=("renewal", renewal.id),
        name=customer.name,
        plan=plan.name_zh if customer.locale == "zh" else plan.name_en,
        total=renewal.total,
        link=link.address,
        until=day_in(link.expires_at, zone=settings.current().time_zone),
    )
