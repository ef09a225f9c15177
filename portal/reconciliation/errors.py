"""Why something about a difference is refused."""

from portal.core.errors import Conflict


class DifferenceMoved(Conflict):
    """It is settled already, or its sides say something else than when the page was shown."""

    code = "difference_moved"


class MendProposed(Conflict):
    """Somebody has proposed an entry for it already."""

    code = "mend_proposed"


class SameProposer(Conflict):
    """Who proposed an entry must not be the one who agrees to it."""

    code = "same_proposer"


class PayoutArrived(Conflict):
    """The payout is at the bank already, the line has its payout, or people booked one of them otherwise."""

    code = "payout_arrived"


class MendOverdraws(Conflict):
    """The entry would take more out of an agent's wallet than it covers."""

    code = "mend_overdraws"
