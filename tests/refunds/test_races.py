"""Two people refund the same renewal at once: no more goes back than was paid."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.audit.models import AuditRecord
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.core.outbox import TryLater
from portal.payments import announcing, calls, registry, sending_back
from portal.payments import refunding as provider_refunds
from portal.payments.models import Payment, ProviderRefund
from portal.payments.providers.base import DisputeStanding, DisputeState
from portal.refunds import disputing, ending, finding_disputes, queries, refunding
from portal.refunds.models import Dispute, Refund, RefundState
from portal.renewals.models import Renewal
from tests import make
from tests.beside import all_at_once
from tests.bounced import Sold, sell
from tests.bounced import wrong as everything_wrong
from tests.payments.stub import StubProvider
from tests.refunds.conftest import Office, StandIn, open_office
from tests.refunds.test_asking_about_disputes import OPEN
from tests.refunds.test_disputing import holds, paid_online, told, wrong
from tests.renewals.conftest import open_counter

pytestmark = pytest.mark.slow


def request_twice(app: Flask, office: Office, amount_minor: int) -> dict[str, int]:
    db.session.rollback()
    ends = all_at_once(app, lambda: office.request(amount_minor), times=2)
    return dict(Counter(type(end).__name__ for end in ends))


def test_two_refunds_that_sum_above_the_payment(own_app: Flask, carrier: StandIn) -> None:
    office = open_office(carrier)

    ends = request_twice(own_app, office, 6_000)

    assert ends == {"Refund": 1, "RefundUnderWay": 1}
    refund = db.session.scalars(select(Refund)).one()
    db.session.rollback()
    refunding.carry_out(refund.id)
    assert office.counter.wallet_minor() == 95_500
    assert wrong() == []


def test_without_lock_and_index_both_are_taken(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = open_office(carrier)
    in_transaction(lambda: db.session.execute(text("DROP INDEX uq_refunds_open")))
    monkeypatch.setattr(refunding, "locked_renewal", _not_locked)
    monkeypatch.setattr(queries, "open_of", _looking_before_the_other_wrote())

    ends = request_twice(own_app, office, 6_000)

    assert ends == {"Refund": 2}


def test_a_refund_carried_out_by_many_workers_pays_once(own_app: Flask, carrier: StandIn) -> None:
    office = open_office(carrier)
    refund = office.request(6_000)
    db.session.rollback()

    all_at_once(own_app, lambda: refunding.carry_out(refund.id), times=6)

    assert office.counter.wallet_minor() == 95_500
    assert wrong() == []


def refund_and_dispute(app: Flask, office: Office) -> None:
    """Carol's bank takes all of it back while fiona refunds all of it: both begin before either has ended."""
    paid_online(office)
    db.session.rollback()
    acts = iter((lambda: _carry_out(office), lambda: told(DisputeState.OPEN)))

    def one() -> None:
        next(acts)()

    all_at_once(app, one, times=2)


def test_a_refund_and_a_dispute_at_once(own_app: Flask, carrier: StandIn) -> None:
    office = open_office(carrier)

    refund_and_dispute(own_app, office)

    paid_back = office.counter.wallet_minor() - 89_500
    disputed = queries.disputed(office.renewal()).minor
    refund = db.session.scalars(select(Refund)).one()
    assert disputed == 10_500
    # Either the refund was first, or it waits for the dispute to be decided; it never slips in between.
    assert (paid_back, refund.state) in ((0, RefundState.ASKING_CARRIER), (10_500, RefundState.DONE))
    db.session.rollback()
    assert wrong() == []


