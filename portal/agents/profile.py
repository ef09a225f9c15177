"""Take an agent on, and correct what is known of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import select

from portal.agents import terms
from portal.agents.commission import Terms
from portal.agents.errors import LicenceTaken
from portal.agents.models import Agent
from portal.audit import log
from portal.core import contacts, names, uniqueness
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.ids import new_id


@dataclass(frozen=True, slots=True)
class AgentDetails:
    """An agent's names, licence and contact: composed, and free of signs that cannot be seen."""

    name_zh: str
    name_en: str
    licence_number: str
    contact_name: str
    contact_email: str
    contact_phone: str | None


def read(
    *, name_zh: str, name_en: str, licence_number: str, contact_name: str, contact_email: str, contact_phone: str = ""
) -> AgentDetails:
    """Read an agent's details as they were typed.

    Raises:
        InvalidInput: a name is missing, holds signs that cannot be seen or mixes scripts; `email_invalid`,
            `phone_invalid`, `too_long`.
    """
    for field, name in (("name_zh", name_zh), ("name_en", name_en)):
        names.refuse_mixed_scripts(name, field=field)
    return AgentDetails(
        name_zh=names.read(name_zh, field="name_zh"),
        name_en=names.read(name_en, field="name_en"),
        licence_number=names.read(licence_number, field="licence_number", longest=60).upper(),
        contact_name=names.read(contact_name, field="contact_name"),
        contact_email=contacts.read_email(contact_email, field="contact_email"),
        contact_phone=contacts.read_phone(contact_phone, field="contact_phone") if contact_phone.strip() else None,
    )


def create(details: AgentDetails, *, actor: Actor, terms_by_currency: Mapping[str, Terms] | None = None) -> Agent:
    """Take on an agent, pending until its papers are checked; a wallet is opened for each currency with terms.

    Raises:
        LicenceTaken: another agent has the licence number.
        InvalidInput: terms that cannot be.
    """
    agent = Agent(id=new_id(), **asdict(details))
    _refuse_taken(agent.id, details)
    db.session.add(agent)
    uniqueness.flush("uq_agents_licence_number")
    log.record(actor=actor, act="agents.create", subject=("agent", agent.id), after=asdict(details))
    for currency, wanted in (terms_by_currency or {}).items():
        terms.change(agent_id=agent.id, currency=currency, terms=wanted, actor=actor)
    return agent


def edit(agent: Agent, *, details: AgentDetails, actor: Actor) -> None:
    """Set an agent's names, licence and contact; receipts issued before keep the old ones.

    Raises:
        LicenceTaken: another agent has the licence number.
    """
    _refuse_taken(agent.id, details)
    changed = {name: value for name, value in asdict(details).items() if getattr(agent, name) != value}
    if not changed:
        return
    before = {name: getattr(agent, name) for name in changed}
    for name, value in changed.items():
        setattr(agent, name, value)
    uniqueness.flush("uq_agents_licence_number")
    log.record(actor=actor, act="agents.edit", subject=("agent", agent.id), before=before, after=changed)


def _refuse_taken(agent_id: UUID, details: AgentDetails) -> None:
    other = db.session.scalar(select(Agent).where(Agent.licence_number == details.licence_number, Agent.id != agent_id))
    if other is not None:
        raise LicenceTaken(field="licence_number", name_en=other.name_en, name_zh=other.name_zh)
