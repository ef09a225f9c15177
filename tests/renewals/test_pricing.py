"""What a renewal costs: the worked cases as written, and the laws that hold for every price."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.agents import commission
from portal.agents.commission import Terms
from portal.core.ids import new_id
from portal.core.money import Money
from portal.promotions.discounting import Discounting, PromotionKind
from portal.renewals import pricing
from portal.renewals.pricing import PlanPrice, Quote

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data/pricing_cases.json").read_text())
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

prices = st.integers(min_value=0, max_value=10**12)
rates = st.integers(min_value=0, max_value=10_000)
terms = st.builds(
    lambda fee_bps, fixed, lowest, above, share_bps: Terms(
        fee_bps, fixed, lowest, None if above is None else (lowest or 0) + above, share_bps
    ),
    rates,
    st.integers(min_value=0, max_value=10**6),
    st.none() | st.integers(min_value=0, max_value=10**6),
    st.none() | st.integers(min_value=0, max_value=10**6),
    rates,
)
promotions = st.none() | st.builds(
    Discounting,
    kind=st.sampled_from(PromotionKind),
    bps=rates,
    cap_minor=st.none() | st.integers(min_value=0, max_value=10**6),
    amount_minor=st.integers(min_value=0, max_value=10**13),
)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_prices_the_worked_case(case: dict[str, Any]) -> None:
    promotion = case["promotion"]

    lines = pricing.amounts(
        price_minor=case["price_minor"],
        tax_bps=case["tax_bps"],
        terms=Terms(**case["terms"]),
        promotion=Discounting(**{**promotion, "kind": PromotionKind(promotion["kind"])}) if promotion else None,
    )

    assert {name: getattr(lines, name) for name in case["expect"]} == case["expect"]


@given(prices, rates, terms, promotions)
def test_the_lines_of_every_price_hold_together(
    price: int, tax_bps: int, agreed: Terms, promotion: Discounting | None
) -> None:
    lines = pricing.amounts(price_minor=price, tax_bps=tax_bps, terms=agreed, promotion=promotion)

    assert lines.price_minor == price
    assert 0 <= lines.discount_minor <= price
    assert lines.base_minor + lines.discount_minor == price
    assert lines.total_minor == lines.base_minor + lines.fee_minor
    assert 0 <= lines.tax_minor <= lines.base_minor
    assert 0 <= lines.share_minor <= lines.base_minor
    assert lines.fee_minor >= (agreed.fee_min_minor or 0)
    assert agreed.fee_max_minor is None or lines.fee_minor <= agreed.fee_max_minor


@given(prices, prices, rates)
def test_a_dearer_plan_never_carries_less_tax(one: int, other: int, tax_bps: int) -> None:
    cheap, dear = (pricing.amounts(price_minor=price, tax_bps=tax_bps, terms=Terms()) for price in sorted((one, other)))

    assert cheap.tax_minor <= dear.tax_minor


def test_without_a_promotion_nothing_is_taken_off() -> None:
    assert pricing.amounts(price_minor=10_000, tax_bps=600, terms=Terms()).discount_minor == 0


@pytest.mark.parametrize(
    ("promotion", "discount"),
    [
        (Discounting(PromotionKind.PERCENT, bps=1_000), 1_000),
        (Discounting(PromotionKind.PERCENT, bps=1_000, cap_minor=300), 300),
        (Discounting(PromotionKind.PERCENT, bps=1_000, cap_minor=5_000), 1_000),
        (Discounting(PromotionKind.PERCENT, bps=10_000), 10_000),
        (Discounting(PromotionKind.FIXED, amount_minor=2_500), 2_500),
        (Discounting(PromotionKind.FIXED, amount_minor=99_999), 10_000),
    ],
)
def test_a_promotion_lowers_the_price_and_never_below_zero(promotion: Discounting, discount: int) -> None:
    assert pricing.amounts(price_minor=10_000, tax_bps=0, terms=Terms(), promotion=promotion).discount_minor == discount


def test_the_fee_is_kept_within_its_bounds() -> None:
    assert commission.fee(10_000, Terms(fee_bps=500)) == 500
    assert commission.fee(10_000, Terms(fee_bps=500, fee_fixed_minor=100)) == 600
    assert commission.fee(1_000, Terms(fee_bps=500, fee_min_minor=100)) == 100
    assert commission.fee(100_000, Terms(fee_bps=500, fee_max_minor=300)) == 300
    assert commission.fee(0, Terms(fee_bps=500)) == 0


def test_the_share_is_a_rate_of_the_base() -> None:
    assert commission.share(9_000, Terms(share_bps=300)) == 270
    assert commission.share(50, Terms(share_bps=100)) == 1


def quote(*, price_minor: int = 10_000, now: datetime = NOW, promotion: Discounting | None = None) -> Quote:
    return pricing.quote(
        card_id=CARD,
        plan=PlanPrice(PLAN, price_minor, 6_120, "CNY", 600),
        terms_id=TERMS,
        terms_version=1,
        terms=Terms(fee_bps=500, share_bps=300),
        now=now,
        promotion=promotion,
    )


CARD, PLAN, TERMS = new_id(), new_id(), new_id()


def test_a_quote_holds_for_fifteen_minutes() -> None:
    assert quote().expires_at == NOW + timedelta(minutes=15)


def test_a_quote_carries_every_line_and_the_promotion() -> None:
    made = quote(promotion=Discounting(PromotionKind.PERCENT, code="SPRING", bps=1_000))

    assert (made.price_minor, made.discount_minor, made.base_minor) == (10_000, 1_000, 9_000)
    assert (made.tax_minor, made.fee_minor, made.share_minor, made.cost_minor) == (509, 450, 270, 6_120)
    assert made.total == Money(9_450, "CNY")
    assert made.promotion_code == "SPRING"


def test_two_quotes_of_another_time_say_the_same() -> None:
    assert quote().says_the_same_as(quote(now=NOW + timedelta(hours=1)))


def test_two_quotes_of_another_price_do_not() -> None:
    assert not quote().says_the_same_as(quote(price_minor=10_001))
