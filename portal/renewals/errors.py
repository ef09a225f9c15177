"""What renewing refuses; nothing was charged when one of these is raised."""

from portal.core.errors import Conflict, PortalError


class QuoteChanged(Conflict):
    """The price shown is not the price now, or it expired, or was altered. Parts: `quote`, the new one, or None."""

    code = "quote_changed"


class CardNotRenewable(Conflict):
    """The card is suspended or removed. Parts: `state`."""

    code = "card_not_renewable"


class PlanNotForCard(PortalError):
    """The plan is retired, of another carrier, or in a currency the payer has no wallet in."""

    code = "plan_not_for_card"
    status = 422


class KeyReused(Conflict):
    """The form's key was used for another order."""

    code = "key_reused"


class NoTerms(PortalError):
    """No commission terms stand for the agent in the plan's currency. Parts: `currency`."""

    code = "no_terms"
    status = 422


class NoLongerPayable(Conflict):
    """The renewal was paid or cancelled, or its link has run out. Parts: `state`."""

    code = "no_longer_payable"
    status = 410


class PaidTooLittle(Conflict):
    """A held payment brought less than the renewal costs, or another currency: it can only be given back."""

    code = "renewal_paid_too_little"
