"""Differences as a CSV file: amounts with a point, instants in ISO 8601 in UTC."""

import csv
import io

from portal.core import clock
from portal.core.cells import harmless
from portal.core.money import to_decimal_text
from portal.reconciliation import ageing, queries
from portal.reconciliation.queries import DifferenceFilter

COLUMNS = (
    "reference",
    "kind",
    "state",
    "currency",
    "theirs",
    "ours",
    "difference",
    "arisen_at",
    "days",
    "explanation",
    "note",
    "explained_by",
)


def to_csv(wanted: DifferenceFilter) -> str:
    """Write the differences that match, the oldest first; the byte order mark tells Excel that it is UTF-8."""
    text = io.StringIO(newline="")
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    now = clock.now()
    for chunk in queries.every(wanted):
        writer.writerows(
            (
                harmless(one.reference),
                one.kind.value,
                one.state.value,
                one.currency,
                to_decimal_text(one.theirs),
                to_decimal_text(one.ours),
                to_decimal_text(one.gap),
                one.arisen_at.isoformat(timespec="seconds"),
                ageing.days_old(one.arisen_at, now=now),
                one.explanation.value if one.explanation else "",
                harmless(one.note) if one.explanation else "",
                harmless(one.explained_by_name or "") if one.explanation else "",
            )
            for one in chunk
        )
    return text.getvalue()
