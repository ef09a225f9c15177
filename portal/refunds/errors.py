"""What refunds refuse; no money moved when one of these is raised."""

from portal.core.errors import Conflict, PortalError


class NotRefundable(Conflict):
    """Only a delivered renewal that cost something is refunded. Parts: `state`."""

    code = "not_refundable"


class MoreThanLeft(PortalError):
    """More would go back than was paid and is left. Parts: `field`, `left` (Money)."""

    code = "refund_more_than_left"
    status = 422


class RefundUnderWay(Conflict):
    """Another refund of the renewal is not finished yet. Parts: `reference`."""

    code = "refund_under_way"


class OwnRefund(Conflict):
    """Whoever asked for a refund does not approve it: a second person does."""

    code = "own_refund"


class RefundDecided(Conflict):
    """Somebody decided on the refund already. Parts: `state`."""

    code = "refund_decided"
