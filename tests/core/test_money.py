"""Amounts: whole minor units, one currency, never a unit lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.errors import InvalidInput
from portal.core.money import (
    MAX_MINOR,
    CurrencyMismatch,
    Money,
    exponent,
    parse_amount,
    round_half_up,
    to_decimal_text,
)

amounts = st.integers(min_value=-(10**15), max_value=10**15)
weights = st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=8).filter(any)


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)])
def test_knows_how_many_digits_a_currency_has(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["", "cny", "XX", "ZZZ", "CNYX"])
def test_refuses_what_is_not_a_currency(code: str) -> None:
    with pytest.raises(ValueError, match="not a currency"):
        exponent(code)


@pytest.mark.parametrize("minor", [1.0, True, "1", None])
def test_takes_whole_numbers_only(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "CNY")  # type: ignore[arg-type]


def test_adds_subtracts_negates_and_compares() -> None:
    assert Money(9_000, "CNY") + Money(450, "CNY") == Money(9_450, "CNY")
    assert Money(10_000, "CNY") - Money(1_000, "CNY") == Money(9_000, "CNY")
    assert -Money(5, "JPY") == Money(-5, "JPY")
    assert Money(1, "CNY") < Money(2, "CNY")
    assert Money(2, "CNY") <= Money(2, "CNY")
    assert bool(Money(-1, "CNY"))
    assert not Money(0, "CNY")


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
    ],
)
def test_refuses_to_mix_currencies(mix) -> None:
    with pytest.raises(CurrencyMismatch):
        mix(Money(1, "CNY"), Money(1, "USD"))


def test_the_same_number_of_another_currency_is_another_amount() -> None:
    assert Money(100, "CNY") != Money(100, "USD")


@given(amounts, weights)
def test_allocating_never_loses_a_unit(minor: int, parts: list[int]) -> None:
    allocated = Money(minor, "CNY").allocate(parts)

    assert sum(part.minor for part in allocated) == minor
    assert len(allocated) == len(parts)


@given(amounts, weights)
def test_each_part_is_less_than_one_unit_off_its_fair_share(minor: int, parts: list[int]) -> None:
    total = sum(parts)

    for part, weight in zip(Money(minor, "CNY").allocate(parts), parts, strict=True):
        assert abs(part.minor * total - minor * weight) < total


@given(amounts, weights)
def test_a_weight_of_zero_gets_nothing(minor: int, parts: list[int]) -> None:
    for part, weight in zip(Money(minor, "CNY").allocate([0, *parts]), [0, *parts], strict=True):
        if weight == 0:
            assert part.minor == 0


@given(amounts, weights)
def test_what_is_owed_is_split_as_what_is_held(minor: int, parts: list[int]) -> None:
    assert [-part for part in Money(minor, "CNY").allocate(parts)] == Money(-minor, "CNY").allocate(parts)


def test_ties_go_to_the_earlier_part() -> None:
    assert [part.minor for part in Money(100, "CNY").allocate([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(-100, "CNY").allocate([1, 1, 1])] == [-34, -33, -33]
    assert [part.minor for part in Money(5, "JPY").allocate([1, 1])] == [3, 2]


@pytest.mark.parametrize("parts", [[], [0], [0, 0], [-1, 2]])
def test_refuses_weights_that_cannot_split(parts: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100, "CNY").allocate(parts)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"), [(0, 3, 0), (1, 2, 1), (4, 10, 0), (5, 10, 1), (14, 10, 1), (15, 10, 2)]
)
def test_rounds_halves_up(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


@given(st.integers(min_value=0, max_value=10**18), st.integers(min_value=1, max_value=10**9))
def test_rounding_is_never_more_than_half_a_unit_off(numerator: int, denominator: int) -> None:
    off = round_half_up(numerator, denominator) * denominator - numerator

    assert -denominator < 2 * off <= denominator


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0), (1, -2)])
def test_refuses_to_round_what_is_not_an_amount(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        round_half_up(numerator, denominator)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (9_450, "CNY", "94.50"),
        (-5, "CNY", "-0.05"),
        (0, "USD", "0.00"),
        (1_000, "JPY", "1000"),
        (-7, "JPY", "-7"),
        (105, "KWD", "0.105"),
    ],
)
def test_writes_plain_decimals_for_machines(minor: int, currency: str, written: str) -> None:
    assert to_decimal_text(Money(minor, currency)) == written


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("94.5", "CNY", 9_450),
        (" 1,000.50 ", "CNY", 100_050),
        ("1000", "CNY", 100_000),
        ("0.01", "USD", 1),
        ("1,234,567", "JPY", 1_234_567),
        ("0.105", "KWD", 105),
        ("10000000000", "CNY", MAX_MINOR),
    ],
)
def test_reads_amounts_as_people_type_them(typed: str, currency: str, minor: int) -> None:
    assert parse_amount(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "amount_missing"),
        ("   ", "amount_missing"),
        ("１００", "amount_full_width"),
        ("-1", "amount_negative"),
        ("+1", "amount_not_a_number"),
        ("1e3", "amount_not_a_number"),
        ("0x10", "amount_not_a_number"),
        ("1.", "amount_not_a_number"),
        (".5", "amount_not_a_number"),
        ("1,00", "amount_not_a_number"),
        ("1 000", "amount_not_a_number"),
        ("NaN", "amount_not_a_number"),
        ("٣", "amount_not_a_number"),
        ("¥5", "amount_not_a_number"),
        ("1.005", "amount_too_precise"),
        ("10000000000.01", "amount_too_large"),
        ("9" * 40, "amount_too_large"),
        ("0", "amount_zero"),
        ("0.00", "amount_zero"),
    ],
)
def test_refuses_anything_it_would_have_to_guess(typed: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_amount(typed, "CNY", field="amount")

    assert refused.value.parts["field"] == "amount"
    assert refused.value.parts["reason"] == reason


def test_refuses_fractions_of_a_yen() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_amount("1.0", "JPY")

    assert refused.value.parts == {"field": "amount", "reason": "amount_too_precise", "digits": 0, "currency": "JPY"}


@given(st.integers(min_value=1, max_value=MAX_MINOR), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_reads_back_what_it_writes(minor: int, currency: str) -> None:
    amount = Money(minor, currency)

    assert parse_amount(to_decimal_text(amount), currency) == amount
