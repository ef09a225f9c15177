"""Renewals in the books of others: paid online, given back, disputed; and what the carrier asks for them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.accounts.models import Role
from portal.carriers import registry
from portal.carriers.base import CostLine
from portal.core import clock
from portal.core.db import db, in_transaction, transaction
from portal.core.money import Money
from portal.demo.stand_in import StandIns
from portal.payments import refunding as provider_refunds
from portal.payments import settling
from portal.payments.models import Payment
from portal.payments.providers.base import DisputeStanding, DisputeState
from portal.payments.providers.base import RefundState as ProviderRefundState
from portal.receipts import numbering
from portal.receipts import queries as receipts
from portal.reconciliation import mending, sources
from portal.reconciliation.models import Difference, ReportSource, SourceKind
from portal.refunds import disputing, ending, refunding, requesting
from portal.refunds.models import Refund, RefundDestination, RefundReason
from portal.renewals import accepting, fulfilment
from portal.renewals.states import RenewalState
from tests import make, renewed
from tests.payments.stub import StubProvider
from tests.reconciliation.conftest import NOW, House, findings
from tests.renewals import online
from tests.renewals.conftest import Counter, open_counter
from tests.renewals.online import Waiting


class Books(House):
    """The compared books around carol's renewal, which is ordered and waits to be paid: CNY 105.00."""

    waiting: Waiting
    home: Path

    @property
    def east(self) -> ReportSource:
        return in_transaction(lambda: sources.by_name(SourceKind.CARRIER, self.waiting.counter.plan.carrier))

    def pay(self) -> Payment:
        payment = self.waiting.pay()
        self.booked("payment", 10_500, reference=payment.reference)
        return payment

    def deliver(self) -> None:
        with self.carriers().in_charge():
            fulfilment.fulfil(self.waiting.ordered.id)

    def carriers(self) -> StandIns:
        return StandIns(self.home)

    def ask_carrier(self) -> None:
        with self.carriers().in_charge(), clock.fixed(NOW + timedelta(hours=7)):
            self.fetch(self.east)

    def refunded(self, minor: int) -> Refund:
        """Refund a sum through the provider, to its end."""
        receipt = receipts.of_renewal(self.waiting.ordered.id)
        assert receipt is not None
        if receipt.number is None:
            in_transaction(lambda: numbering.number(receipt.id))
        asked = in_transaction(
            lambda: requesting.request(
                renewal_id=self.waiting.ordered.id,
                amount=Money(minor, "CNY"),
                reason=RefundReason.GOODWILL,
                note="",
                destination=RefundDestination.SOURCE,
                actor=self.actor(),
            )
        )
        with self.carriers().in_charge(), clock.fixed(clock.now() + timedelta(minutes=1)):
            refunding.carry_out(asked.id)
        online.carry_out_refunds()
        return asked


@pytest.fixture
def books(session: object, stub: StubProvider, tmp_path: Path) -> Iterator[Books]:
    counter: Counter = open_counter()
    with transaction():
        counter.plan.plan.code = renewed.PLAN_CODE
        counter.plan.cost_minor = 5_698
        sources.ensure()
        fiona, frank = (make.user(role=Role.FINANCE, name=name) for name in ("Fiona", "Frank"))
    online.offering()
    with clock.fixed(NOW):
        made = Books(stub, counter.agent, fiona, frank)
        made.waiting, made.home = Waiting(counter, online.order(counter), stub), tmp_path
        yield made


def test_a_renewal_that_was_paid_online_is_in_both_books(books: Books) -> None:
    books.pay()
    books.deliver()

    books.fetch()

    assert books.differences() == []
    assert books.account() == (10_500, 10_500, 0)
    assert findings() == []


def test_what_the_carrier_refused_goes_back_in_both_books(books: Books) -> None:
    books.pay()
    with transaction():
        books.waiting.counter.plan.plan.code = "SOLD-NOWHERE"
    books.deliver()
    books.booked("refund", -10_500, reference=f"{books.waiting.ordered.reference}-RETURN")

    books.fetch()
    assert books.differences() == [("refund_under_way", "explained", -10_500)]

    online.carry_out_refunds()
    assert books.waiting.renewal.state is RenewalState.RETURNED
    books.fetch()
    assert books.account() == (0, 0, 0)
    assert {state for _kind, state, _gap in books.differences()} == {"gone"}


