"""Whose books are fetched, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.errors import NotFound
from portal.core.outbox import OutboxRow
from portal.reconciliation import sources
from portal.reconciliation.models import ReportSource, SourceKind
from tests.reconciliation.conftest import NOW, House


def names() -> list[tuple[str, str]]:
    found = in_transaction(lambda: db.session.scalars(select(ReportSource)).all())
    return sorted((source.kind.value, source.name) for source in found)


def jobs() -> list[object]:
    query = select(OutboxRow.subject_id).where(OutboxRow.kind == "reconciliation.fetch")
    return list(in_transaction(lambda: db.session.scalars(query).all()))


def test_there_is_one_for_each_provider_its_bank_and_each_carrier(house: House) -> None:
    in_transaction(sources.ensure)

    assert names() == [
        ("bank", "stripe"),
        ("carrier", "sandbox-east"),
        ("carrier", "sandbox-west"),
        ("provider", "stripe"),
    ]


@pytest.mark.parametrize(
    ("now", "at"),
    [
        (datetime(2026, 11, 22, 2, 29, 59, tzinfo=UTC), datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
        (datetime(2026, 11, 22, 2, 30, tzinfo=UTC), datetime(2026, 11, 23, 2, 30, tzinfo=UTC)),
    ],
)
def test_books_are_fetched_once_mainland_bills_are_written(now: datetime, at: datetime) -> None:
    with clock.fixed(now):
        assert sources.next_fetch() == at


def test_the_clock_has_what_is_due_fetched_once(house: House) -> None:
    in_transaction(sources.fetch_due)
    assert jobs() == []

    with clock.fixed(NOW + timedelta(days=1)):
        in_transaction(sources.fetch_due)
        in_transaction(sources.fetch_due)
        assert len(jobs()) == 3  # not the bank: people bring its lines

    # One whose worker died is tried again.
    with clock.fixed(NOW + timedelta(days=1, hours=2)):
        in_transaction(sources.fetch_due)
        assert len(jobs()) == 6


def test_one_can_be_fetched_now(house: House) -> None:
    in_transaction(lambda: sources.fetch_now(house.stripe.id))

    assert jobs() == [in_transaction(lambda: house.stripe.id)]
    bank = in_transaction(lambda: sources.by_name(SourceKind.BANK, "stripe").id)
    with pytest.raises(NotFound):
        in_transaction(lambda: sources.fetch_now(bank))
