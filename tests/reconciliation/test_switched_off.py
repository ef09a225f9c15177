"""A provider or carrier whose credentials or connector are gone: asked no more, its past compared to its end."""

from datetime import timedelta

import pytest

from portal.carriers import registry as carriers
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.payments import registry
from portal.payments.errors import UnknownProvider
from portal.payments.providers.base import Provider, Retry
from portal.reconciliation import sources, standings
from portal.reconciliation.models import ReportSource, SourceKind
from portal.reconciliation.seen import Books, BooksState
from tests.reconciliation.conftest import NOW, House

HOUR = timedelta(hours=1)
TOMORROW = NOW.replace(day=23, hour=2, minute=30, second=0)


@pytest.fixture
def seen(house: House) -> House:
    """Everything is explained; then the credentials go."""
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.fetch()
    return house


def switch_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def give(name: str) -> Provider:
        raise UnknownProvider(provider=name)

    monkeypatch.setattr(registry, "get", give)
    monkeypatch.setattr(registry, "usable", dict)


def stripe(house: House) -> ReportSource:
    return in_transaction(lambda: house.stripe)


def books(name: str = "stripe") -> Books:
    shelves = in_transaction(standings.summary).shelves
    return next(shelf.books for shelf in shelves if shelf.source.name == name)


def is_green() -> bool:
    return in_transaction(standings.summary).is_green


def test_it_is_asked_no_more_and_stays_green(seen: House, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off(monkeypatch)

    with clock.fixed(NOW + HOUR):
        seen.fetch()
        source = stripe(seen)
        assert (source.switched_off_at, source.failure, source.next_at) == (NOW + HOUR, None, TOMORROW)

    with clock.fixed(NOW + timedelta(days=9)):
        seen.fetch()
        assert stripe(seen).switched_off_at == NOW + HOUR
        assert stripe(seen).fetched_at == NOW
        assert books() == Books(BooksState.SWITCHED_OFF, NOW + HOUR)
        assert is_green()


def test_one_that_failed_before_fails_no_more(seen: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seen.stub.failure = Retry("http_500")
    seen.fetch()
    assert not is_green()
    switch_off(monkeypatch)

    seen.fetch()

    assert (stripe(seen).failure, stripe(seen).first_failed_at) == (None, None)
    assert is_green()


def test_the_clock_finds_it_out_and_has_it_compared_once_more(seen: House, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off(monkeypatch)

    with clock.fixed(NOW + HOUR):
        in_transaction(sources.ensure)
        assert (stripe(seen).switched_off_at, stripe(seen).next_at) == (NOW + HOUR, NOW + HOUR)
        assert books() == Books(BooksState.NOT_COMPARED, NOW + HOUR)

        seen.fetch()
        assert books() == Books(BooksState.SWITCHED_OFF, NOW + HOUR)


def test_what_their_books_did_not_say_by_then_is_a_difference(seen: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.fixed(NOW + HOUR):
        seen.top_up(5_000, key="k-2")
        seen.fetch()
        assert (seen.account(), seen.differences()) == ((9_680, 14_680, 5_000), [])
        switch_off(monkeypatch)

        seen.fetch()

        assert (seen.account(), seen.differences()) == ((9_680, 14_680, 0), [("missing_there", "open", -5_000)])
        assert not is_green()


def test_one_that_was_never_fetched_is_not_green(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.top_up()
    switch_off(monkeypatch)

    house.fetch()

    assert house.differences() == [("missing_there", "open", -10_000)]
    assert not is_green()


def test_set_up_again_it_is_asked_from_where_its_books_ended(seen: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seen.top_up(5_000, key="k-2")
    with monkeypatch.context() as off:
        switch_off(off)
        seen.fetch()
        assert seen.differences() == [("missing_there", "open", -5_000)]

    with clock.fixed(NOW + HOUR):
        in_transaction(sources.ensure)
        assert (stripe(seen).switched_off_at, stripe(seen).next_at) == (None, NOW + HOUR)
        assert stripe(seen).fetched_until == NOW
        seen.fetch()

        assert stripe(seen).fetched_at == NOW + HOUR
        assert seen.differences() == [("missing_there", "gone", 0)]  # as young as anything that they may still book
        assert is_green()


def test_switched_off_while_it_is_asked_it_is_looked_at_once_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings = house.stub.bookings

    def go_meanwhile(**span: object) -> object:
        switch_off(monkeypatch)
        in_transaction(sources.ensure)
        return bookings(**span)  # type: ignore[arg-type]

    monkeypatch.setattr(house.stub, "bookings", go_meanwhile)

    house.fetch()

    assert (stripe(house).switched_off_at, stripe(house).next_at, stripe(house).fetched_at) == (NOW, NOW, None)


def test_a_carrier_whose_connector_is_gone_is_asked_no_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(carriers.REGISTRY, "sandbox-east")

    in_transaction(sources.ensure)

    assert books("sandbox-east") == Books(BooksState.SWITCHED_OFF, NOW)
    assert books("sandbox-west") == Books(BooksState.NOTHING)


def test_one_that_takes_no_new_payments_is_still_asked(seen: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "usable", dict)

    in_transaction(sources.ensure)

    assert stripe(seen).switched_off_at is None


def test_a_provider_set_up_since_has_a_source_before_its_first_day_ends(house: House) -> None:
    in_transaction(lambda: db.session.query(ReportSource).delete())

    in_transaction(sources.ensure)

    assert in_transaction(lambda: sources.by_name(SourceKind.PROVIDER, "stripe").next_at) == TOMORROW
