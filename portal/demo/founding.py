"""Open the house of the demo: its people, its agents with their terms, and the catalogue."""

from dataclasses import dataclass
from pathlib import Path

from portal.accounts import passwords
from portal.accounts.models import User
from portal.agents import profile, terms, verification
from portal.agents.commission import Terms
from portal.agents.models import Agent, AgentStatus
from portal.audit import log
from portal.catalogue import importing
from portal.core.actor import COMMAND_LINE, Actor, ActorKind
from portal.core.db import db
from portal.core.ids import new_id
from portal.core.money import Money
from portal.demo import cast
from portal.demo.cast import Member
from portal.wallets import crediting

CATALOGUE = Path(__file__).with_name("catalogue.csv")

OUR_TERMS = Terms(fee_bps=500, share_bps=300)
"""Five per cent paid by the customer on top, three out of the operator's part."""

DEFAULT_TERMS = Terms(fee_bps=400, fee_max_minor=3000, share_bps=200)

AGENTS = (
    profile.AgentDetails(
        "环球通讯", cast.GLOBAL_LINK, "3101-7788", "Alice", "alice@global-link.example", "+862163520001"
    ),
    profile.AgentDetails(
        "太平洋通信", cast.PACIFIC_CONNECT, "3101-4402", "Bob", "bob@pacific.example", "+862163520002"
    ),
    profile.AgentDetails(
        "丝路移动", "Silk Road Mobile", "6101-0915", "马丽", "office@silkroad.example", "+862987650003"
    ),
    profile.AgentDetails("海港电讯", "Harbour Telecom", "4403-2260", "Ken", "ken@harbour.example", None),
)


@dataclass(frozen=True, slots=True)
class House:
    """Who there is: users by e-mail and agents by English name."""

    users: dict[str, User]
    agents: dict[str, Agent]

    def acting(self, member: Member) -> Actor:
        """Act as a member of the cast, from an address of their own."""
        user = self.users[member.email]
        host = 10 + cast.MEMBERS.index(member)
        return Actor(ActorKind.USER, user.id, user.name, f"203.0.113.{host}")


def found() -> House:
    """Take on everybody, write the catalogue and set the terms, all at the present instant of the clock."""
    house = House({}, {})
    _add(house, cast.DANA, actor=COMMAND_LINE)
    dana = house.acting(cast.DANA)
    for member in (cast.FINANCE, cast.AUDITOR):
        _add(house, member, actor=dana)
    importing.load(CATALOGUE.read_bytes(), actor=dana)
    terms.change_default(currency="CNY", terms=DEFAULT_TERMS, actor=dana)
    for details in AGENTS:
        house.agents[details.name_en] = profile.create(details, actor=dana)
    _set_up_agents(house, actor=dana)
    for member in (cast.ALICE, cast.CLERK, cast.BOB):
        _add(house, member, actor=dana)
    return house


def _set_up_agents(house: House, *, actor: Actor) -> None:
    ours, rival, _pending, harbour = house.agents.values()
    for agent in (ours, rival, harbour):
        verification.set_status(agent, status=AgentStatus.VERIFIED, actor=actor)
    for currency in ("CNY", "USD"):
        terms.change(agent_id=ours.id, currency=currency, terms=OUR_TERMS, actor=actor)
    crediting.set_limit(agent_id=ours.id, limit=Money(200_000, "CNY"), actor=actor)
    crediting.set_limit(agent_id=rival.id, limit=Money(0, "CNY"), actor=actor)
    verification.set_status(harbour, status=AgentStatus.SUSPENDED, reason="licence expired", actor=actor)


def _add(house: House, member: Member, *, actor: Actor) -> None:
    agent = house.agents.get(member.agent)
    user = User(
        id=new_id(),
        email=member.email,
        name=member.name,
        password_hash=passwords.make_hash(member.password),
        role=member.role,
        agent_id=agent.id if agent else None,
    )
    db.session.add(user)
    db.session.flush()  # the audit log and every later act name the row
    log.record(
        actor=actor,
        act="users.invite",
        subject=("user", user.id),
        after={"role": user.role, "name": user.name, "agent_id": user.agent_id},
    )
    house.users[member.email] = user
