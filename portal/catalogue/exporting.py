"""Export the catalogue as the CSV file that importing reads."""

from portal.catalogue import offers, queries, sheet
from portal.catalogue.queries import PlanFilter


def to_csv(wanted: PlanFilter) -> str:
    """Write the plans that match, at their current versions; the same file imported again changes nothing."""
    return sheet.write((version.code, offers.of_version(version)) for version in queries.all_matching(wanted))
