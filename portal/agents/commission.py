"""What the customer pays the agent on top, and what the operator gives of its own: pure, in minor units."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from portal.catalogue.models import Term
from portal.core.money import BPS, round_half_up


@dataclass(frozen=True, slots=True)
class Terms:
    """Rates in basis points, amounts in minor units of the renewal's currency; None leaves that side unbounded."""

    fee_bps: int = 0
    fee_fixed_minor: int = 0
    fee_min_minor: int | None = None
    fee_max_minor: int | None = None
    share_bps: int = 0
    hold_days: int = 14
    """Days between a delivery and the day its commission becomes payable."""


class SaleKind(StrEnum):
    """Whether a card is renewed with us for the first time."""

    FIRST = "first"
    """No other renewal of the card stands, paid or waiting to be; those whose money went back do not count."""
    AGAIN = "again"
    """It was renewed before."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which sales a rule is about; None is any."""

    plan_id: UUID | None = None
    region: str | None = None
    """One of the plan's regions, ISO 3166-1 alpha-2."""
    term: Term | None = None
    sale: SaleKind | None = None

    @property
    def weight(self) -> int:
        """How particular they are: a plan counts more than a region, that more than a term, that more than a sale."""
        return (
            (self.plan_id is not None) << 3
            | (self.region is not None) << 2
            | (self.term is not None) << 1
            | (self.sale is not None)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """Other rates for some sales, in basis points; None leaves the rate to the next rule, and at last to the terms."""

    conditions: Conditions
    fee_bps: int | None = None
    share_bps: int | None = None
    id: UUID | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Tier:
    """So much is added to the share, in basis points, once this much was delivered in the calendar month."""

    from_minor: int
    extra_bps: int


@dataclass(frozen=True, slots=True)
class Scheme:
    """Everything one version of terms says: its rates, its rules in their order, and its tiers."""

    terms: Terms
    rules: tuple[Rule, ...] = ()
    tiers: tuple[Tier, ...] = ()
    most_particular_first: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    """The rules as they are tried: of two alike, the earlier."""
    asks_for_sale: bool = field(init=False, repr=False, compare=False)
    """Whether it matters if a card is renewed for the first time."""

    def __post_init__(self) -> None:
        """Put the rules into the order in which every sale tries them, once."""
        ranked = tuple(sorted(self.rules, key=lambda rule: -rule.conditions.weight))
        object.__setattr__(self, "most_particular_first", ranked)
        object.__setattr__(self, "asks_for_sale", any(rule.conditions.sale is not None for rule in self.rules))


@dataclass(frozen=True, slots=True)
class Sale:
    """What is being sold, and by whom so far: `delivered_minor` is the base of what was delivered this month."""

    plan_id: UUID
    regions: Sequence[str]
    term: Term
    kind: SaleKind = SaleKind.AGAIN
    delivered_minor: int = 0


@dataclass(frozen=True, slots=True)
class Upline:
    """Who stands above the agent and earns on its sales, out of the operator's part, in basis points of the base."""

    parent_id: UUID
    override_bps: int


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a renewal earns what it earns, frozen with it; nothing set means the rates of the terms alone."""

    fee_rule: UUID | None = None
    fee_bps: int | None = None
    """The rule's rate for the fee; None when the terms' own holds."""
    share_rule: UUID | None = None
    share_bps: int | None = None
    """The rule's rate for the share, the tier's extra aside; None when the terms' own holds."""
    tier_from_minor: int | None = None
    extra_bps: int = 0
    delivered_minor: int | None = None
    """What had been delivered in the month; None when the terms have no tiers."""
    is_first: bool = False
    """The card was renewed for the first time, and the terms ask for that."""
    parent_id: UUID | None = None
    override_bps: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether the rates of the terms alone hold."""
        return self == PLAIN

    def __str__(self) -> str:
        """Write them as short JSON, without what is not set."""
        return json.dumps(self.values(), separators=(",", ":"))

    def values(self) -> dict[str, object]:
        """Give what is set by name, ready for JSON."""
        return {
            name: str(value) if isinstance(value, UUID) else value
            for name, value in asdict(self).items()
            if value != getattr(PLAIN, name)
        }

    @classmethod
    def of(cls, values: Mapping[str, Any] | None) -> Self:
        """Read back what was frozen with a renewal."""
        known: dict[str, Any] = {name: UUID(value) if name in _IDS else value for name, value in (values or {}).items()}
        return cls(**known)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `str` wrote.

        Raises:
            ValueError: it is no such thing.
        """
        return cls.of(json.loads(text))


PLAIN = Grounds()

_IDS = frozenset({"fee_rule", "share_rule", "parent_id"})


def resolve(scheme: Scheme, sale: Sale, *, upline: Upline | None = None) -> tuple[Terms, Grounds]:
    """Give the rates that hold for a sale, and why.

    Of the rules that fit, the most particular that sets a rate gives it; of two alike, the earlier. Fee and share are
    found apart. The highest tier that was reached adds to the share, which is never more than the whole base.
    """
    ranked = scheme.most_particular_first
    fee_rule = next((rule for rule in ranked if rule.fee_bps is not None and _fits(rule.conditions, sale)), None)
    share_rule = next((rule for rule in ranked if rule.share_bps is not None and _fits(rule.conditions, sale)), None)
    reached = max(
        (tier for tier in scheme.tiers if sale.delivered_minor >= tier.from_minor),
        key=lambda tier: tier.from_minor,
        default=None,
    )
    grounds = Grounds(
        fee_rule=fee_rule.id if fee_rule else None,
        fee_bps=fee_rule.fee_bps if fee_rule else None,
        share_rule=share_rule.id if share_rule else None,
        share_bps=share_rule.share_bps if share_rule else None,
        tier_from_minor=reached.from_minor if reached else None,
        extra_bps=reached.extra_bps if reached else 0,
        delivered_minor=sale.delivered_minor if scheme.tiers else None,
        is_first=sale.kind is SaleKind.FIRST and scheme.asks_for_sale,
        parent_id=upline.parent_id if upline else None,
        override_bps=upline.override_bps if upline else 0,
    )
    return applied(scheme.terms, grounds), grounds


def applied(terms: Terms, grounds: Grounds) -> Terms:
    """Give the terms with the rates that the grounds name in place of their own."""
    share = terms.share_bps if grounds.share_bps is None else grounds.share_bps
    return replace(
        terms,
        fee_bps=terms.fee_bps if grounds.fee_bps is None else grounds.fee_bps,
        share_bps=min(share + grounds.extra_bps, BPS),
    )


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


def override(base_minor: int, *, left_minor: int, override_bps: int) -> int:
    """Work out what an agent's parent earns: a rate of the base, at most what is left of it to the operator.

    `left_minor` is the base less the tax in it and the share; below zero it leaves nothing.
    """
    return min(round_half_up(base_minor * override_bps, BPS), max(left_minor, 0))


def _fits(asked: Conditions, sale: Sale) -> bool:
    return (
        (asked.plan_id is None or asked.plan_id == sale.plan_id)
        and (asked.region is None or asked.region in sale.regions)
        and (asked.term is None or asked.term == sale.term)
        and (asked.sale is None or asked.sale is sale.kind)
    )