def test_a_refund_that_came_back_is_in_both_books_at_every_step(books: Books, stub: StubProvider) -> None:
    books.pay()
    books.deliver()
    refund = books.refunded(10_500)
    books.booked("refund", -10_500, reference=refund.reference)
    given = online.refunds()[0].id

    # Booked there before we know of it, it is a difference; not after.
    books.booked("refund", 10_500, reference=refund.reference)
    with clock.fixed(NOW + timedelta(hours=7)):
        books.fetch()
    assert books.differences() == [("missing_there", "open", 10_500)]
    stub.refunds[refund.reference] = replace(stub.refunds[refund.reference], state=ProviderRefundState.FAILED)
    online.carry_out_refunds()
    with clock.fixed(NOW + timedelta(hours=14)):
        books.fetch()
    assert books.differences() == [("missing_there", "gone", 0)]
    assert books.account() == (10_500, 10_500, 0)

    in_transaction(lambda: provider_refunds.try_again(given, actor=make.actor()))
    online.carry_out_refunds()
    books.booked("refund", -10_500, reference=f"{refund.reference}-2")
    with clock.fixed(NOW + timedelta(hours=21)):
        books.fetch()

    assert books.differences() == [("missing_there", "gone", 0)]
    assert books.account() == (0, 0, 0)
    assert findings() == []


def test_one_that_came_back_and_went_into_the_wallet_is_in_both_books(books: Books, stub: StubProvider) -> None:
    books.pay()
    books.deliver()
    refund = books.refunded(10_500)
    books.booked("refund", -10_500, reference=refund.reference)
    books.booked("refund", 10_500, reference=refund.reference)
    stub.refunds[refund.reference] = replace(stub.refunds[refund.reference], state=ProviderRefundState.FAILED)
    online.carry_out_refunds()

    in_transaction(lambda: ending.into_wallet(refund.id, actor=make.actor()))
    with clock.fixed(NOW + timedelta(hours=7)):
        books.fetch()

    assert books.differences() == []
    assert books.account() == (10_500, 10_500, 0)
    assert findings() == []


def test_refunds_are_told_apart_by_their_references(books: Books) -> None:
    books.pay()
    books.deliver()
    first, second = books.refunded(4_000), books.refunded(1_000)
    books.booked("refund", -4_000, reference=first.reference)

    with clock.fixed(NOW + timedelta(hours=7)):
        books.fetch()
    assert books.differences() == [("missing_there", "open", 1_000)]
    assert books.difference().reference == second.reference

    # Tried again under the reference with the number of its try behind it.
    books.booked("refund", -1_000, reference=f"{second.reference}-2", at=NOW)
    with clock.fixed(NOW + timedelta(hours=7)):
        books.fetch()
    assert books.differences() == [("missing_there", "gone", 0)]
    assert findings() == []


def test_a_refund_in_full_is_in_both_books(books: Books) -> None:
    books.pay()
    books.deliver()
    refund = books.refunded(10_500)
    books.booked("refund", -10_500, reference=refund.reference)

    books.fetch()

    assert books.differences() == []
    assert books.account() == (0, 0, 0)


def test_what_was_paid_too_much_goes_back_without_an_entry(books: Books) -> None:
    payment = books.waiting.begin()
    books.stub.settle(payment.reference, Money(12_000, "CNY"))
    settling.ask(payment.id)
    books.booked("payment", 12_000, reference=payment.reference)
    books.fetch()
    assert books.differences() == [("held_payment", "open", 12_000)]

    in_transaction(lambda: accepting.accept_held(payment.id, actor=books.actor()))
    books.fetch()
    assert books.differences() == [("return_under_way", "explained", 1_500)]

    online.carry_out_refunds()
    books.booked("refund", -1_500, reference=online.refunds()[0].reference)
    books.fetch()
    assert books.differences() == [("return_under_way", "gone", 0)]
    assert books.account() == (10_500, 10_500, 0)


