"""The states of a renewal and which may follow which: one pure table, anything else is refused."""

from enum import StrEnum

from portal.core.errors import Conflict


class RenewalState(StrEnum):
    """Where a renewal stands."""

    AWAITING_PAYMENT = "awaiting_payment"
    """Ordered; the customer has not paid yet."""
    PAID = "paid"
    """The money is in escrow; the carrier has not been asked yet."""
    SUBMITTING = "submitting"
    """The carrier is being asked."""
    UNKNOWN = "unknown"
    """The carrier was asked and gave no clear answer; it is looked up until it is known."""
    DELIVERED = "delivered"
    """The carrier has confirmed; the money went to its owners and a receipt is issued."""
    REFUSED = "refused"
    """The carrier said no; the money is about to go back."""
    RETURNED = "returned"
    """The money is back where it came from."""
    CANCELLED = "cancelled"
    """Never paid, and no longer wanted."""
    REFUNDING = "refunding"
    """Delivered; money is on its way back."""
    PARTLY_REFUNDED = "partly_refunded"
    """Delivered; a part of the money went back."""
    REFUNDED = "refunded"
    """Delivered; all of the money went back."""


S = RenewalState

FOLLOWING: dict[RenewalState, frozenset[RenewalState]] = {
    S.AWAITING_PAYMENT: frozenset({S.PAID, S.CANCELLED}),
    S.PAID: frozenset({S.SUBMITTING}),
    S.SUBMITTING: frozenset({S.DELIVERED, S.REFUSED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.DELIVERED, S.REFUSED}),
    S.REFUSED: frozenset({S.RETURNED}),
    S.DELIVERED: frozenset({S.REFUNDING}),
    S.REFUNDING: frozenset({S.REFUNDED, S.PARTLY_REFUNDED}),
    S.PARTLY_REFUNDED: frozenset({S.REFUNDING}),
    S.RETURNED: frozenset(),
    S.CANCELLED: frozenset(),
    S.REFUNDED: frozenset(),
}

HOLDING = frozenset({S.PAID, S.SUBMITTING, S.UNKNOWN, S.REFUSED})
"""States in which escrow holds the renewal's total."""

UNDER_WAY = frozenset({S.PAID, S.SUBMITTING, S.UNKNOWN})
"""States in which a customer still waits for the carrier."""

NOT_PAID = frozenset({S.AWAITING_PAYMENT, S.CANCELLED})
"""States of an order that no money has come for."""


class StateRefused(Conflict):
    """A renewal cannot go from one state to the other. Parts: `before`, `after`."""

    code = "state_refused"


def check(before: RenewalState, after: RenewalState) -> None:
    """Let a change of state pass.

    Raises:
        StateRefused: the table does not know this step.
    """
    if after not in FOLLOWING[before]:
        raise StateRefused(before=before.value, after=after.value)
