"""How a commission came about, step by step, so that a page can tell it: pure, amounts in minor units."""

from dataclasses import dataclass

from portal.agents import commission
from portal.agents.commission import Terms
from portal.core.money import BPS, round_half_up


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A rate of a base, what was added, and the bound it was brought to; `amount_minor` is what came out."""

    base_minor: int
    rate_bps: int
    part_minor: int
    """The rate of the base, rounded half up."""
    amount_minor: int
    fixed_minor: int = 0
    lowest_minor: int | None = None
    """The bound it was raised to; None when it was not raised."""
    highest_minor: int | None = None
    """The bound it was lowered to; None when it was not lowered."""

    @property
    def is_rounded(self) -> bool:
        """Whether the rate of the base is no whole number of minor units."""
        return self.base_minor * self.rate_bps % BPS != 0


def of_fee(base_minor: int, terms: Terms) -> Reckoning:
    """Tell how the fee came about under the rates that held."""
    part, amount = round_half_up(base_minor * terms.fee_bps, BPS), commission.fee(base_minor, terms)
    unbound = part + terms.fee_fixed_minor
    return Reckoning(
        base_minor=base_minor,
        rate_bps=terms.fee_bps,
        part_minor=part,
        amount_minor=amount,
        fixed_minor=terms.fee_fixed_minor,
        lowest_minor=amount if amount > unbound else None,
        highest_minor=amount if amount < unbound else None,
    )


def of_share(base_minor: int, terms: Terms) -> Reckoning:
    """Tell how the operator's commission came about under the rates that held."""
    amount = commission.share(base_minor, terms)
    return Reckoning(base_minor, terms.share_bps, amount, amount)


def of_override(base_minor: int, *, left_minor: int, override_bps: int) -> Reckoning:
    """Tell how the override of the agent above came about; `left_minor` as in `commission.override`."""
    part = round_half_up(base_minor * override_bps, BPS)
    amount = commission.override(base_minor, left_minor=left_minor, override_bps=override_bps)
    return Reckoning(base_minor, override_bps, part, amount, highest_minor=amount if amount < part else None)
