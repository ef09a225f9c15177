"""Who does an act: carried from the edge into every command, and written beside what it changed."""

from dataclasses import dataclass
from enum import StrEnum
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


WORKER = Actor(ActorKind.WORKER, None, "worker")
CLOCK = Actor(ActorKind.WORKER, None, "clock")
COMMAND_LINE = Actor(ActorKind.WORKER, None, "command line")
