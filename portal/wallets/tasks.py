"""What the worker does for wallets."""

from uuid import UUID

from portal.core import outbox
from portal.core.db import in_transaction
from portal.payments import purposes
from portal.payments.models import Payment, PaymentPurpose
from portal.wallets import paying_in, refilling, thresholds


@purposes.settles(PaymentPurpose.TOP_UP)
@purposes.known_to_the_database
def credit(payment: Payment) -> None:
    """Credit the agent's wallet with what was paid."""
    paying_in.credit(payment)


@outbox.handles("wallets.warn")
def warn(threshold_id: UUID) -> None:
    """Tell an agent's owners that a wallet runs low."""
    in_transaction(lambda: thresholds.warn(threshold_id))


@outbox.handles("wallets.refill")
def refill(mandate_id: UUID) -> None:
    """Top a wallet up by itself."""
    refilling.refill(mandate_id)
