import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.money import Money
from portal.payments.providers.base import Declined
from portal.payments.providers.reading import Unreadable
from portal.payments.providers.stripe import amounts


@pytest.mark.parametrize(
    ("minor", "currency", "wire"),
    [
        (1_050, "USD", 1_050),
        (1_050, "CNY", 1_050),
        (1_501, "JPY", 1_501),
        (10_550, "KWD", 10_550),
        (12_300, "HUF", 12_300),
        # Hundredths on the wire, though the portal knows whole units only.
        (25, "UGX", 2_500),
        (40, "ISK", 4_000),
        (7, "RSD", 700),
    ],
)
def test_writes_an_amount_as_stripe_counts(minor: int, currency: str, wire: int) -> None:
    assert amounts.to_wire(Money(minor, currency)) == wire
    assert amounts.from_wire(wire, currency.lower()) == Money(minor, currency)


@pytest.mark.parametrize(("minor", "currency"), [(10_555, "KWD"), (1, "TND")])
def test_refuses_thousandths_that_stripe_can_not_take(minor: int, currency: str) -> None:
    with pytest.raises(Declined, match="amount_not_expressible"):
        amounts.to_wire(Money(minor, currency))


@pytest.mark.parametrize(("wire", "currency"), [(150, "rsd"), (1, "xyz"), (50, "isk")])
def test_never_guesses_what_the_portal_can_not_hold(wire: int, currency: str) -> None:
    with pytest.raises(Unreadable):
        amounts.from_wire(wire, currency)


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(sorted(amounts.CARD)))
def test_reads_back_exactly_what_it_wrote(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    try:
        wire = amounts.to_wire(amount)
    except Declined:
        assert minor % 100
        return
    assert amounts.from_wire(wire, currency.lower()) == amount
