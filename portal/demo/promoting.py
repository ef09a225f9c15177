"""Begin the promotions of the demo, one of each kind; each starts when the story needs it."""

from datetime import datetime, timedelta

from portal.catalogue import queries as catalogue
from portal.core import clock
from portal.core.actor import Actor
from portal.demo import cast, story
from portal.demo.founding import House
from portal.promotions import beginning, codes
from portal.promotions.beginning import PromotionTerms
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import PromotionBearer

VOUCHERS = 20
"""Codes of the travel fair, each for one use."""


def begin(house: House) -> None:
    """Begin them all on the day the house opens."""
    dana, opened = house.acting(cast.DANA), clock.now()
    _campaigns(opened, actor=dana)
    for code, terms in _with_a_code(house, opened).items():
        promotion = beginning.begin(terms, actor=dana)
        codes.add(promotion.id, code=code, max_uses=None, actor=dana)
    fair = beginning.begin(_fair(opened), actor=dana)
    codes.make(fair.id, count=VOUCHERS, actor=dana)


def _campaigns(opened: datetime, *, actor: Actor) -> None:
    beginning.begin(
        PromotionTerms(
            name="Thailand weeks",
            banner_en="Thailand weeks: 10 % off",
            banner_zh="泰国周：九折",
            is_automatic=True,
            kind=PromotionKind.PERCENT,
            currency="CNY",
            bps=1_000,
            cap_minor=1_500,
            regions=["TH"],
            starts_at=opened + timedelta(days=24),
            ends_at=opened + timedelta(days=story.DAYS_TOLD + 20),
        ),
        actor=actor,
    )
    plans = catalogue.current_by_code({"HK-5G-30D", "HK-10G-30D"})
    beginning.begin(
        PromotionTerms(
            name="Hong Kong, twice the data",
            banner_en="10 GB for the price of 5",
            banner_zh="5GB 的价格享 10GB",
            is_automatic=True,
            kind=PromotionKind.BONUS_DATA,
            currency="CNY",
            plan_ids=[plans["HK-10G-30D"].plan_id],
            priced_as_plan_id=plans["HK-5G-30D"].plan_id,
            total_limit=500,
            starts_at=opened + timedelta(days=18),
            ends_at=opened + timedelta(days=story.DAYS_TOLD + 45),
        ),
        actor=actor,
    )


def _with_a_code(house: House, opened: datetime) -> dict[str, PromotionTerms]:
    return {
        story.WELCOME: PromotionTerms(
            name="Welcome",
            banner_en="10 % off your first renewal",
            banner_zh="首次续费九折",
            is_automatic=False,
            kind=PromotionKind.PERCENT,
            currency="CNY",
            bps=1_000,
            cap_minor=2_000,
            is_first_time_only=True,
            starts_at=opened,
        ),
        story.REGULARS: PromotionTerms(
            name="Global Link's regulars",
            banner_en="5 % off for regulars",
            banner_zh="老客户九五折",
            is_automatic=False,
            kind=PromotionKind.PERCENT,
            currency="CNY",
            bps=500,
            bearer=PromotionBearer.AGENT,
            agent_ids=[house.agents[cast.GLOBAL_LINK].id],
            per_customer_limit=3,
            starts_at=opened + timedelta(days=7),
        ),
    }


def _fair(opened: datetime) -> PromotionTerms:
    return PromotionTerms(
        name="Travel fair vouchers",
        banner_en="CNY 15.00 off with a fair voucher",
        banner_zh="旅游展代金券立减 15 元",
        is_automatic=False,
        kind=PromotionKind.FIXED,
        currency="CNY",
        amount_minor=1_500,
        least_price_minor=6_000,
        starts_at=opened + timedelta(days=30),
        ends_at=opened + timedelta(days=story.DAYS_TOLD + 60),
    )
