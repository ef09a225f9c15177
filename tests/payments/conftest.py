from typing import TypeVar

import pytest

from portal.payments import announcing, registry
from portal.payments.providers.base import Provider
from tests.payments.stub import StubInsideApp, StubProvider

Stub = TypeVar("Stub", bound=StubProvider)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubProvider:
    """Every provider is one in this process."""
    return _in_charge(StubProvider(), monkeypatch)


@pytest.fixture
def stub_inside_app(monkeypatch: pytest.MonkeyPatch) -> StubInsideApp:
    """Every provider is one in this process that has an app of its own."""
    return _in_charge(StubInsideApp(), monkeypatch)


def _in_charge(made: Stub, monkeypatch: pytest.MonkeyPatch) -> Stub:
    def give(name: str) -> Provider:
        return made

    monkeypatch.setattr(registry, "get", give)
    monkeypatch.setattr(registry, "usable", lambda: {"stripe": made})
    monkeypatch.setattr(announcing, "before_the_first", lambda provider: None)
    return made
