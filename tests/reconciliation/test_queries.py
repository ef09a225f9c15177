from datetime import UTC, datetime, timedelta

import pytest

from portal.core import pages
from portal.core.db import db
from portal.reconciliation import queries
from portal.reconciliation.models import Difference, DifferenceKind, DifferenceState, ReportSource, SourceKind
from portal.reconciliation.queries import DifferenceFilter

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def wanted_with(*hours: int) -> tuple[DifferenceFilter, list[Difference]]:
    """Make a source with differences that arose so many hours after midnight; give them in their order."""
    source = ReportSource(kind=SourceKind.PROVIDER, name="stripe")
    db.session.add(source)
    db.session.flush()
    made = [
        Difference(
            source_id=source.id,
            key=f"line:{number}",
            currency="CNY",
            kind=DifferenceKind.UNKNOWN_LINE,
            state=DifferenceState.OPEN,
            reference=str(number),
            theirs_minor=100,
            ours_minor=0,
            arisen_at=MIDNIGHT + timedelta(hours=hour, microseconds=7),
            found_at=MIDNIGHT,
            seen_at=MIDNIGHT,
        )
        for number, hour in enumerate(hours)
    ]
    db.session.add_all(made)
    db.session.flush()
    return DifferenceFilter(source.id, "CNY"), sorted(made, key=lambda one: (one.arisen_at, one.id))


def test_pages_through_differences_the_oldest_first(app, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    # Two of them at the very same instant: the id decides.
    wanted, (a, b, c, d, e) = wanted_with(5, 1, 3, 3, 8)

    first = queries.differences(wanted)
    second = queries.differences(wanted, older=first.older)
    third = queries.differences(wanted, older=second.older)
    back = queries.differences(wanted, newer=third.newer)

    assert [list(page.rows) for page in (first, second, third, back)] == [[a, b], [c, d], [e], [c, d]]
    assert (first.newer, third.older) == (None, None)


@pytest.mark.parametrize("key", ["x", "20261122T000000000007", "../.."])
def test_a_key_that_is_none_of_ours_gives_the_first_page(app, key):
    wanted, made = wanted_with(1)

    for way in ({"older": key}, {"newer": key}):
        assert list(queries.differences(wanted, **way).rows) == made


def test_a_file_has_every_difference_once(app, monkeypatch):
    monkeypatch.setattr(queries, "CHUNK", 2)
    wanted, made = wanted_with(3, 1, 2, 2, 9)

    assert [one for chunk in queries.every(wanted) for one in chunk] == made
