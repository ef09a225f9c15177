from collections.abc import Iterator

import pytest

from portal.carriers import registry
from portal.core.settings import Settings


@pytest.fixture(autouse=True)
def kept_registry() -> Iterator[None]:
    before = dict(registry.REGISTRY)
    yield
    registry.REGISTRY.clear()
    registry.REGISTRY.update(before)


def test_knows_the_two_sandbox_carriers() -> None:
    registry.configure(Settings(sandbox_carriers=True))

    assert registry.names() == ["sandbox-east", "sandbox-west"]
    assert registry.get("sandbox-west").name == "sandbox-west"


def test_knows_no_sandbox_carrier_when_they_are_switched_off() -> None:
    registry.configure(Settings(sandbox_carriers=False))

    assert registry.names() == []
    with pytest.raises(registry.UnknownCarrier, match="sandbox-east"):
        registry.get("sandbox-east")
