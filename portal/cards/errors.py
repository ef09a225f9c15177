"""What keeping cards refuses."""

from portal.core.errors import Conflict, PortalError


class CardRegisteredAlready(Conflict):
    """The agent has this card already. Parts: `field`, `card_id`."""

    code = "card_registered_already"


class CardHeldElsewhere(Conflict):
    """Another agent has this card; nobody learns which. Parts: `field`."""

    code = "card_held_elsewhere"


class NeedsConfirmation(PortalError):
    """Something is odd, and is accepted once the person says so.

    Parts: `field`, `warnings` (codes), and `known_name`, the customer on record, for `customer_other_name`.
    """

    code = "needs_confirmation"
    status = 422


class CardRemoved(Conflict):
    """The card was removed; it has to be registered again."""

    code = "card_removed"
