"""Two orders at once on one wallet, and many on several; `tests/faults` sends crowds of processes."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import text

from portal.core.db import db, in_transaction
from portal.core.errors import Busy
from portal.ledger.errors import NotCovered
from portal.renewals import verification
from portal.renewals.placing import Placed
from tests.beside import all_at_once
from tests.renewals.conftest import Counter as SalesCounter
from tests.renewals.conftest import open_counter

pytestmark = pytest.mark.slow

ONE_RENEWAL = 10_500


def without(sql: str) -> None:
    """Take a guard out of this test's own database."""
    in_transaction(lambda: db.session.execute(text(sql)))


def endings(placed: list[object]) -> dict[str, int]:
    return dict(Counter(type(ending).__name__ for ending in placed))


def shop(money_minor: int) -> tuple[SalesCounter, str]:
    """Open a counter with so much in its wallet, and quote its plan."""
    counter = open_counter(money_minor=money_minor)
    quote = counter.signed_quote()
    db.session.rollback()  # nothing of ours stays open beside the orders
    return counter, quote


def order_twice(app: Flask, *, money_minor: int) -> tuple[SalesCounter, dict[str, int]]:
    counter, quote = shop(money_minor)

    return counter, endings(all_at_once(app, lambda: counter.order(signed_quote=quote), times=2))


def test_two_orders_that_the_wallet_covers_once(own_app: Flask) -> None:
    counter, placed = order_twice(own_app, money_minor=ONE_RENEWAL + 1)

    assert placed == {"Placed": 1, "NotCovered": 1}
    assert counter.wallet_minor() == 1
    assert counter.renewals() == 1
    assert in_transaction(verification.verify_everything) == []


def test_without_the_check_both_orders_are_taken(own_app: Flask) -> None:
    without("ALTER TABLE ledger_accounts DROP CONSTRAINT ck_ledger_accounts_covered")

    counter, placed = order_twice(own_app, money_minor=ONE_RENEWAL + 1)

    assert placed == {"Placed": 2}
    assert counter.wallet_minor() == 1 - ONE_RENEWAL
    assert {finding.rule for finding in in_transaction(verification.verify_everything)} == {"balances"}


def test_orders_of_many_wallets_at_once_all_stand(own_app: Flask) -> None:
    shops = [shop(3 * ONE_RENEWAL) for _ in range(4)]
    turns = iter(range(1_000))

    def order() -> Placed:
        counter, quote = shops[next(turns) % 4]
        return counter.order(signed_quote=quote)

    placed = all_at_once(own_app, order, times=16)

    assert sum(isinstance(ending, Placed) for ending in placed) == 12
    assert all(isinstance(ending, Placed | NotCovered) for ending in placed)
    assert not any(isinstance(ending, Busy) for ending in placed)
    assert [counter.wallet_minor() for counter, _ in shops] == [0, 0, 0, 0]
    assert in_transaction(verification.verify_everything) == []
