"""One top-up is bounded, in whole units of its own currency."""

import pytest
from flask import Flask

from portal.core import settings
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.wallets import bounds


@pytest.mark.parametrize(("minor", "currency"), [(100_000_000, "CNY"), (1_000_000, "JPY"), (1_000_000_000, "KWD")])
def test_refuses_one_unit_more_than_the_limit(app: Flask, minor: int, currency: str) -> None:
    bounds.check_top_up(Money(minor, currency))

    with pytest.raises(InvalidInput) as refused:
        bounds.check_top_up(Money(minor + 1, currency))
    assert refused.value.parts == {
        "field": "amount",
        "reason": "top_up_too_large",
        "most": f"{currency} 1,000,000",
    }


def test_the_operator_sets_the_limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.current(), "top_up_at_most", 50)

    with pytest.raises(InvalidInput):
        bounds.check_top_up(Money(5_001, "CNY"))


def test_refuses_nothing_at_all(app: Flask) -> None:
    with pytest.raises(InvalidInput) as refused:
        bounds.check_top_up(Money(0, "CNY"))
    assert refused.value.parts["reason"] == "amount_zero"
