"""What providers' payouts bring to the bank."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput, NotFound
from portal.core.ids import new_id
from portal.core.money import Money
from portal.payments.models import Payment
from portal.reconciliation import arriving, mending, queries
from portal.reconciliation.arriving import Arrival, Payout
from portal.reconciliation.errors import PayoutArrived
from portal.reconciliation.models import Difference, ReportLine, ReportLineKind, ReportSource, SourceKind
from tests.reconciliation.conftest import NOW, House, balance, findings

DAY = timedelta(days=1)


@pytest.fixture
def paid(house: House) -> Payment:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    return payment


def test_a_payout_is_under_way_until_it_is_at_the_bank(house: House, paid: Payment) -> None:
    house.booked("payout", -9_680, payout_id="po_1")
    house.fetch()
    assert house.differences() == [("payout_not_at_bank", "explained", -9_680)]
    assert house.account() == (0, 9_680, 0)

    house.arrived(9_680)
    house.fetch()

    assert house.differences() == [("payout_not_at_bank", "gone", 0)]
    assert house.account() == (0, 0, 0)
    assert house.account(SourceKind.BANK) == (9_680, 9_680, 0)
    assert balance("bank") == 9_680
    assert findings() == []


def test_a_line_that_comes_before_its_payout_is_known_waits_for_it(house: House, paid: Payment) -> None:
    house.arrived(9_680)
    house.fetch()
    assert house.differences() == [("unknown_arrival", "open", 9_680)]

    house.booked("payout", -9_680, payout_id="po_1")
    house.fetch()

    assert house.differences() == [("unknown_arrival", "gone", 0)]
    assert balance("bank") == 9_680


def test_the_same_reference_again_records_nothing(house: House) -> None:
    first = house.arrived(9_680)

    assert house.arrived(9_680, "icbc  1").id == first.id
    with pytest.raises(InvalidInput) as refused:
        house.arrived(9_681)
    assert refused.value.parts["reason"] == "bank_reference_taken"


def test_a_payout_of_which_the_bank_kept_some_is_matched_by_hand_and_the_rest_is_named(
    house: House, paid: Payment
) -> None:
    house.booked("payout", -9_680, payout_id="po_1")
    line = house.arrived(9_630)
    house.fetch()

    in_transaction(lambda: arriving.match(line_id=line.id, payout_id="po_1", actor=house.actor()))
    house.fetch()

    assert house.differences() == [
        ("payout_other_amount", "open", -50),
        ("unknown_arrival", "gone", 0),
    ]
    assert balance("bank") == 9_630
    assert findings() == []


def test_a_payout_arrives_once(house: House, paid: Payment) -> None:
    house.booked("payout", -9_680, payout_id="po_1")
    first, second = house.arrived(9_680), house.arrived(9_680, "ICBC 2")
    house.fetch()

    for line in (first, second):
        with pytest.raises(PayoutArrived):
            in_transaction(lambda line=line: arriving.match(line_id=line.id, payout_id="po_1", actor=house.actor()))
    with pytest.raises(NotFound):
        in_transaction(lambda: arriving.match(line_id=second.id, payout_id="po_9", actor=house.actor()))
    assert balance("bank") == 9_680


def test_what_people_booked_otherwise_is_not_booked_again(house: House, paid: Payment) -> None:
    line = house.arrived(9_680)
    house.fetch()
    found = house.difference().id
    proposed = in_transaction(
        lambda: mending.propose(difference_id=found, counter_account="write_off", note="a gift", actor=house.actor())
    )
    in_transaction(lambda: mending.approve(mend_id=proposed.id, actor=house.actor(house.frank)))
    house.booked("payout", -9_680, payout_id="po_1")

    house.fetch()

    assert balance("bank") == 9_680
    assert house.differences() == [("payout_not_at_bank", "explained", -9_680), ("unknown_arrival", "mended", 0)]
    with pytest.raises(PayoutArrived):
        in_transaction(lambda: arriving.match(line_id=line.id, payout_id="po_1", actor=house.actor()))
    assert findings() == []


def test_a_payout_that_people_booked_otherwise_is_under_way_no_more(house: House, paid: Payment) -> None:
    house.booked("payout", -9_680, payout_id="po_1")
    house.fetch()
    found = house.difference().id
    proposed = in_transaction(
        lambda: mending.propose(difference_id=found, counter_account="write_off", note="lost", actor=house.actor())
    )
    in_transaction(lambda: mending.approve(mend_id=proposed.id, actor=house.actor(house.frank)))
    line = house.arrived(9_680)

    house.fetch()

    assert (balance("bank"), balance("write_off")) == (0, 9_680)
    assert house.differences() == [("payout_not_at_bank", "mended", 0), ("unknown_arrival", "open", 9_680)]
    with pytest.raises(PayoutArrived):
        in_transaction(lambda: arriving.match(line_id=line.id, payout_id="po_1", actor=house.actor()))
    # What came after all is made good the other way round.
    late = next(one.id for one in in_transaction(lambda: db.session.query(Difference).all()) if one.gap.minor)
    again = in_transaction(
        lambda: mending.propose(difference_id=late, counter_account="write_off", note="found", actor=house.actor())
    )
    in_transaction(lambda: mending.approve(mend_id=again.id, actor=house.actor(house.frank)))
    assert (balance("bank"), balance("write_off")) == (9_680, 0)
    assert findings() == []


def arrived_from_another(payout_id: str) -> None:
    """Have a payout of the same name, of another provider, at the bank."""
    bank = ReportSource(id=new_id(), kind=SourceKind.BANK, name="alipay")
    db.session.add(bank)
    db.session.flush()
    db.session.add(
        ReportLine(
            source_id=bank.id,
            kind=ReportLineKind.ARRIVAL,
            line_id="ICBC 9",
            currency="CNY",
            gross_minor=500,
            fee_currency="CNY",
            fee_minor=0,
            booked_at=NOW,
            payout_id=payout_id,
        )
    )


def test_a_payout_has_the_lines_of_its_own_bank(house: House, paid: Payment) -> None:
    house.booked("payout", -9_680, payout_id="20261122")
    house.fetch()
    mine = house.arrived(9_000)
    in_transaction(lambda: arriving.match(line_id=mine.id, payout_id="20261122", actor=house.actor()))
    in_transaction(lambda: arrived_from_another("20261122"))

    payout = house.difference()
    shown = in_transaction(lambda: queries.lines_of(payout))

    assert {line.line_id for line in shown} == {"txn_2", "ICBC 1"}


def test_a_payout_that_came_back_is_no_difference(house: House, paid: Payment) -> None:
    house.booked("payout", -9_680, payout_id="po_1")
    house.booked("payout", 9_680, payout_id="po_1")

    house.fetch()

    assert house.differences() == []
    assert house.account() == (9_680, 9_680, 0)


@pytest.mark.parametrize(("minor", "reference"), [(0, "ICBC"), (-5, "ICBC"), (5, "  "), (5, "x" * 61)])
def test_refuses_what_no_bank_would_say(house: House, minor: int, reference: str) -> None:
    with pytest.raises(InvalidInput):
        house.arrived(minor, reference)


def arrival(number: int, minor: int = 100, reference: str = "", at: datetime = NOW) -> Arrival:
    return Arrival(UUID(int=number), reference or f"ICBC {number}", Money(minor, "CNY"), at)


def payout(name: str, minor: int = 100, at: datetime = NOW - DAY, currency: str = "CNY") -> Payout:
    return Payout(name, Money(minor, currency), at)


def paired(arrivals: list[Arrival], payouts: list[Payout]) -> list[tuple[int, str]]:
    return [(one.line_id.int, other.payout_id) for one, other in arriving.pair(arrivals, payouts)]


def test_pairs_the_oldest_with_the_oldest() -> None:
    arrivals = [arrival(2, at=NOW + DAY), arrival(1)]
    payouts = [payout("po_b"), payout("po_a", at=NOW - 2 * DAY)]

    assert paired(arrivals, payouts) == [(1, "po_a"), (2, "po_b")]


def test_a_line_that_names_its_payout_goes_with_that_one() -> None:
    assert paired([arrival(1), arrival(2, reference="STRIPE PO_A")], [payout("po_a"), payout("po_b")]) == [
        (2, "po_a"),
        (1, "po_b"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        payout("po_a", 101),
        payout("po_a", currency="USD"),
        payout("po_a", at=NOW - 31 * DAY),
        payout("po_a", at=NOW + 2 * DAY),
        payout("po_a", at=datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_does_not_pair_what_does_not_fit(other: Payout) -> None:
    assert paired([arrival(1)], [other]) == []
