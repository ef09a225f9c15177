"""Write down each change of a renewal's state, with who caused it and from where."""

import json
from collections.abc import Mapping
from typing import Any

from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import execute
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
    write(renewal, actor=actor, facts=facts)


def write(renewal: Renewal, *, actor: Actor, facts: Mapping[str, Any] | None = None) -> None:
    """Write the event of the state that a renewal is in now; whatever waits in the session is written before it."""
    execute(
        """
        SELECT record_event(%(renewal_id)s, %(state)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s,
                            %(address)s, %(request_id)s, %(facts)s)
        """,
        {
            "renewal_id": renewal.id,
            "state": renewal.state.value,
            "at": clock.now(),
            "facts": json.dumps(facts or {}),
            **actor.columns,
        },
    )
