"""The one tree of refusals: each has a code, an HTTP status and named parts; the edges turn them into sentences."""

from typing import Any, ClassVar


class PortalError(Exception):
    """A refusal that a person or a caller can understand; nothing was changed when it is raised."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400

    def __init__(self, **parts: Any) -> None:
        super().__init__(self.code, parts)
        self.parts = parts

    def __str__(self) -> str:
        """Name the code and parts, for logs; people read the sentence that the edge makes."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.parts.items())
        return f"{self.code}({shown})"


class NotFound(PortalError):
    """There is no such thing, or it belongs to someone else: both look the same from outside."""

    code = "not_found"
    status = 404


class NotAllowed(PortalError):
    """The actor's role does not permit the act."""

    code = "not_allowed"
    status = 403


class InvalidInput(PortalError):
    """A value cannot be accepted. Parts: `field`, `reason` (a code that the edge words)."""

    code = "invalid_input"
    status = 422


class Conflict(PortalError):
    """The act collides with something that already stands."""

    code = "conflict"
    status = 409


class Busy(PortalError):
    """The database asked for a retry more often than we are willing to; nothing was changed."""

    code = "busy"
    status = 503
