"""Which promotion applies to a sale, and why another does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.core.ids import new_id
from portal.core.money import Money
from portal.promotions import campaigns, choosing, discounting
from portal.promotions.choosing import Candidate, Sale, Unfit
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import Promotion, PromotionBearer

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)
AGENT, PLAN, OTHER = new_id(), new_id(), new_id()
SALE = Sale(agent_id=AGENT, plan_id=PLAN, regions=("JP", "KR"), price=Money(10_000, "CNY"))


def candidate(*, code: str = "", **changes: Any) -> Candidate:
    values: dict[str, Any] = {
        "id": new_id(),
        "is_automatic": not code,
        "kind": PromotionKind.PERCENT,
        "bearer": PromotionBearer.OPERATOR,
        "currency": "CNY",
        "bps": 1_000,
        "cap_minor": None,
        "amount_minor": 0,
        "starts_at": NOW - timedelta(days=1),
        "ends_at": None,
        "plan_ids": [],
        "regions": [],
        "agent_ids": [],
        "is_first_time_only": False,
        "least_price_minor": 0,
        "total_limit": None,
        "per_customer_limit": None,
        "ended_at": None,
    }
    used = changes.pop("used", 0)
    promotion = Promotion(**values | changes)
    return Candidate(campaigns.of(promotion), used, promotion.ended_at, code)


def taken_off(*candidates: Candidate, sale: Sale = SALE) -> tuple[int, str]:
    chosen = choosing.best(candidates, sale, now=NOW)
    given = chosen.given if chosen else None
    return discounting.discount(sale.price.minor, given), given.code if given else "none"


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"starts_at": NOW},
        {"ends_at": NOW + timedelta(microseconds=1)},
        {"plan_ids": [OTHER, PLAN]},
        {"regions": ["KR"]},
        {"agent_ids": [AGENT]},
        {"least_price_minor": 10_000},
        {"total_limit": 5, "used": 4},
        {"is_first_time_only": True},
    ],
)
def test_applies_where_every_condition_holds(terms: dict[str, Any]) -> None:
    assert choosing.unfit(candidate(**terms), SALE, now=NOW) is None


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"starts_at": NOW + timedelta(microseconds=1)}, Unfit.NOT_OPEN),
        ({"ends_at": NOW}, Unfit.NOT_OPEN),
        ({"ended_at": NOW - timedelta(hours=1)}, Unfit.NOT_OPEN),
        ({"plan_ids": [OTHER]}, Unfit.OTHER_PLAN),
        ({"regions": ["US"]}, Unfit.OTHER_PLAN),
        ({"currency": "USD"}, Unfit.OTHER_PLAN),
        ({"agent_ids": [OTHER]}, Unfit.OTHER_AGENT),
        ({"least_price_minor": 10_001}, Unfit.PRICE_TOO_LOW),
        ({"total_limit": 5, "used": 5}, Unfit.USED_UP),
    ],
)
def test_does_not_apply_otherwise(terms: dict[str, Any], why: Unfit) -> None:
    assert choosing.unfit(candidate(**terms), SALE, now=NOW) is why
    assert taken_off(candidate(**terms)) == (0, "none")


def test_is_for_new_customers_where_it_says_so() -> None:
    first_only = replace(candidate(is_first_time_only=True), is_first=False)

    assert choosing.unfit(first_only, SALE, now=NOW) is Unfit.NOT_FIRST


def test_counts_the_customers_own_uses() -> None:
    twice = candidate(per_customer_limit=2)

    assert choosing.unfit(replace(twice, times_used=1), SALE, now=NOW) is None
    assert choosing.unfit(replace(twice, times_used=2), SALE, now=NOW) is Unfit.USED_BY_CUSTOMER


def test_of_several_the_one_that_takes_off_most() -> None:
    ten, twelve, fixed = candidate(), candidate(bps=1_200), candidate(kind="fixed", bps=0, amount_minor=1_199)

    assert taken_off(ten, twelve, fixed) == (1_200, "")
    assert taken_off(ten, candidate(code="SPRING", kind="fixed", bps=0, amount_minor=1_300)) == (1_300, "SPRING")


def test_spends_no_code_where_the_price_is_as_low_without_it() -> None:
    assert taken_off(candidate(code="SPRING"), candidate()) == (1_000, "")


def test_a_cap_bounds_a_rate() -> None:
    assert taken_off(candidate(bps=5_000, cap_minor=2_500), candidate()) == (2_500, "")


def test_a_bonus_sells_the_bigger_plan_at_the_smaller_ones_price() -> None:
    bonus = candidate(kind=PromotionKind.BONUS_DATA, bps=0, plan_ids=[PLAN], priced_as_plan_id=OTHER)

    assert taken_off(replace(bonus, smaller_price_minor=6_800)) == (3_200, "")
    assert choosing.unfit(replace(bonus, smaller_price_minor=10_000), SALE, now=NOW) is Unfit.TAKES_NOTHING_OFF
    assert choosing.unfit(bonus, SALE, now=NOW) is Unfit.TAKES_NOTHING_OFF


def test_takes_no_more_than_the_price() -> None:
    assert taken_off(candidate(kind=PromotionKind.FIXED, bps=0, amount_minor=12_000)) == (10_000, "")
    assert taken_off(candidate(), sale=replace(SALE, price=Money(4, "CNY"))) == (0, "none")
    assert taken_off(candidate(), sale=replace(SALE, price=Money(5, "CNY"))) == (1, "")
