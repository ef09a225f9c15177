"""Which of a card's offers are shown, and under which chips: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.cards.models import Card
from portal.catalogue.models import Term
from portal.renewals.offers import Offer
from portal.web import regions

IN_FRONT = 5
"""So many regions stand in the open; the rest are one click away."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address asks for; empty leaves it to us."""

    plan: str = ""
    region: str = ""
    term: str = ""


@dataclass(frozen=True, slots=True)
class RegionChip:
    """One group of plans that work in the same regions."""

    key: str
    words: str
    listed: str


@dataclass(frozen=True, slots=True)
class Choosing:
    """What the page offers: chips of regions and terms, the plans under the chosen ones, and the chosen plan."""

    regions: list[RegionChip]
    """The chosen one and those that suit the card best."""
    further: list[RegionChip]
    region: str
    terms: list[Term]
    term: Term | None
    offers: list[Offer]
    chosen: Offer | None
    present: Offer | None
    """The offer of the plan that the card is on, where it is still sold."""


def choose(card: Card, offers: Sequence[Offer], wish: Wish) -> Choosing:
    """Show what was wished for; where nothing was, the plan that the card is on."""
    present = next((offer for offer in offers if offer.plan.id == card.plan_version_id), None)
    chosen = next((offer for offer in offers if offer.plan.code == wish.plan), None)
    if chosen is None and not (wish.plan or wish.region or wish.term):
        chosen = present
    groups = _groups(offers, around=present)
    wished_region = wish.region or (regions.key(chosen.plan.regions) if chosen else "")
    region = _wished_or_first(wished_region, among=[group.key for group in groups])
    here = [offer for offer in offers if regions.key(offer.plan.regions) == region]
    terms = sorted({offer.plan.term for offer in here}, reverse=True)  # short before long
    term = _wished_or_first(wish.term or (chosen.plan.term if chosen else ""), among=terms)
    shown = [offer for offer in here if offer.plan.term == term]
    return Choosing(
        regions=[group for nr, group in enumerate(groups) if nr < IN_FRONT or group.key == region],
        further=[group for nr, group in enumerate(groups) if nr >= IN_FRONT and group.key != region],
        region=region or "",
        terms=terms,
        term=Term(term) if term else None,
        offers=shown,
        chosen=chosen if chosen in shown else None,
        present=present,
    )


def _groups(offers: Sequence[Offer], *, around: Offer | None) -> list[RegionChip]:
    by_key = {regions.key(offer.plan.regions): list(offer.plan.regions) for offer in offers}
    here = set(around.plan.regions) if around else set()
    # Where the card works now, then larger plans that work there too, then the rest.
    ordered = sorted(
        by_key.values(),
        key=lambda codes: (set(codes) != here, not here <= set(codes), len(codes), regions.words(codes)),
    )
    return [RegionChip(regions.key(codes), regions.words(codes), regions.listed(codes)) for codes in ordered]


def _wished_or_first(wished: str, *, among: Sequence[str]) -> str | None:
    return wished if wished in among else next(iter(among), None)
