"""What a promotion takes off a price: pure, amounts in minor units of the plan's currency."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from portal.core.money import BPS, round_half_up


class PromotionKind(StrEnum):
    """How a promotion lowers a price."""

    PERCENT = "percent"
    """A rate of the price, with an optional cap."""
    FIXED = "fixed"
    """An amount, at most the price."""
    BONUS_DATA = "bonus_data"
    """A plan with more data for the price of a smaller one: the difference of the two prices today."""


@dataclass(frozen=True, slots=True)
class Discounting:
    """What one promotion gives: `bps` and `cap_minor` for a rate, `amount_minor` for the other kinds.

    `code` is empty for a campaign that needs none.
    """

    kind: PromotionKind
    code: str = ""
    bps: int = 0
    cap_minor: int | None = None
    amount_minor: int = 0
    promotion_id: UUID | None = None


def discount(price_minor: int, given: Discounting | None) -> int:
    """Work out the discount off a price: never below zero, never more than the price; rates round half up."""
    if given is None:
        return 0
    return taken_off(price_minor, given.kind, bps=given.bps, cap_minor=given.cap_minor, amount_minor=given.amount_minor)


def taken_off(price_minor: int, kind: PromotionKind, *, bps: int, cap_minor: int | None, amount_minor: int) -> int:
    """Work out what a kind of promotion takes off a price, as `discount` does."""
    if kind is not PromotionKind.PERCENT:
        return min(amount_minor, price_minor)
    wanted = round_half_up(price_minor * bps, BPS)
    if cap_minor is not None:
        wanted = min(wanted, cap_minor)
    return min(wanted, price_minor)
