"""Who does an act: carried from the edge into every command, and written beside what it changed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class ActorKind(StrEnum):
    """What kind of party acts."""

    USER = "user"
    """Somebody with a password: staff of the operator or of an agent."""
    CUSTOMER = "customer"
    """A customer on a signed link or code."""
    VISITOR = "visitor"
    """Nobody known, such as a failed sign-in."""
    WORKER = "worker"
    """The portal itself, in the background or at the command line."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A party with its name as it was at that moment, its network address and the request it came by."""

    kind: ActorKind
    id: UUID | None
    name: str
    address: str | None = None
    request_id: str | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """The party as the columns of a record name it; its name is cut to 200 characters."""
        return {
            "actor_kind": self.kind.value,
            "actor_id": self.id,
            "actor_name": self.name[:200],
            "address": self.address,
            "request_id": self.request_id,
        }


WORKER = Actor(ActorKind.WORKER, None, "worker")
COMMAND_LINE = Actor(ActorKind.WORKER, None, "command line")
