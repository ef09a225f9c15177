"""Write down each change of a renewal's state, with who caused it and from where."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import Statement, execute_together
from portal.renewals import states
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState


def move(renewal: Renewal, after: RenewalState, *, actor: Actor, facts: Mapping[str, Any] | None = None) -> None:
    """Bring a locked renewal into another state and write the event.

    Raises:
        StateRefused: the table of states does not know this step.
    """
    states.check(renewal.state, after)
    renewal.state = after
    execute_together([recording(renewal.id, after, actor=actor, facts=facts)])


def recording(
    renewal_id: UUID, state: RenewalState, *, actor: Actor, facts: Mapping[str, Any] | None = None
) -> Statement:
    """Give the statement that appends an event, for `execute_together`."""
    return Statement(
        """
        INSERT INTO renewal_events (renewal_id, state, at, actor_kind, actor_id, actor_name, address, request_id, facts)
        SELECT %(renewal_id)s, %(state)s, %(at)s, %(actor_kind)s, %(actor_id)s::uuid, %(actor_name)s, %(address)s,
               %(request_id)s, %(facts)s::jsonb /* where */
        """,
        {
            "renewal_id": renewal_id,
            "state": state.value,
            "at": clock.now(),
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
            "actor_name": actor.name[:200],
            "address": actor.address,
            "request_id": actor.request_id,
            "facts": json.dumps(facts or {}),
        },
    )
