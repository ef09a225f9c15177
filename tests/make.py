"""Make what tests need, with fixed values; every maker flushes and leaves the transaction to its caller."""

from datetime import UTC, date, datetime
from itertools import count
from uuid import UUID

from sqlalchemy import select

from portal.accounts.models import Role, User
from portal.agents.models import Agent, AgentStatus, CommissionTerms
from portal.cards.models import Card, CardState
from portal.catalogue.models import Plan, PlanVersion, Term
from portal.core import clock, ids
from portal.core.actor import Actor, ActorKind
from portal.core.db import db
from portal.core.ids import new_id
from portal.core.money import Money
from portal.customers.models import Customer
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.wallets import crediting, topping_up

_numbers = count(1)


def actor(user: User | None = None, *, name: str = "Alice") -> Actor:
    """Act as a user at the counter."""
    return Actor(ActorKind.USER, user.id if user else new_id(), user.name if user else name, "203.0.113.7", "req-1")


def agent(
    *,
    name_en: str = "Global Link",
    name_zh: str = "环球通讯",
    status: AgentStatus = AgentStatus.VERIFIED,
    currency: str = "CNY",
    fee_bps: int = 500,
    share_bps: int = 300,
) -> Agent:
    """Make an agent with terms (fee 5 %, share 3 %) and an empty wallet in one currency."""
    made = Agent(
        name_en=name_en,
        name_zh=name_zh,
        licence_number=f"3101-{next(_numbers):04d}",
        contact_name="Alice",
        contact_email="alice@global-link.example",
        status=status,
    )
    db.session.add(made)
    db.session.flush()
    terms(made, currency=currency, fee_bps=fee_bps, share_bps=share_bps)
    chart.open_accounts([chart.agent_wallet(made.id), chart.commission_earned(made.id)], currency)
    return made


def terms(of: Agent | None, *, currency: str = "CNY", fee_bps: int = 500, share_bps: int = 300) -> CommissionTerms:
    """Make the first version of an agent's terms, or of the operator's default."""
    made = CommissionTerms(
        agent_id=of.id if of else None, currency=currency, version=1, fee_bps=fee_bps, share_bps=share_bps
    )
    db.session.add(made)
    db.session.flush()
    return made


def user(*, role: Role = Role.ADMIN, of: Agent | None = None, email: str | None = None, name: str = "Dana") -> User:
    """Make a user without a password."""
    made = User(
        email=email or f"user{next(_numbers)}@leb.example", name=name, role=role, agent_id=of.id if of else None
    )
    db.session.add(made)
    db.session.flush()
    return made


def customer(of: Agent, *, name: str = "张喆", email: str | None = None, locale: str = "zh") -> Customer:
    """Make a customer of an agent."""
    made = Customer(
        agent_id=of.id, name=name, email=email or f"customer{next(_numbers)}@customers.example", locale=locale
    )
    db.session.add(made)
    db.session.flush()
    return made


def plan(
    *,
    code: str | None = None,
    carrier: str = "sandbox-east",
    price_minor: int = 10000,
    cost_minor: int = 6120,
    currency: str = "CNY",
    tax_bps: int = 600,
    data_mb: int | None = 10240,
    validity_days: int = 30,
) -> PlanVersion:
    """Make a plan: Japan 10 GB / 30 days for CNY 100.00 with 6 % tax in it, costing 61.20."""
    made = Plan(code=code or f"JP-10G-30D-{next(_numbers)}")
    db.session.add(made)
    db.session.flush()
    version = PlanVersion(
        plan_id=made.id,
        version=1,
        carrier=carrier,
        name_en="Japan 10 GB / 30 days",
        name_zh="日本 10GB/30天",
        data_mb=data_mb,
        validity_days=validity_days,
        regions=["JP"],
        term=Term.SHORT,
        price_minor=price_minor,
        cost_minor=cost_minor,
        currency=currency,
        tax_bps=tax_bps,
    )
    db.session.add(version)
    db.session.flush()
    return version


def card(
    of: Customer,
    *,
    iccid: str | None = None,
    carrier: str = "sandbox-east",
    state: CardState = CardState.ACTIVE,
    valid_until: datetime | None = datetime(2026, 11, 23, 4, 0, tzinfo=UTC),
    data_left_mb: int | None = 614,
) -> Card:
    """Make a card that runs out on 23 November 2026 with 614 MB left of 10 GB."""
    made = Card(
        agent_id=of.agent_id,
        customer_id=of.id,
        iccid=iccid or f"8985200{next(_numbers):013d}",
        carrier=carrier,
        state=state,
        data_total_mb=10240,
        data_left_mb=data_left_mb,
        valid_until=valid_until,
        usage_read_at=datetime(2026, 11, 22, 6, 0, tzinfo=UTC),
    )
    db.session.add(made)
    db.session.flush()
    return made


def money_in(of: Agent, amount_minor: int, *, currency: str = "CNY", by: User | None = None) -> None:
    """Top up an agent's wallet by bank."""
    finance = by or user(role=Role.FINANCE, name="Fiona")
    topping_up.record(
        agent_id=of.id,
        amount=Money(amount_minor, currency),
        bank_reference=f"BANK-{next(_numbers)}",
        received_on=date(2026, 11, 20),
        note="",
        actor=actor(finance),
    )


def credit_limit(of: Agent, limit_minor: int, *, currency: str = "CNY") -> None:
    """Let an agent's wallet fall below zero by so much."""
    crediting.set_limit(agent_id=of.id, limit=Money(limit_minor, currency), actor=actor())


def key() -> UUID:
    """Make an idempotency key."""
    return ids.new_id()


def new_version(of: PlanVersion, *, price_minor: int) -> PlanVersion:
    """Change a plan's price: its version is superseded by another."""
    of.superseded_at = clock.now()
    db.session.flush()
    made = PlanVersion(
        plan_id=of.plan_id,
        version=of.version + 1,
        carrier=of.carrier,
        name_en=of.name_en,
        name_zh=of.name_zh,
        data_mb=of.data_mb,
        validity_days=of.validity_days,
        regions=of.regions,
        term=of.term,
        price_minor=price_minor,
        cost_minor=of.cost_minor,
        currency=of.currency,
        tax_bps=of.tax_bps,
    )
    db.session.add(made)
    db.session.flush()
    return made


def spend(of: Agent, amount_minor: int, *, currency: str = "CNY") -> None:
    """Take money out of a wallet, to the bank."""
    entry_id = new_id()
    journal.post(
        EntryDraft(
            key=f"spend:{entry_id}",
            kind="spend",
            subject_kind="agent",
            subject_id=of.id,
            currency=currency,
            lines=(Line(chart.agent_wallet(of.id), chart.BANK, amount_minor),),
        )
    )


def terms_of(of: Agent, *, currency: str = "CNY") -> CommissionTerms:
    """Give the terms in force of an agent."""
    return db.session.scalars(
        select(CommissionTerms).where(
            CommissionTerms.agent_id == of.id,
            CommissionTerms.currency == currency,
            CommissionTerms.superseded_at.is_(None),
        )
    ).one()
