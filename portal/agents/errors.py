"""What concerns agents and is refused."""

from portal.core.errors import Conflict, PortalError


class AgentMayNotSell(PortalError):
    """The agent is not verified, or suspended. Parts: `status`."""

    code = "agent_may_not_sell"
    status = 403


class LicenceTaken(Conflict):
    """Another agent has this licence number. Parts: `field`, `name_en`, `name_zh` of that agent."""

    code = "licence_taken"


class StatusNotReachable(Conflict):
    """The agent cannot go from its status to the wanted one. Parts: `status`, `wanted`."""

    code = "status_not_reachable"
