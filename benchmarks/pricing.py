"""Pricing one plan for one card under many rules of commission and many campaigns, all loaded already."""

import gc
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from statistics import median

from portal.agents import commission
from portal.agents.commission import Conditions, Rule, Sale, SaleKind, Scheme, Terms, Tier, Upline
from portal.catalogue.models import Term
from portal.core import ids
from portal.core.money import Money
from portal.promotions import choosing
from portal.promotions.campaigns import Campaign
from portal.promotions.choosing import Candidate
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import PromotionBearer
from portal.renewals import pricing
from portal.renewals.pricing import PlanPrice, Quote

RULES, CAMPAIGNS = 500, 200
ROUNDS = 400
NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

PLAN, CARD, AGENT = ids.new_id(), ids.new_id(), ids.new_id()
EVERYWHERE = [first + second for first, second in product("ABCDEFGH", repeat=2)]
REGIONS = EVERYWHERE[:32]
"""Those of a plan for a continent: half of all rules and of all campaigns are about one of them."""


def pricing_ms() -> float:
    """Milliseconds for one quote under 500 rules and 200 campaigns, the median of many; about half of them fit."""
    scheme, candidates = _scheme(), _campaigns()
    quoted = _quote(scheme, candidates)
    assert quoted.grounds.share_rule is not None
    assert quoted.discount_minor > 0
    gc.freeze()
    return median(_took(scheme, candidates) for _ in range(ROUNDS)) * 1000


def _took(scheme: Scheme, candidates: list[Candidate]) -> float:
    start = time.perf_counter()
    _quote(scheme, candidates)
    return time.perf_counter() - start


def _quote(scheme: Scheme, candidates: list[Candidate]) -> Quote:
    sale = Sale(PLAN, REGIONS, Term.LONG, SaleKind.AGAIN, delivered_minor=7_000_000)
    terms, grounds = commission.resolve(scheme, sale, upline=Upline(AGENT, 50))
    chosen = choosing.best(candidates, choosing.Sale(AGENT, PLAN, REGIONS, Money(10_000, "CNY")), now=NOW)
    return pricing.quote(
        card_id=CARD,
        plan=PlanPrice(PLAN, 10_000, 6_120, "CNY", 600),
        terms_id=AGENT,
        terms_version=1,
        terms=terms,
        grounds=grounds,
        now=NOW,
        promotion=chosen.given if chosen else None,
    )


def _scheme() -> Scheme:
    kinds = product(EVERYWHERE, (None, *Term), (None, *SaleKind))
    rules = [
        Rule(Conditions(region=region, term=term, sale=sale), share_bps=number, id=ids.new_id())
        for number, (region, term, sale) in zip(range(1, RULES + 1), kinds, strict=False)
    ]
    return Scheme(Terms(fee_bps=500, share_bps=300), tuple(rules), (Tier(5_000_000, 100), Tier(10_000_000, 200)))


def _campaigns() -> list[Candidate]:
    return [
        Candidate(
            Campaign(
                id=ids.new_id(),
                bearer=PromotionBearer.OPERATOR,
                banner_en="",
                banner_zh="",
                kind=PromotionKind.PERCENT,
                currency="CNY",
                bps=number,
                cap_minor=5_000,
                amount_minor=0,
                priced_as_plan_id=None,
                starts_at=NOW - timedelta(days=1),
                ends_at=NOW + timedelta(days=1),
                plan_ids=(),
                regions=(EVERYWHERE[number % len(EVERYWHERE)],),
                agent_ids=(),
                is_first_time_only=False,
                least_price_minor=0,
                total_limit=None,
                per_customer_limit=None,
            )
        )
        for number in range(1, CAMPAIGNS + 1)
    ]
