"""What payouts refuse."""

from portal.core.errors import Conflict, PortalError


class NotPayable(Conflict):
    """More is asked for than can be paid out now. Parts: `field`, `payable`."""

    code = "not_payable"


class BelowMinimum(PortalError):
    """A payout by bank is smaller than the operator pays. Parts: `field`, `minimum`."""

    code = "payout_below_minimum"
    status = 422


class BankAccountMissing(Conflict):
    """No bank account is known for the currency. Parts: `currency`."""

    code = "bank_account_missing"


class OwnAccountMissing(BankAccountMissing):
    """The operator named no bank account of its own for the currency, to pay from. Parts: `currency`."""

    code = "own_account_missing"


class PayoutMoved(Conflict):
    """The payout or the run has moved on: somebody paid, refused, approved or discarded it."""

    code = "payout_moved"


class SameEyes(Conflict):
    """Whoever prepared a run cannot approve it."""

    code = "same_eyes"


class NothingChosen(PortalError):
    """A run needs at least one payout."""

    code = "nothing_chosen"
    status = 422


class StatementNotReady(Conflict):
    """The statement's files are still being made."""

    code = "statement_not_ready"


class StatementFileDiffers(Conflict):
    """The stored file of a statement is not the one that was made."""

    code = "statement_file_differs"


class StatementDiffers(RuntimeError):
    """A statement's lines do not lead from its opening balance to the ledger's closing one: a fault of ours."""
