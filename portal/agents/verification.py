"""Say whether an agent may sell."""

from types import MappingProxyType

from portal.agents.errors import AgentMayNotSell, StatusNotReachable
from portal.agents.models import Agent, AgentStatus
from portal.audit import log
from portal.core.actor import Actor
from portal.core.db import db

REACHABLE = MappingProxyType(
    {
        AgentStatus.PENDING: frozenset({AgentStatus.VERIFIED, AgentStatus.SUSPENDED}),
        AgentStatus.VERIFIED: frozenset({AgentStatus.SUSPENDED}),
        AgentStatus.SUSPENDED: frozenset({AgentStatus.VERIFIED}),
    }
)
"""Which status may follow which; nobody becomes unchecked again."""


def set_status(agent: Agent, *, status: AgentStatus, reason: str = "", actor: Actor) -> None:
    """Verify or suspend an agent; setting the status it has changes nothing. The reason stands in the audit log.

    Raises:
        StatusNotReachable: the agent cannot become that again.
    """
    # Two admins may decide at once: the second must see what the first did.
    db.session.refresh(agent, with_for_update=True)
    before = agent.status
    if before is status:
        return
    if status not in REACHABLE[before]:
        raise StatusNotReachable(status=before, wanted=status)
    agent.status = status
    db.session.flush()
    log.record(
        actor=actor,
        act="agents.set_status",
        subject=("agent", agent.id),
        before={"status": before},
        after={"status": status, "reason": reason},
    )


def check_may_sell(agent: Agent) -> None:
    """Refuse whoever may not sell.

    Raises:
        AgentMayNotSell: the agent is pending or suspended.
    """
    if not agent.may_sell:
        raise AgentMayNotSell(status=agent.status)