def dispute(payment: Payment, state: DisputeState) -> None:
    standing = DisputeStanding(
        state=state,
        provider_id="dp_1",
        payment_id=payment.capture_id or "",
        amount=Money(10_500, "CNY"),
        fee=Money(1_500, "CNY"),
        reason="fraudulent",
        answer_before=None,
        raw={},
    )
    in_transaction(lambda: disputing.take_down("stripe", standing))


def test_a_dispute_that_is_won_leaves_its_fee_to_be_explained(books: Books) -> None:
    payment = books.pay()
    books.deliver()
    books.booked("dispute", -10_500, fee=1_500, reference=payment.reference)
    books.fetch()
    assert books.differences() == [("fee_not_booked", "open", -1_500), ("other_dispute", "open", -10_500)]

    dispute(payment, DisputeState.OPEN)
    books.fetch()
    assert books.differences() == [("dispute_fee", "open", -1_500), ("other_dispute", "gone", 0)]

    dispute(payment, DisputeState.WON)
    books.booked("dispute_reversal", 10_500, reference=payment.reference)
    books.fetch()
    assert books.differences() == [("dispute_fee", "open", -1_500), ("other_dispute", "gone", 0)]
    assert books.account() == (9_000, 10_500, 0)


def test_what_the_carrier_asks_is_what_was_booked(books: Books) -> None:
    books.pay()
    books.deliver()

    books.ask_carrier()

    assert books.differences() == []
    assert books.account(SourceKind.CARRIER) == (5_698, 5_698, 0)


def test_what_the_carrier_took_back_it_asks_no_more(books: Books) -> None:
    books.pay()
    books.deliver()
    books.refunded(10_500)

    books.ask_carrier()

    assert books.differences() == []
    assert books.account(SourceKind.CARRIER) == (0, 0, 0)


def test_the_carrier_that_asks_more_than_the_order_says_is_named(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.pay()
    books.deliver()
    reference = books.waiting.ordered.reference
    lines = [("SE-1", reference, 5_700), ("SE-2", "R-SOME-BODY", 5_698)]
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", Bill(lines))

    with clock.fixed(NOW + timedelta(hours=7)):
        books.fetch(books.east)

    assert books.differences() == [("missing_here", "open", 5_698), ("other_amount", "open", 2)]
    assert books.account(SourceKind.CARRIER) == (11_398, 5_698, 0)
    found = next(one for one in in_transaction(lambda: db.session.scalars(select(Difference)).all()) if one.renewal_id)
    assert (found.reference, found.renewal_id) == (reference, books.waiting.ordered.id)

    mend = in_transaction(
        lambda: mending.propose(
            difference_id=found.id, counter_account="carrier_cost", note="dearer since Monday", actor=books.actor()
        )
    )
    in_transaction(lambda: mending.approve(mend_id=mend.id, actor=books.actor(books.frank)))
    with clock.fixed(NOW + timedelta(hours=7)):
        books.fetch(books.east)

    assert books.differences() == [("missing_here", "open", 5_698), ("other_amount", "mended", 0)]
    assert books.account(SourceKind.CARRIER) == (11_398, 5_700, 0)
    assert findings() == []


def test_a_delivery_that_the_carrier_does_not_ask_for_is_named(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.pay()
    books.deliver()
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", Bill([]))

    with clock.fixed(NOW + timedelta(hours=7)):
        books.fetch(books.east)

    assert books.differences() == [("missing_there", "open", -5_698)]


def test_a_carrier_that_is_switched_off_is_told_of(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registry.REGISTRY, "sandbox-east")

    books.fetch(books.east)

    assert (books.east.switched_off_at, books.east.failure) == (NOW, None)


@dataclass
class Bill:
    """A carrier that asks what a test says: line, reference, minor units of CNY."""

    lines: list[tuple[str, str, int]]

    def costs(self, *, since: datetime, until: datetime) -> list[CostLine]:
        return [CostLine(line, reference, Money(minor, "CNY"), NOW) for line, reference, minor in self.lines]
