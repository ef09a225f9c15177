"""The agent's counter: cards, customers, renewals, the wallet and who stands there."""

from portal.web.agent import (
    automatic_top_up,
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
    terms,
    topping_up,
    wallet,
    words,
)
from portal.web.agent.blueprint import blueprint

__all__ = [
    "automatic_top_up",
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
    "terms",
    "topping_up",
    "wallet",
    "words",
]