def test_without_the_lock_a_dispute_slips_in_between(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refund has looked and found nothing disputed; then the dispute opens; then the refund goes on."""
    office = open_office(carrier)
    paid_online(office)
    refund_id = office.request().id
    db.session.rollback()
    has_looked, is_disputed, look = threading.Event(), threading.Event(), queries.refundable

    def look_and_linger(renewal: Renewal) -> Money:
        seen = look(renewal)
        has_looked.set()
        assert is_disputed.wait(20)
        return seen

    def dispute_meanwhile() -> None:
        assert has_looked.wait(20)
        told(DisputeState.OPEN)
        is_disputed.set()

    monkeypatch.setattr(queries, "refundable", look_and_linger)
    monkeypatch.setattr(refunding, "locked", _both_not_locked)
    acts = iter((lambda: refunding.carry_out(refund_id), dispute_meanwhile))

    def one_of_both() -> None:
        act = next(acts)
        act()

    assert all_at_once(own_app, one_of_both, times=2) == [None, None]

    assert office.counter.wallet_minor() == 100_000
    assert queries.disputed(office.renewal()).minor == 10_500


def test_a_refund_that_comes_after_the_dispute_pays_nothing(own_app: Flask, carrier: StandIn) -> None:
    office = open_office(carrier)
    paid_online(office)
    refund = office.request()
    told(DisputeState.OPEN)

    with pytest.raises(TryLater):
        refunding.carry_out(refund.id)

    db.session.rollback()
    assert office.counter.wallet_minor() == 89_500


def test_without_looking_at_disputes_the_money_would_go_twice(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = open_office(carrier)
    paid_online(office)
    refund = office.request()
    told(DisputeState.OPEN)
    monkeypatch.setattr(queries, "disputed", lambda renewal: Money(0, renewal.currency))

    refunding.carry_out(refund.id)

    db.session.rollback()
    assert office.counter.wallet_minor() == 100_000


def win_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The provider decides for us: its webhook and the daily question find it out at once."""
    dispute = told(DisputeState.OPEN)
    stripe = StubProvider()
    stripe.disputed["dp_1"] = replace(OPEN, state=DisputeState.WON)
    monkeypatch.setattr(registry, "get", lambda _name: stripe)
    acts = iter((lambda: disputing.look_into("stripe", "dp_1"), lambda: disputing.ask(dispute.id)))

    def one_of_both() -> None:
        act = next(acts)
        act()

    return all_at_once(app, one_of_both, times=2)


def won() -> int:
    """Count how often it was written down that a dispute was won."""
    return in_transaction(
        lambda: len(db.session.scalars(select(AuditRecord).where(AuditRecord.act == "disputes.win")).all())
    )


def test_a_decision_told_and_asked_for_at_once_is_booked_once(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_online(open_office(carrier))

    assert win_twice(own_app, monkeypatch) == [None, None]

    assert won() == 1
    assert "disputed:stripe" not in holds()
    assert wrong() == []


def test_without_the_locks_it_would_be_decided_twice(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_online(open_office(carrier))
    both_looked = threading.Barrier(2)

    def look_and_meet(*_which: object) -> Dispute | None:
        found = db.session.scalar(select(Dispute).execution_options(populate_existing=True))
        if found is not None:
            both_looked.wait(20)
        return found

    monkeypatch.setattr(refunding, "locked_renewal", _not_locked)
    monkeypatch.setattr(calls, "locked", lambda payment_id: db.session.get_one(Payment, payment_id))
    monkeypatch.setattr(disputing, "_standing", look_and_meet)

    win_twice(own_app, monkeypatch)

    assert won() == 2


def open_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The webhook of a dispute that opens comes while the provider's books are fetched, which tell of it too."""
    stripe = StubProvider()
    stripe.disputed["dp_1"] = OPEN
    monkeypatch.setattr(registry, "get", lambda _name: stripe)
    acts = iter(
        (
            lambda: disputing.look_into("stripe", "dp_1"),
            lambda: finding_disputes.find("stripe", since=clock.now() - timedelta(days=30)),
        )
    )

    def one_of_both() -> None:
        act = next(acts)
        act()

    return all_at_once(app, one_of_both, times=2)


def opened() -> int:
    """Count how often it was written down that a dispute was opened."""
    return in_transaction(
        lambda: len(db.session.scalars(select(AuditRecord).where(AuditRecord.act == "disputes.open")).all())
    )


def test_an_opening_told_and_found_at_once_is_taken_down_once(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_online(open_office(carrier))
    asked = StubProvider.dispute_standing
    both_asked = threading.Barrier(2)

    def ask_and_meet(stripe: StubProvider, provider_id: str) -> DisputeStanding:
        standing = asked(stripe, provider_id)
        both_asked.wait(20)
        return standing

    monkeypatch.setattr(StubProvider, "dispute_standing", ask_and_meet)

    assert open_twice(own_app, monkeypatch) == [None, None]

    assert opened() == 1
    assert (holds()["disputed:stripe"], queries.count_open_disputes()) == (10_500, 1)
    assert wrong() == []


def look_without_locks_and_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    both_looked = threading.Barrier(2)

    def look_and_meet(*_which: object) -> Dispute | None:
        found = db.session.scalar(select(Dispute).execution_options(populate_existing=True))
        both_looked.wait(20)
        return found

    monkeypatch.setattr(refunding, "locked_renewal", _not_locked)
    monkeypatch.setattr(calls, "locked", lambda payment_id: db.session.get_one(Payment, payment_id))
    monkeypatch.setattr(disputing, "_standing", look_and_meet)


def test_without_the_locks_only_the_unique_name_refuses_the_second_opening(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_online(open_office(carrier))
    look_without_locks_and_meet(monkeypatch)

    ends = Counter(type(end).__name__ for end in open_twice(own_app, monkeypatch))

    assert ends == {"NoneType": 1, "IntegrityError": 1}


def test_without_locks_and_unique_name_it_would_be_opened_twice(
    own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_online(open_office(carrier))
    in_transaction(
        lambda: db.session.execute(text("ALTER TABLE disputes DROP CONSTRAINT uq_disputes_provider_provider_id"))
    )
    look_without_locks_and_meet(monkeypatch)

    assert open_twice(own_app, monkeypatch) == [None, None]

    assert opened() == 2
    assert holds()["disputed:stripe"] == 21_000


@pytest.fixture
def bounced(own_app: Flask, carrier: StandIn, monkeypatch: pytest.MonkeyPatch) -> tuple[Sold, Refund]:
    """Carol's refund came back: CNY 105.00 lie at Stripe again, and are hers."""
    stripe = StubProvider()
    monkeypatch.setattr(registry, "get", lambda _name: stripe)
    monkeypatch.setattr(registry, "usable", lambda: {"stripe": stripe})
    monkeypatch.setattr(announcing, "before_the_first", lambda _provider: None)
    sold = sell(open_counter(), stripe)
    refund = sold.refund()
    sold.bounce(sold.given(refund))
    db.session.rollback()
    return sold, refund


def give_both_ways(app: Flask, sold: Sold, refund: Refund, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fiona puts it into the wallet after frank, who has it tried again, has looked and before he has written."""
    given_id = sold.given(refund).id
    has_looked, is_in_wallet = threading.Event(), threading.Event()
    left_of = provider_refunds.left_of

    def look_and_linger(payment: Payment) -> Money:
        left = left_of(payment)
        has_looked.set()
        is_in_wallet.wait(2)  # under the lock it comes only after he has written
        return left

    def into_wallet() -> None:
        assert has_looked.wait(20)
        in_transaction(lambda: ending.into_wallet(refund.id, actor=make.actor()))
        is_in_wallet.set()

    monkeypatch.setattr(provider_refunds, "left_of", look_and_linger)
    acts = iter((into_wallet, lambda: in_transaction(lambda: provider_refunds.try_again(given_id, actor=make.actor()))))

    def one_of_both() -> None:
        act = next(acts)
        act()

    ends = all_at_once(app, one_of_both, times=2)
    sending_back.carry_out(given_id)
    return sorted(type(end).__name__ for end in ends)


def gone_again(sold: Sold, wallet_before: int) -> tuple[int, int]:
    """Tell how much went into the wallet, and how often the provider gave it."""
    return sold.counter.wallet_minor() - wallet_before, len(sold.stripe.refunded) - 1


def test_what_came_back_goes_one_way_only(
    own_app: Flask, bounced: tuple[Sold, Refund], monkeypatch: pytest.MonkeyPatch
) -> None:
    sold, refund = bounced
    before = sold.counter.wallet_minor()

    ends = give_both_ways(own_app, sold, refund, monkeypatch)

    assert ends == ["NoneType", "RefundDecided"]
    assert gone_again(sold, before) == (0, 1)
    assert everything_wrong() == []


def test_without_the_lock_it_goes_both_ways(
    own_app: Flask, bounced: tuple[Sold, Refund], monkeypatch: pytest.MonkeyPatch
) -> None:
    sold, refund = bounced
    before = sold.counter.wallet_minor()
    monkeypatch.setattr(
        provider_refunds, "locked", lambda one: db.session.get_one(ProviderRefund, one, populate_existing=True)
    )

    ends = give_both_ways(own_app, sold, refund, monkeypatch)

    assert ends == ["NoneType", "NoneType"]
    assert gone_again(sold, before) == (10_500, 1)


def _carry_out(office: Office) -> None:
    refund = office.request()
    refunding.carry_out(refund.id)


def _not_locked(renewal_id: Any) -> Renewal:
    return db.session.get_one(Renewal, renewal_id)


def _both_not_locked(refund_id: Any) -> tuple[Renewal, Refund]:
    refund = db.session.get_one(Refund, refund_id, populate_existing=True)
    return db.session.get_one(Renewal, refund.renewal_id, populate_existing=True), refund


def _looking_before_the_other_wrote() -> Any:
    both_looked = threading.Barrier(2)

    def look(renewal_id: Any) -> Refund | None:
        found = db.session.scalar(select(Refund).where(Refund.renewal_id == renewal_id))
        both_looked.wait(10)
        return found

    return look
