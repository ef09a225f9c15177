import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.money import Money
from portal.payments.providers.base import Declined
from portal.payments.providers.paypal import amounts
from portal.payments.providers.reading import Unreadable


@pytest.mark.parametrize(
    ("minor", "currency", "value"),
    [(1_050, "USD", "10.50"), (5, "EUR", "0.05"), (1_501, "JPY", "1501"), (12_300, "HUF", "123"), (0, "USD", "0.00")],
)
def test_writes_an_amount_as_paypal_reads_it(minor: int, currency: str, value: str) -> None:
    wire = amounts.to_wire(Money(minor, currency))

    assert wire == {"currency_code": currency, "value": value}
    assert amounts.from_wire(wire) == Money(minor, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [
        (12_345, "HUF", "amount_not_expressible"),
        (1, "TWD", "amount_not_expressible"),
        (1_000, "KWD", "currency_not_taken"),
    ],
)
def test_refuses_what_paypal_can_not_express(minor: int, currency: str, code: str) -> None:
    with pytest.raises(Declined, match=code):
        amounts.to_wire(Money(minor, currency))


@pytest.mark.parametrize("value", ["10.505", "1e2", "", "10,50", "+1", "１０", "10.", "NaN", None, 10.5])
def test_never_guesses_an_amount(value: object) -> None:
    with pytest.raises(Unreadable):
        amounts.from_wire({"currency_code": "USD", "value": value})


def test_reads_signs_and_needless_zeros() -> None:
    assert amounts.from_wire({"currency_code": "USD", "value": "-1.05"}) == Money(-105, "USD")
    assert amounts.from_wire({"currency_code": "JPY", "value": "1501.00"}) == Money(1_501, "JPY")


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(sorted(amounts.CURRENCIES)))
def test_reads_back_exactly_what_it_wrote(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    try:
        wire = amounts.to_wire(amount)
    except Declined:
        assert currency in amounts.WITHOUT_DECIMALS
        return
    assert amounts.from_wire(wire) == amount
