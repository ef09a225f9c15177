"""Say which agent stands above another and earns on its sales: one level, out of the operator's part."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, func, select

from portal.agents.models import Agent
from portal.audit import log
from portal.core import turns
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.money import BPS


def set_parent(agent: Agent, *, parent: Agent | None, override_bps: int, actor: Actor) -> None:
    """Put an agent below another, or let it stand alone; what it sold before keeps the parent it had then.

    Raises:
        InvalidInput: `parent_is_itself`, `parent_has_parent`, `agent_has_children`, `rate_out_of_range`.
    """
    # Two of these at once could each see no parent above, and together make two levels.
    turns.wait_for("agents.parents")
    db.session.refresh(agent)
    if parent is not None:
        db.session.refresh(parent)
        _check(agent, parent)
    if not 0 <= override_bps <= BPS:
        raise InvalidInput(field="override_bps", reason="rate_out_of_range")
    before = _facts(agent)
    agent.parent_id, agent.override_bps = (parent.id, override_bps) if parent else (None, 0)
    if _facts(agent) == before:
        return
    db.session.flush()
    log.record(actor=actor, act="agents.set_parent", subject=("agent", agent.id), before=before, after=_facts(agent))


def children_of(agent_id: UUID) -> Sequence[Agent]:
    """List the agents that stand below one, by English name."""
    return db.session.scalars(
        select(Agent).where(Agent.parent_id == agent_id).order_by(func.lower(Agent.name_en), Agent.id)
    ).all()


def possible_parents_of(agent: Agent) -> Sequence[Agent]:
    """List the agents that could stand above one, by English name; none when agents stand below it."""
    if children_of(agent.id):
        return []
    return db.session.scalars(
        select(Agent)
        .where(Agent.parent_id.is_(None), Agent.id != agent.id)
        .order_by(func.lower(Agent.name_en), Agent.id)
    ).all()


def _check(agent: Agent, parent: Agent) -> None:
    if parent.id == agent.id:
        raise InvalidInput(field="parent", reason="parent_is_itself")
    if parent.parent_id is not None:
        raise InvalidInput(field="parent", reason="parent_has_parent")
    if db.session.scalar(select(exists().where(Agent.parent_id == agent.id))):
        raise InvalidInput(field="parent", reason="agent_has_children")


def _facts(agent: Agent) -> dict[str, object]:
    return {"parent_id": agent.parent_id, "override_bps": agent.override_bps}
