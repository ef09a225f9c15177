"""What the books refuse."""

from portal.core.errors import Conflict, PortalError


class NotCovered(PortalError):
    """A guarded account does not hold enough, its credit limit counted in. Nothing was posted."""

    code = "not_covered"
    status = 409


class EntryDiffers(Conflict):
    """An entry of this key stands already, with other content. Parts: `key`."""

    code = "entry_differs"


class AlreadyReversed(Conflict):
    """A transfer of the entry was reversed before; nothing is reversed twice."""

    code = "already_reversed"
