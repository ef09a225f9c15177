"""How much a wallet is topped up by at once: a slip of the finger must not become a charge or a promise."""

from portal.core import settings
from portal.core.errors import InvalidInput
from portal.core.money import Money, exponent


def check_top_up(amount: Money) -> None:
    """Refuse a top-up that is nothing, or more than one may be (TOP_UP_AT_MOST, whole units of its currency).

    Raises:
        InvalidInput: it is not positive, or too much.
    """
    if amount.minor <= 0:
        raise InvalidInput(field="amount", reason="amount_zero")
    most = settings.current().top_up_at_most
    if amount.minor > most * 10 ** exponent(amount.currency):
        raise InvalidInput(field="amount", reason="top_up_too_large", most=f"{amount.currency} {most:,}")
