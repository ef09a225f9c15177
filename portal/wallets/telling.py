"""Mail an agent's owners what automatic top-ups did to their card, and why they wait."""

from portal.agents.telling import tell_owners
from portal.core import settings
from portal.core.db import db
from portal.payments.models import Payment, SavedMethod
from portal.wallets import queries
from portal.wallets.models import AutomaticTopUp


def tell_waiting(mandate: AutomaticTopUp, letter: str) -> None:
    """Mail why nobody is charged for a while, with the way to top up by hand: `top_up_paused` or `top_up_rests`."""
    address = settings.current().address
    tell_owners(
        mandate.agent_id,
        letter,
        about=("agent", mandate.agent_id),
        mandate=mandate,
        card=mandate.saved_method.label,
        link=f"{address}/agent/wallet/top-up?currency={mandate.currency}&amount={mandate.amount_minor}",
        page=_page(mandate),
    )


def tell_charged(mandate: AutomaticTopUp, payment: Payment) -> None:
    """Mail how much was charged to which card, why, and what can be spent now; once a charge."""
    card = db.session.get_one(SavedMethod, payment.saved_method_id)  # the mandate's may be another by now
    tell_owners(
        mandate.agent_id,
        "top_up_charged",
        about=("payment", payment.id),
        payment=payment,
        threshold=mandate.threshold,
        card=card.label,
        wallet=queries.in_currency(mandate.agent_id, mandate.currency),
        link=f"{settings.current().address}/agent/wallet?currency={mandate.currency}",
        page=_page(mandate),
    )


def _page(mandate: AutomaticTopUp) -> str:
    return f"{settings.current().address}/agent/wallet/low-balance?currency={mandate.currency}"
