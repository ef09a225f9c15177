"""Which rates hold for a sale, and why: pure, amounts in minor units."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.agents import commission, reckoning
from portal.agents.commission import (
    PLAIN,
    Conditions,
    Grounds,
    Rule,
    Sale,
    SaleKind,
    Scheme,
    Terms,
    Tier,
    Upline,
)
from portal.catalogue.models import Term
from portal.renewals import pricing

PLAN = UUID("01930000-0000-7000-8000-000000000001")
OTHER_PLAN = UUID("01930000-0000-7000-8000-000000000002")
PARENT = UUID("01930000-0000-7000-8000-000000000003")
IDS = [UUID(int=number) for number in range(1, 9)]

FIVE_AND_THREE = Terms(fee_bps=500, share_bps=300)
JAPAN = Sale(PLAN, ["JP"], Term.SHORT)


def rates(scheme: Scheme, sale: Sale = JAPAN) -> tuple[int, int]:
    terms, _ = commission.resolve(scheme, sale)
    return terms.fee_bps, terms.share_bps


def scheme(*rules: Rule, tiers: tuple[Tier, ...] = ()) -> Scheme:
    return Scheme(FIVE_AND_THREE, rules, tiers)


def test_without_rules_the_terms_hold() -> None:
    terms, grounds = commission.resolve(scheme(), JAPAN)

    assert terms == FIVE_AND_THREE
    assert grounds.is_plain


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(plan_id=PLAN),
        Conditions(region="JP"),
        Conditions(term=Term.SHORT),
        Conditions(sale=SaleKind.AGAIN),
        Conditions(PLAN, "JP", Term.SHORT, SaleKind.AGAIN),
    ],
)
def test_a_rule_that_fits_gives_its_rates(conditions: Conditions) -> None:
    assert rates(scheme(Rule(conditions, fee_bps=600, share_bps=800))) == (600, 800)


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(plan_id=OTHER_PLAN),
        Conditions(region="KR"),
        Conditions(term=Term.LONG),
        Conditions(sale=SaleKind.FIRST),
        Conditions(PLAN, "JP", Term.SHORT, SaleKind.FIRST),
    ],
)
def test_a_rule_that_does_not_fit_changes_nothing(conditions: Conditions) -> None:
    assert rates(scheme(Rule(conditions, fee_bps=600, share_bps=800))) == (500, 300)


def test_the_most_particular_rule_holds_wherever_it_stands() -> None:
    by_sale = Rule(Conditions(sale=SaleKind.AGAIN), share_bps=100)
    by_term = Rule(Conditions(term=Term.SHORT), share_bps=200)
    by_region = Rule(Conditions(region="JP"), share_bps=400)
    by_plan = Rule(Conditions(plan_id=PLAN), share_bps=500)

    assert rates(scheme(by_sale, by_term)) == (500, 200)
    assert rates(scheme(by_region, by_term)) == (500, 400)
    assert rates(scheme(by_sale, by_term, by_region, by_plan)) == (500, 500)


def test_of_two_equally_particular_rules_the_earlier_holds() -> None:
    japan, korea = Rule(Conditions(region="JP"), share_bps=400), Rule(Conditions(region="KR"), share_bps=700)
    both = Sale(PLAN, ["JP", "KR"], Term.SHORT)

    assert rates(scheme(japan, korea), both) == (500, 400)
    assert rates(scheme(korea, japan), both) == (500, 700)


def test_fee_and_share_are_found_apart() -> None:
    by_plan = Rule(Conditions(plan_id=PLAN), share_bps=800, id=IDS[0])
    by_term = Rule(Conditions(term=Term.SHORT), fee_bps=250, share_bps=900, id=IDS[1])

    terms, grounds = commission.resolve(scheme(by_term, by_plan), JAPAN)

    assert (terms.fee_bps, terms.share_bps) == (250, 800)
    assert (grounds.fee_rule, grounds.share_rule) == (IDS[1], IDS[0])


def test_a_rate_of_zero_is_a_rate() -> None:
    assert rates(scheme(Rule(Conditions(plan_id=PLAN), fee_bps=0, share_bps=0))) == (0, 0)


@pytest.mark.parametrize(
    ("delivered", "share"), [(0, 300), (4_999_999, 300), (5_000_000, 400), (9_999_999, 400), (10_000_000, 500)]
)
def test_the_highest_tier_reached_adds_to_the_share(delivered: int, share: int) -> None:
    tiers = (Tier(5_000_000, 100), Tier(10_000_000, 200))
    sale = Sale(PLAN, ["JP"], Term.SHORT, delivered_minor=delivered)

    assert rates(scheme(tiers=tiers), sale) == (500, share)


def test_a_tier_adds_to_a_rules_rate_and_never_beyond_the_whole_base() -> None:
    tiers = (Tier(1, 300),)
    sale = Sale(PLAN, ["JP"], Term.SHORT, delivered_minor=1)

    assert rates(scheme(Rule(Conditions(plan_id=PLAN), share_bps=800), tiers=tiers), sale) == (500, 1_100)
    assert rates(scheme(Rule(Conditions(plan_id=PLAN), share_bps=9_900), tiers=tiers), sale) == (500, 10_000)


def test_the_grounds_say_everything_and_are_read_back_as_written() -> None:
    rule = Rule(Conditions(sale=SaleKind.FIRST), fee_bps=600, share_bps=800, id=IDS[0])
    sale = Sale(PLAN, ["JP"], Term.SHORT, SaleKind.FIRST, delivered_minor=6_000_000)

    terms, grounds = commission.resolve(scheme(rule, tiers=(Tier(5_000_000, 100),)), sale, upline=Upline(PARENT, 50))

    assert grounds == Grounds(
        fee_rule=IDS[0],
        fee_bps=600,
        share_rule=IDS[0],
        share_bps=800,
        tier_from_minor=5_000_000,
        extra_bps=100,
        delivered_minor=6_000_000,
        is_first=True,
        parent_id=PARENT,
        override_bps=50,
    )
    assert Grounds.read(str(grounds)) == grounds
    assert Grounds.of(grounds.values()) == grounds
    assert commission.applied(FIVE_AND_THREE, grounds) == terms


def test_plain_grounds_take_no_room() -> None:
    assert str(PLAIN) == "{}"
    assert Grounds.of(None) == PLAIN


def test_a_first_sale_is_noted_only_where_a_rule_asks() -> None:
    sale = Sale(PLAN, ["JP"], Term.SHORT, SaleKind.FIRST)
    asking = scheme(Rule(Conditions(sale=SaleKind.AGAIN), share_bps=100))

    assert commission.resolve(scheme(), sale)[1].is_first is False
    assert commission.resolve(asking, sale)[1].is_first is True


def test_the_override_comes_out_of_the_operators_part() -> None:
    lines = pricing.amounts(price_minor=10_000, tax_bps=600, terms=FIVE_AND_THREE, override_bps=50)

    assert (lines.share_minor, lines.override_minor, lines.total_minor) == (300, 50, 10_500)


def test_the_override_is_never_more_than_what_is_left_to_the_operator() -> None:
    lines = pricing.amounts(price_minor=10_000, tax_bps=600, terms=Terms(share_bps=9_000), override_bps=5_000)

    assert (lines.tax_minor, lines.share_minor, lines.override_minor) == (566, 9_000, 434)


@given(
    price=st.integers(0, 10**9),
    tax_bps=st.integers(0, 10_000),
    share_bps=st.integers(0, 10_000),
    override_bps=st.integers(0, 10_000),
)
def test_the_parts_always_sum_to_what_was_paid(price: int, tax_bps: int, share_bps: int, override_bps: int) -> None:
    lines = pricing.amounts(
        price_minor=price, tax_bps=tax_bps, terms=Terms(fee_bps=500, share_bps=share_bps), override_bps=override_bps
    )

    operator = lines.base_minor - lines.tax_minor - lines.share_minor - lines.override_minor
    assert lines.override_minor >= 0
    assert operator >= 0 or lines.override_minor == 0
    assert operator + lines.tax_minor + lines.share_minor + lines.override_minor + lines.fee_minor == lines.total_minor


def test_the_reckoning_tells_rate_rounding_and_bounds() -> None:
    plain = reckoning.of_fee(9_050, Terms(fee_bps=500, fee_fixed_minor=100))
    raised = reckoning.of_fee(1_000, Terms(fee_bps=500, fee_min_minor=200))
    lowered = reckoning.of_fee(100_000, Terms(fee_bps=500, fee_max_minor=3_000))

    assert (plain.part_minor, plain.is_rounded, plain.fixed_minor, plain.amount_minor) == (453, True, 100, 553)
    assert (plain.lowest_minor, plain.highest_minor) == (None, None)
    assert (raised.part_minor, raised.is_rounded, raised.lowest_minor, raised.amount_minor) == (50, False, 200, 200)
    assert (lowered.part_minor, lowered.highest_minor, lowered.amount_minor) == (5_000, 3_000, 3_000)


def test_the_reckoning_of_an_override_tells_that_it_was_cut() -> None:
    cut = reckoning.of_override(10_000, left_minor=434, override_bps=5_000)
    whole = reckoning.of_override(10_000, left_minor=9_000, override_bps=50)

    assert (cut.part_minor, cut.highest_minor, cut.amount_minor) == (5_000, 434, 434)
    assert (whole.part_minor, whole.highest_minor, whole.amount_minor) == (50, None, 50)
    assert reckoning.of_share(9_000, Terms(share_bps=300)).amount_minor == 270
