"""Register a customer's card with an agent."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from portal.agents import queries as agents
from portal.agents import verification
from portal.audit import log
from portal.cards import concealing
from portal.cards.details import CardDetails
from portal.cards.errors import CardHeldElsewhere, CardRegisteredAlready, NeedsConfirmation
from portal.cards.models import Card, CardState
from portal.core import outbox, uniqueness
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.ids import new_id
from portal.customers import queries as customers
from portal.customers import registering as customer_registering
from portal.customers.details import CustomerDetails
from portal.customers.models import Customer


def register(
    details: CardDetails,
    *,
    agent_id: UUID,
    customer: CustomerDetails | UUID,
    actor: Actor,
    confirmed: Collection[str] = (),
) -> Card:
    """Register a card for one of the agent's customers, found by contact or new, and ask its carrier for its state.

    Args:
        details: the card's identifiers, label and carrier.
        agent_id: who registers.
        customer: the id of a customer of the agent, or the details of one.
        actor: who does it.
        confirmed: the warnings that were shown and accepted.

    Raises:
        AgentMayNotSell: the agent is not verified.
        CardRegisteredAlready: the agent has the card.
        CardHeldElsewhere: another agent has it.
        CustomersDiffer: the address is one customer's, the number another's.
        NeedsConfirmation: an identifier is odd, or the contact is known under another name.
        NotFound: no such customer at this agent.
    """
    verification.check_may_sell(agents.by_id(agent_id))
    _refuse_registered(details.iccid.number, agent_id=agent_id)
    _ask_about(details, customer, agent_id=agent_id, confirmed=confirmed)
    owner = _owner(customer, agent_id=agent_id, actor=actor)
    card = _new_card(details, owner)
    db.session.add(card)
    uniqueness.flush("uq_cards_registered_iccid")  # registered by somebody else just now? The next look says by whom
    log.record(
        actor=actor,
        act="cards.register",
        subject=("card", card.id),
        after={
            "iccid": card.iccid,
            "carrier": card.carrier,
            "customer_id": owner.id,
            "label": card.label,
            "confirmed": [warning for warning in details.iccid.warnings if warning in confirmed],
        },
    )
    outbox.add("cards.read_usage", card.id)
    return card


def warnings(details: CardDetails, customer: CustomerDetails | UUID, *, agent_id: UUID) -> NeedsConfirmation | None:
    """Give all that somebody should confirm before the card is registered; None when nothing is odd.

    Raises:
        CustomersDiffer: the address is one customer's, the number another's.
    """
    known = None if isinstance(customer, UUID) else customer_registering.find(agent_id=agent_id, details=customer)
    found = list(details.iccid.warnings)
    known_name = ""
    if isinstance(customer, CustomerDetails) and known and known.name.casefold() != customer.name.casefold():
        found.append("customer_other_name")
        known_name = known.name
    return NeedsConfirmation(field="iccid", warnings=found, known_name=known_name) if found else None


def _refuse_registered(iccid: str, *, agent_id: UUID) -> None:
    holder = db.session.execute(
        select(Card.id, Card.agent_id).where(Card.iccid == iccid, Card.state != CardState.REMOVED)
    ).first()
    if holder is None:
        return
    if holder.agent_id != agent_id:
        raise CardHeldElsewhere(field="iccid")
    raise CardRegisteredAlready(field="iccid", card_id=holder.id)


def _ask_about(
    details: CardDetails, customer: CustomerDetails | UUID, *, agent_id: UUID, confirmed: Collection[str]
) -> None:
    question = warnings(details, customer, agent_id=agent_id)
    if question and not set(question.parts["warnings"]) <= set(confirmed):
        raise question


def _owner(customer: CustomerDetails | UUID, *, agent_id: UUID, actor: Actor) -> Customer:
    if isinstance(customer, UUID):
        return customers.for_agent(agent_id, customer)
    return customer_registering.find_or_add(agent_id=agent_id, details=customer, actor=actor)


def _new_card(details: CardDetails, owner: Customer) -> Card:
    eid = concealing.conceal(details.eid)
    activation_code = concealing.conceal(details.activation_code)
    return Card(
        id=new_id(),
        agent_id=owner.agent_id,
        customer=owner,
        iccid=details.iccid.number,
        msisdn=details.msisdn,
        eid_encrypted=eid.encrypted,
        eid_hash=eid.hash,
        activation_code_encrypted=activation_code.encrypted,
        activation_code_hash=activation_code.hash,
        label=details.label,
        carrier=details.carrier,
    )
