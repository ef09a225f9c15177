"""What the worker does for wallets."""

from portal.payments import purposes
from portal.payments.models import Payment, PaymentPurpose
from portal.wallets import paying_in


@purposes.settles(PaymentPurpose.TOP_UP)
def credit(payment: Payment) -> None:
    """Credit the agent's wallet with what was paid."""
    paying_in.credit(payment)
