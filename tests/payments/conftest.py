from collections.abc import Iterator

import pytest

from portal.payments import announcing, registry
from portal.payments.providers.base import Provider
from tests.payments.stub import StubProvider


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubProvider]:
    """Every provider is one in this process."""
    made = StubProvider()

    def give(name: str) -> Provider:
        return made

    monkeypatch.setattr(registry, "get", give)
    monkeypatch.setattr(registry, "usable", lambda: {"stripe": made})
    monkeypatch.setattr(announcing, "before_the_first", lambda provider: None)
    return made
