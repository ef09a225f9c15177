"""What payments refuse."""

from portal.core.errors import Conflict, NotFound, PortalError


class TooLate(PortalError):
    """What was paid for can not be had any more: raised by a purpose's act, and the money goes back to the payer."""

    code = "payment_too_late"
    status = 409


class MethodNotOffered(PortalError):
    """The method is not offered in this currency here. Parts: `field`, `method`, `currency`."""

    code = "method_not_offered"
    status = 422


class OtherPaymentBegun(Conflict):
    """The idempotency key belongs to a payment of another amount, method or purpose."""

    code = "other_payment_begun"


class PaymentNotBegun(PortalError):
    """The provider did not open the payment; no money moved. Parts: `reason_code`."""

    code = "payment_not_begun"
    status = 422


class ProviderUnavailable(PortalError):
    """The provider can not be reached now; nothing was begun for certain, or it can be begun again."""

    code = "provider_unavailable"
    status = 503


class MoreThanPaid(Conflict):
    """More would go back than was paid and is left. Parts: `left` (Money)."""

    code = "more_than_paid"


class NothingPaid(Conflict):
    """There is nothing to give back: the payment was not paid."""

    code = "nothing_paid"


class NotHeld(Conflict):
    """The payment is not held: somebody decided already."""

    code = "payment_not_held"


class UnknownProvider(NotFound):
    """No such provider, or it is not switched on. Parts: `provider`."""

    code = "unknown_provider"


class MethodGone(NotFound):
    """The saved card or account was removed, or belongs to somebody else."""

    code = "saved_method_gone"


class CannotCharge(Conflict):
    """This provider charges nobody who is away."""

    code = "provider_cannot_charge"
