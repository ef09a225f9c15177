"""The carriers that this portal can reach, by their names in the catalogue."""

from collections.abc import Callable, Iterable

from portal.carriers import sandbox
from portal.carriers.base import Carrier
from portal.core.errors import NotFound
from portal.core.settings import Settings

CONNECTORS: tuple[Callable[[Settings], Iterable[Carrier]], ...] = (sandbox.connect,)
"""One entry a connector package: it gives the carriers that the settings switch on. Add a sibling here."""

REGISTRY: dict[str, Carrier] = {}


class UnknownCarrier(NotFound):
    """No connector is switched on for the carrier. Parts: `carrier`."""

    code = "unknown_carrier"


def configure(settings: Settings) -> None:
    """Fill the registry from the settings, once at the start; calls nobody."""
    carriers = {carrier.name: carrier for connect in CONNECTORS for carrier in connect(settings)}
    REGISTRY.clear()
    REGISTRY.update(carriers)


def get(name: str) -> Carrier:
    """Give the carrier of a name.

    Raises:
        UnknownCarrier: it is not switched on here.
    """
    if name not in REGISTRY:
        raise UnknownCarrier(carrier=name)
    return REGISTRY[name]


def names() -> list[str]:
    """List the carriers' names, sorted."""
    return sorted(REGISTRY)
