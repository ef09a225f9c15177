"""Green is what is explained and seen."""

from portal.core.db import in_transaction
from portal.payments.providers.base import Retry
from portal.reconciliation import sources, standings
from portal.reconciliation.models import SourceKind
from tests.reconciliation.conftest import House


def is_green() -> bool:
    return in_transaction(standings.summary).is_green


def explained(house: House) -> None:
    """Have Stripe compared, with nothing that differs."""
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.fetch()


def test_it_is_green_where_everything_is_explained_and_the_others_saw_no_money(house: House) -> None:
    explained(house)

    assert is_green()


def test_it_is_not_green_while_one_of_whom_nothing_was_compared_cannot_be_had(house: House) -> None:
    explained(house)

    house.fetch(in_transaction(lambda: sources.by_name(SourceKind.CARRIER, "sandbox-east")))  # nobody answers

    assert all(account.is_green for account in in_transaction(standings.summary).accounts)
    assert not is_green()


def test_it_is_not_green_while_money_moved_and_nobody_asked(house: House) -> None:
    house.top_up()

    assert in_transaction(standings.summary).accounts == []
    assert not is_green()


def test_it_is_not_green_while_the_first_books_cannot_be_had(house: House) -> None:
    house.stub.failure = Retry("http_500")

    house.fetch()

    assert in_transaction(standings.summary).accounts == []
    assert not is_green()
