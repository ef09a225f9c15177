"""Who trades in the market, with what, and who looks after the money."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from portal.accounts.models import Role
from portal.agents import parents, terms
from portal.agents.commission import Terms
from portal.agents.models import Agent
from portal.core.actor import Actor
from portal.core.db import db
from portal.ledger import chart
from portal.payments import offers
from portal.payments.models import (
    PaymentChannel,
)
from portal.payments.providers.base import Method
from portal.payouts import bank_account, banking
from portal.sandbox import plans as sandbox_plans
from tests import make
from tests.promotions import promoting

CHANNELS = {
    "CNY": {Method.CARD: "stripe", Method.ALIPAY: "alipay", Method.WECHAT_PAY: "wechat_pay", Method.PAYPAL: "paypal"},
    "USD": {Method.CARD: "stripe", Method.PAYPAL: "paypal"},
    "JPY": {Method.CARD: "stripe", Method.PAYPAL: "paypal"},
}

PRICES = {"CNY": (8_300, 13_900, 2_800, 1), "USD": (1_250, 4_999), "JPY": (980, 12_345)}
"""In minor units; one plan costs a single fen."""

CARRIERS = ("sandbox-east", "sandbox-west")


class CardThere(NamedTuple):
    id: UUID
    carrier: str


class PlanThere(NamedTuple):
    code: str
    carrier: str
    currency: str


@dataclass(frozen=True)
class Shop:
    """An agent with its owner, its cards, and the currencies it sells in."""

    agent_id: UUID
    actor: Actor
    currencies: tuple[str, ...]
    cards: list[CardThere]


@dataclass(frozen=True)
class Town:
    shops: list[Shop]
    plans: list[PlanThere]
    fiona: Actor
    frank: Actor
    dana: Actor


def found_town() -> Town:
    """Three agents, one above another, ten or so plans of two carriers in three currencies, and three promotions."""
    fiona, frank = (make.actor(make.user(role=Role.FINANCE, name=name)) for name in ("Fiona", "Frank"))
    dana = make.actor(make.user(role=Role.ADMIN, name="Dana"))
    shops = [_shop("Alice", "CNY", "USD", by=dana), _shop("Bob", "CNY", by=dana), _shop("Carl", "JPY", "CNY", by=dana)]
    below, above = (db.session.get_one(Agent, shops[number].agent_id) for number in (1, 0))
    parents.set_parent(below, parent=above, override_bps=75, actor=dana)
    for currency, chosen in CHANNELS.items():
        chart.open_accounts([chart.ESCROW, chart.BANK], currency)
        for channel in PaymentChannel:
            offers.offer(currency=currency, channel=channel, chosen=chosen, actor=dana)
    promoting.campaign(name="Launch", bps=500, total_limit=40)
    promoting.with_code("SPRING10", max_uses=30, bps=1_000)
    promoting.with_code("YEN2026", currency="JPY", bps=700, per_customer_limit=3)
    return Town(shops, _plans(), fiona, frank, dana)


def _plans() -> list[PlanThere]:
    sold = sandbox_plans.read(sandbox_plans.DEMO_CATALOGUE)
    codes = {carrier: iter(sorted(sold[carrier])) for carrier in CARRIERS}
    return [
        _plan(next(codes[carrier]), carrier, currency, price)
        for currency, prices in PRICES.items()
        for price in prices
        for carrier in CARRIERS
    ]


def _plan(code: str, carrier: str, currency: str, price: int) -> PlanThere:
    make.plan(code=code, carrier=carrier, currency=currency, price_minor=price, cost_minor=price * 3 // 5)
    return PlanThere(code, carrier, currency)


def _shop(name: str, *currencies: str, by: Actor) -> Shop:
    agent = make.agent(name_en=name, currency=currencies[0])
    for currency in currencies[1:]:
        make.terms(agent, currency=currency)
        chart.open_accounts([chart.agent_wallet(agent.id), chart.commission_earned(agent.id)], currency)
    owner = make.actor(make.user(role=Role.AGENT_OWNER, of=agent, name=name))
    for currency in currencies:
        rates = Terms(fee_bps=500, share_bps=300, hold_days=0)
        terms.change(agent_id=agent.id, currency=currency, terms=rates, actor=by)
        banking.keep(
            agent_id=agent.id,
            currency=currency,
            account=bank_account.read(holder=name, bank="ICBC", number="6222 0210 0111 2223 334", bic="ICBKCNBJ"),
            actor=owner,
        )
    customers = [make.customer(agent, name=f"{name}'s {number}") for number in range(3)]
    cards = [CardThere(make.card(one, carrier=carrier).id, carrier) for one in customers for carrier in CARRIERS]
    return Shop(agent.id, owner, currencies, cards)
