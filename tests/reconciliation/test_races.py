"""Two people, or two workers, at the same difference at once; and what happens without the guard."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.payments import announcing, registry
from portal.reconciliation import arriving, comparing, explaining, fetching, keeping, mending, sources
from portal.reconciliation.models import Difference, DifferenceKind, Mend, ReportLine, ReportSource
from tests.beside import all_at_once, committing_late
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


LINE, PAYOUT = DifferenceKind.UNKNOWN_ARRIVAL, DifferenceKind.PAYOUT_NOT_AT_BANK


class Arrived:
    """CNY 50.00 at the bank and a payout of 51.00: matched by hand, or one of the two made good by an entry."""

    def __init__(self, house: House, about: DifferenceKind) -> None:
        self.house = house
        house.booked("payout", -5_100, payout_id="po_1")
        self.line_id = house.arrived(5_000, on=clock.now().date()).id
        house.fetch()
        query = select(Difference.id).where(Difference.kind == about)
        self.difference_id = in_transaction(lambda: db.session.scalars(query).one())
        self.mend_id = in_transaction(
            lambda: mending.propose(
                difference_id=self.difference_id, counter_account="write_off", note="a gift", actor=house.actor()
            )
        ).id

    def match(self) -> ReportLine:
        return arriving.match(line_id=self.line_id, payout_id="po_1", actor=self.house.actor())

    def approve(self) -> Mend:
        return mending.approve(mend_id=self.mend_id, actor=self.house.actor(self.house.frank))

    def entries(self) -> set[str]:
        query = "SELECT kind FROM ledger_entries WHERE kind IN ('provider_payout', 'mend')"
        return set(in_transaction(lambda: db.session.scalars(text(query)).all()))


def is_somebody_held_up() -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(in_transaction(lambda: db.session.scalar(text(query))))


def one_after(app: Flask, first: Callable[[], object], second: Callable[[], object]) -> object:
    """Let the second begin when the first has written and has not committed; give what the second returned or raised.

    The first commits once the second is held up by it, or has ended.
    """

    def late() -> object:
        with app.app_context():
            try:
                return in_transaction(second)
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with committing_late(app, first) as may_commit, ThreadPoolExecutor(1) as pool:
        going = pool.submit(late)
        while not going.done() and not is_somebody_held_up():
            time.sleep(0.01)
        may_commit.set()
        return going.result()


@pytest.mark.parametrize("about", [LINE, PAYOUT])
def test_what_is_being_matched_is_not_made_good(own_app: Flask, house: House, about: DifferenceKind) -> None:
    arrived = Arrived(house, about)

    result = one_after(own_app, arrived.match, arrived.approve)

    assert type(result).__name__ == "DifferenceMoved"
    assert arrived.entries() == {"provider_payout"}
    assert (balance("bank"), balance("write_off")) == (5_000, 0)
    house.fetch()
    assert findings() == []


@pytest.mark.parametrize("about", [LINE, PAYOUT])
def test_what_is_being_made_good_is_not_matched(own_app: Flask, house: House, about: DifferenceKind) -> None:
    arrived = Arrived(house, about)

    result = one_after(own_app, arrived.approve, arrived.match)

    assert type(result).__name__ == "PayoutArrived"
    assert arrived.entries() == {"mend"}
    house.fetch()
    assert arrived.entries() == {"mend"}
    assert findings() == []


@pytest.mark.parametrize("about", [LINE, PAYOUT])
def test_without_the_source_s_lock_both_are_booked(
    own_app: Flask, house: House, monkeypatch: pytest.MonkeyPatch, about: DifferenceKind
) -> None:
    arrived = Arrived(house, about)
    met = threading.Barrier(2)

    def and_meet(look: Callable[..., object]) -> Callable[..., object]:
        """After the last look, before the first write."""

        def look_and_meet(*args: object, **named: object) -> object:
            seen = look(*args, **named)
            met.wait(20)
            return seen

        return look_and_meet

    monkeypatch.setattr(sources, "lock", lambda _source: None)
    monkeypatch.setattr(arriving, "_check_free", and_meet(arriving._check_free))
    monkeypatch.setattr(mending, "_still_fits", and_meet(mending._still_fits))
    acts: list[Callable[[], object]] = [arrived.match, arrived.approve]

    results = all_at_once(own_app, lambda: in_transaction(acts.pop()), times=2)

    assert endings(results) == {"ReportLine": 1, "Mend": 1}
    assert arrived.entries() == {"provider_payout", "mend"}


def test_matching_making_good_and_comparing_do_not_wait_for_each_other_in_a_ring(own_app: Flask, house: House) -> None:
    arrived = Arrived(house, LINE)
    source = in_transaction(lambda: house.stripe.id)
    acts: list[Callable[[], object]] = 2 * [
        lambda: in_transaction(arrived.match),
        lambda: in_transaction(arrived.approve),
        lambda: fetching.fetch(source),
    ]

    def do_one() -> object:
        return acts.pop()()

    results = all_at_once(own_app, do_one, times=6)

    # One of the four that would book it did, and nobody was told to come back later.
    assert sum(isinstance(result, (ReportLine, Mend)) for result in results) == 1
    assert set(endings(results)) <= {"ReportLine", "Mend", "NoneType", "PayoutArrived", "DifferenceMoved"}
    assert len(arrived.entries()) == 1
    assert findings() == []


def test_who_waited_compares_as_far_as_the_books_are_by_then(own_app: Flask, house: House) -> None:
    house.top_up()
    source = in_transaction(lambda: house.stripe.id)

    def fetched() -> None:
        one = db.session.get_one(ReportSource, source, with_for_update=True, populate_existing=True)
        one.fetched_until = clock.now() + timedelta(hours=7)
        db.session.flush()

    one_after(own_app, fetched, lambda: comparing.compare(source))

    assert house.differences() == [("fee_not_booked", "open", -2_000), ("missing_there", "open", -10_000)]
