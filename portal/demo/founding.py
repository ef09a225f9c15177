"""Open the house of the demo: its people, its agents with their terms, and the catalogue."""

from dataclasses import dataclass
from pathlib import Path

from portal.accounts import passwords
from portal.accounts.models import User
from portal.agents import parents, profile, rules, terms, verification
from portal.agents.commission import Conditions, Rule, SaleKind, Terms, Tier
from portal.agents.models import Agent, AgentStatus
from portal.audit import log
from portal.catalogue import importing
from portal.core.actor import COMMAND_LINE, Actor, ActorKind
from portal.core.db import db
from portal.core.ids import new_id
from portal.core.money import Money
from portal.demo import cast
from portal.demo.cast import Member
from portal.payments import offers
from portal.payments.models import PaymentChannel
from portal.payments.providers.base import Method
from portal.wallets import crediting

CATALOGUE = Path(__file__).with_name("catalogue.csv")

OUR_TERMS = Terms(fee_bps=500, share_bps=300)
"""Five per cent paid by the customer on top, three out of the operator's part."""

FIRST_SALES = Rule(Conditions(sale=SaleKind.FIRST), share_bps=500)
"""Five per cent instead of three for the first renewal of a card."""

TIERS = (Tier(500_000, 50), Tier(2_000_000, 100))
"""Half a per cent more from CNY 5,000.00 a month on, one from CNY 20,000.00."""

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


WAYS_TO_PAY = {
    "CNY": {
        Method.CARD: "stripe",
        Method.ALIPAY: "alipay",
        Method.WECHAT_PAY: "wechat_pay",
    },
    "USD": {Method.CARD: "stripe", Method.PAYPAL: "paypal"},
}
"""What the demo offers, agents and customers alike; the sandbox stands in for every provider."""


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
    _offer_ways_to_pay(actor=dana)
    for details in AGENTS:
        house.agents[details.name_en] = profile.create(details, actor=dana)
    _set_up_agents(house, actor=dana)
    for member in (cast.ALICE, cast.CLERK, cast.BOB):
        _add(house, member, actor=dana)
    return house


def _offer_ways_to_pay(*, actor: Actor) -> None:
    for currency, chosen in WAYS_TO_PAY.items():
        for channel in PaymentChannel:
            offers.offer(currency=currency, channel=channel, chosen=chosen, actor=actor)


def _set_up_agents(house: House, *, actor: Actor) -> None:
    ours, rival, _pending, harbour = house.agents.values()
    for agent in (ours, rival, harbour):
        verification.set_status(agent, status=AgentStatus.VERIFIED, actor=actor)
    for currency in ("CNY", "USD"):
        terms.change(agent_id=ours.id, currency=currency, terms=OUR_TERMS, actor=actor)
    rules.add(agent_id=ours.id, currency="CNY", rule=FIRST_SALES, actor=actor)
    for tier in TIERS:
        rules.add_tier(agent_id=ours.id, currency="CNY", tier=tier, actor=actor)
    parents.set_parent(harbour, parent=ours, override_bps=50, actor=actor)
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
