"""The agent's counter: cards, customers, renewals, the wallet and who stands there."""

from portal.web.agent import (
    card,
    cards,
    clerks,
    customers,
    earnings,
    home,
    low_balance,
    pay_links,
    payouts,
    registering,
    renewals,
    renewing,
    topping_up,
    wallet,
    words,
)
from portal.web.agent.blueprint import blueprint

__all__ = [
    "blueprint",
    "card",
    "cards",
    "clerks",
    "customers",
    "earnings",
    "home",
    "low_balance",
    "pay_links",
    "payouts",
    "registering",
    "renewals",
    "renewing",
    "topping_up",
    "wallet",
    "words",
]
