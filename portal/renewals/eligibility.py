"""Whether a card may be renewed at all, whatever the plan and whoever pays."""

from portal.agents.errors import AgentMayNotSell
from portal.agents.models import Agent, AgentStatus
from portal.cards.models import Card
from portal.core.db import db
from portal.renewals.errors import CardNotRenewable


def check(card: Card) -> None:
    """Let the sale of a renewal of this card pass.

    Raises:
        CardNotRenewable: the card is suspended or removed.
        AgentMayNotSell: its agent is not verified.
    """
    agent = db.session.get_one(Agent, card.agent_id)
    if agent.status is not AgentStatus.VERIFIED:
        raise AgentMayNotSell(status=agent.status)
    if not card.is_active:
        raise CardNotRenewable(state=card.state)
