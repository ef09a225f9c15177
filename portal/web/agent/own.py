"""Load what an address names, where it is this agent's; another agent's looks like none at all."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from flask import g, request

from portal.accounts import queries as users
from portal.accounts.models import Role, User
from portal.cards import queries as cards
from portal.cards.models import Card
from portal.core.db import existing
from portal.core.errors import NotFound
from portal.customers import queries as customers
from portal.customers.models import Customer
from portal.renewals import queries as renewals
from portal.renewals.models import Renewal
from portal.wallets import queries as wallets
from portal.wallets.queries import Wallet
from portal.web import requests


class InCurrency(Protocol):
    """Something that an agent has one of in each currency: a wallet, what it earned."""

    @property
    def currency(self) -> str:
        """The ISO 4217 code."""


Kept = TypeVar("Kept", bound=InCurrency)


def in_currency_asked_for(held: Sequence[Kept]) -> Kept | None:
    """Give what is in the currency that the address or form asks for; where it asks for none, the first, if any.

    Raises:
        NotFound: there is none in that currency.
    """
    asked = request.values.get("currency")
    if not asked:
        return held[0] if held else None
    return existing(next((one for one in held if one.currency == asked), None))


def wallet() -> Wallet:
    """Give the agent's wallet in the currency asked for, or the first.

    Raises:
        NotFound: there is none.
    """
    return existing(in_currency_asked_for(wallets.of_agent(g.agent.id)))


def card(card_id: str) -> Card:
    """Give the agent's card with this id.

    Raises:
        NotFound: there is none, or another agent's.
    """
    return cards.for_agent(g.agent.id, requests.id_in_address(card_id))


def customer(customer_id: str) -> Customer:
    """Give the agent's customer with this id.

    Raises:
        NotFound: there is none, or another agent's.
    """
    return customers.for_agent(g.agent.id, requests.id_in_address(customer_id))


def renewal(renewal_id: str) -> Renewal:
    """Give the agent's renewal with this id.

    Raises:
        NotFound: there is none, or another agent's.
    """
    return renewals.for_agent(g.agent.id, requests.id_in_address(renewal_id))


def clerk(user_id: str) -> User:
    """Give the agent's clerk with this id; owners are no clerks.

    Raises:
        NotFound: there is none, or another agent's.
    """
    found = users.by_id(requests.id_in_address(user_id))
    if found.agent_id != g.agent.id or found.role is not Role.AGENT_CLERK:
        raise NotFound
    return found
