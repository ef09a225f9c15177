"""Two people, or two workers, at the same difference at once; and what happens without the guard."""

import threading
from collections import Counter

import pytest
from flask import Flask

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.payments import announcing, registry
from portal.reconciliation import explaining, fetching, keeping, mending
from portal.reconciliation.models import Difference, Mend
from tests.beside import all_at_once
from tests.payments.stub import StubProvider
from tests.reconciliation.conftest import House, balance, built, findings

pytestmark = pytest.mark.slow


@pytest.fixture
def house(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """A difference of CNY 20.00, seen by two of finance."""
    stub = StubProvider()
    monkeypatch.setattr(registry, "get", lambda _name: stub)
    monkeypatch.setattr(registry, "usable", lambda: {"stripe": stub})
    monkeypatch.setattr(announcing, "before_the_first", lambda _provider: None)
    made = built(stub)
    made.booked("fee", -2_000)
    made.fetch()
    return made


def propose(house: House) -> Mend:
    found = house.difference().id
    return in_transaction(
        lambda: mending.propose(
            difference_id=found, counter_account="provider_fees", note="monthly", actor=house.actor()
        )
    )


def endings(results: list[object]) -> dict[str, int]:
    return dict(Counter(type(result).__name__ for result in results))


def test_an_entry_approved_by_two_at_once_is_posted_once(own_app: Flask, house: House) -> None:
    mend_id = propose(house).id

    results = all_at_once(
        own_app,
        lambda: in_transaction(lambda: mending.approve(mend_id=mend_id, actor=house.actor(house.frank))),
        times=6,
    )

    assert endings(results) == {"Mend": 1, "DifferenceMoved": 5}
    assert house.account() == (-2_000, -2_000, 0)
    assert balance("provider_fees") == 2_000
    assert findings() == []


def looking_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both read the difference before either goes on, without locking it."""
    met = threading.Barrier(2)

    def look(mend_id: object) -> tuple[Mend, Difference]:
        mend = db.session.get_one(Mend, mend_id)
        difference = db.session.get_one(Difference, mend.difference_id)
        met.wait(10)
        return mend, difference

    monkeypatch.setattr(mending, "_waiting", look)


def test_without_the_lock_two_approve_it(own_app: Flask, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    mend_id = propose(house).id
    looking_together(monkeypatch)

    results = all_at_once(
        own_app,
        lambda: in_transaction(lambda: mending.approve(mend_id=mend_id, actor=house.actor(house.frank))),
        times=2,
    )

    assert endings(results) == {"Mend": 2}
    # The entry's key still lets it be posted once only; the account's balance is counted twice.
    assert balance("provider_fees") == 2_000
    assert house.account() == (-2_000, -4_000, 0)


def test_one_of_two_proposals_at_once_stands(own_app: Flask, house: House) -> None:
    results = all_at_once(own_app, lambda: propose(house), times=4)

    assert endings(results) == {"Mend": 1, "MendProposed": 3}


def test_without_the_lock_only_the_index_refuses_the_second(
    own_app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = threading.Barrier(2)
    monkeypatch.setattr(explaining, "locked", lambda found: db.session.get_one(Difference, found))
    proposed = mending._proposed

    def look_and_meet(found: object) -> Mend | None:
        seen = proposed(found)  # type: ignore[arg-type]
        met.wait(10)
        return seen

    monkeypatch.setattr(mending, "_proposed", look_and_meet)

    results = all_at_once(own_app, lambda: propose(house), times=2)

    assert endings(results) == {"Mend": 1, "IntegrityError": 1}


def test_books_fetched_by_two_at_once_are_kept_and_booked_once(own_app: Flask, house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    source = in_transaction(lambda: house.stripe.id)
    now = clock.now()

    def fetch() -> None:
        with clock.fixed(now):
            fetching.fetch(source)

    results = all_at_once(own_app, fetch, times=4)

    assert endings(results) == {"NoneType": 4}
    assert house.account() == (7_680, 9_680, 0)
    assert balance("provider_fees") == 320
    assert house.differences() == [("fee_not_booked", "open", -2_000)]
    assert findings() == []


def test_without_the_source_s_lock_two_keep_the_same_line(
    own_app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique line is the second guard: both write it, one is left, and neither fails."""
    house.booked("fee", -300, line_id="txn_both")
    source = in_transaction(lambda: house.stripe.id)
    met = threading.Barrier(2)
    row = keeping._row

    def row_and_meet(*args: object) -> dict[str, object]:
        made = row(*args)  # type: ignore[arg-type]
        met.wait(10)
        return made

    monkeypatch.setattr(keeping, "_row", row_and_meet)
    lines = [keeping.of_booking(house.stub.booked[-1])]

    results = all_at_once(own_app, lambda: in_transaction(lambda: keeping.keep(source, lines)), times=2)

    assert results == [1, 1]
