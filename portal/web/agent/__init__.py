"""The agent's counter: cards, customers, renewals, the wallet and who stands there."""

from portal.web.agent import (
    card,
    cards,
    clerks,
    customers,
    home,
    registering,
    renewals,
    renewing,
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
    "home",
    "registering",
    "renewals",
    "renewing",
    "wallet",
    "words",
]
