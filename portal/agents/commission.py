"""What the customer pays the agent on top, and what the operator gives of its own: pure, in minor units."""

from dataclasses import dataclass

from portal.core.money import BPS, round_half_up


@dataclass(frozen=True, slots=True)
class Terms:
    """Rates in basis points, amounts in minor units of the renewal's currency; None leaves that side unbounded."""

    fee_bps: int = 0
    fee_fixed_minor: int = 0
    fee_min_minor: int | None = None
    fee_max_minor: int | None = None
    share_bps: int = 0


def fee(base_minor: int, terms: Terms) -> int:
    """Work out the commission fee the customer pays: rate of the base plus fixed, kept within its bounds."""
    amount = round_half_up(base_minor * terms.fee_bps, BPS) + terms.fee_fixed_minor
    if terms.fee_min_minor is not None:
        amount = max(amount, terms.fee_min_minor)
    if terms.fee_max_minor is not None:
        amount = min(amount, terms.fee_max_minor)
    return amount


def share(base_minor: int, terms: Terms) -> int:
    """Work out the commission the operator gives out of the base; the customer does not see it."""
    return round_half_up(base_minor * terms.share_bps, BPS)
