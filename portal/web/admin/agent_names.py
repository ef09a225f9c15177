"""Find the agent that somebody means: by id, licence number or name; and suggest names while they type."""

from uuid import UUID

from flask import render_template, request

from portal.agents import queries
from portal.agents.models import Agent
from portal.agents.queries import AgentFilter
from portal.core import ids
from portal.core.errors import InvalidInput, NotFound
from portal.web import access
from portal.web.admin.blueprint import blueprint

MOST_SUGGESTED = 12


def meant_by(text: str, *, field: str = "agent") -> Agent:
    """Give the one agent with this id, licence number or name, or whose name alone contains the text.

    Raises:
        InvalidInput: `agent_unknown`, or `agent_ambiguous` with the `names` of a few that match.
    """
    if agent_id := ids.parse_id(text):
        return _by_id(agent_id, field=field)
    found = queries.matching(AgentFilter(text=text)).rows
    wanted = text.casefold()
    for exact in (
        [agent for agent in found if agent.licence_number.casefold() == wanted],
        [agent for agent in found if wanted in (agent.name_en.casefold(), agent.name_zh.casefold())],
    ):
        if len(exact) == 1:
            return exact[0]
    if not found:
        raise InvalidInput(field=field, reason="agent_unknown")
    if len(found) > 1:
        names = "; ".join(f"{agent.name_en} ({agent.licence_number})" for agent in found[:5])
        raise InvalidInput(field=field, reason="agent_ambiguous", names=names)
    return found[0]


@blueprint.get("/agents/names")
@access.admin("agents.read")
def agent_names() -> str:
    """Suggest agents whose names contain what is being typed."""
    text = (request.args.get("agent") or "").strip()
    found = queries.matching(AgentFilter(text=text)).rows if text else []
    return render_template("admin/agents/_names.html", agents=found[:MOST_SUGGESTED])


def _by_id(agent_id: UUID, *, field: str) -> Agent:
    try:
        return queries.by_id(agent_id)
    except NotFound as error:
        raise InvalidInput(field=field, reason="agent_unknown") from error
