"""What wallets refuse."""

from portal.core.errors import Conflict, PortalError


class BankReferenceUsed(Conflict):
    """A top-up with this bank reference stands already. Parts: `field`, `bank_reference`, `reference` of the first."""

    code = "bank_reference_used"


class LimitBelowDebt(PortalError):
    """The wallet stands further below zero than the new credit limit allows."""

    code = "limit_below_debt"
    status = 422
