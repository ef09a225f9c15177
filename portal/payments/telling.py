"""Tell finance of a payment that it has to decide on."""

from portal.accounts.telling import tell_finance
from portal.core import settings
from portal.payments.models import Payment


def tell_held(payment: Payment) -> None:
    """Mail finance that another sum came than was asked for."""
    tell_finance(
        "payment_held",
        about=("payment", payment.id),
        reference=payment.reference,
        asked=payment.amount,
        paid=payment.settled,
        link=f"{settings.current().address}/admin/payments/{payment.id}",
    )
