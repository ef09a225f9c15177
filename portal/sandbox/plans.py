"""The two stand-in carriers, and the plans that each of them sells."""

import csv
from dataclasses import dataclass
from pathlib import Path

import portal

DEMO_CATALOGUE = Path(portal.__file__).parent / "demo" / "catalogue.csv"


@dataclass(frozen=True, slots=True)
class StandIn:
    """A carrier that exists on this machine only."""

    name: str
    prefix: str
    """Confirmation numbers begin so."""
    api_key: str
    """Public on purpose: it opens nothing but this stand-in."""


STAND_INS = {
    stand_in.name: stand_in
    for stand_in in (
        StandIn("sandbox-east", "SE", "east-public-demo-key"),
        StandIn("sandbox-west", "SW", "west-public-demo-key"),
    )
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a carrier delivers under a code; `data_mb` None is unlimited, the days are of 24 hours."""

    code: str
    data_mb: int | None
    validity_days: int
    cost_minor: int = 0
    """What the carrier asks for it, in minor units of `currency`."""
    currency: str = "CNY"


Plans = dict[str, dict[str, Plan]]
"""Plans by carrier and code."""


def read(catalogue: Path) -> Plans:
    """Read each carrier's plans by code from a catalogue file in the portal's CSV format."""
    plans: Plans = {name: {} for name in STAND_INS}
    with catalogue.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["carrier"] in plans:
                data_mb = int(row["data_mb"]) if row["data_mb"] else None
                plans[row["carrier"]][row["code"]] = Plan(
                    row["code"], data_mb, int(row["validity_days"]), int(row["cost_minor"]), row["currency"]
                )
    return plans
