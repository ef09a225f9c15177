"""A payment moves by what its provider says when asked, once, and only forward."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Role
from portal.core import clock
from portal.core.db import db, in_transaction, transaction
from portal.core.mail import Mail
from portal.core.money import Money
from portal.core.outbox import OutboxRow
from portal.ledger import chart
from portal.payments import noticing, purposes, settling
from portal.payments.errors import TooLate
from portal.payments.models import Payment, PaymentPurpose, PaymentState, ProviderRefund
from portal.payments.providers import base
from portal.payments.providers.base import Retry
from portal.wallets.models import TopUp
from tests import make
from tests.ledger.books import net
from tests.payments import stage
from tests.payments.stub import StubProvider, standing


def test_a_settled_top_up_is_in_the_wallet(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    settling.ask(payment.id)

    settled = stage.now(payment)
    assert settled.state is PaymentState.SETTLED
    assert settled.capture_id == f"pi_{payment.reference}"
    assert settled.fee == Money(320, "CNY")
    assert stage.balance(alice) == 100_000
    assert net(chart.clearing("stripe")) == -100_000
    top_up = in_transaction(lambda: db.session.scalars(select(TopUp)).one())
    assert (top_up.reference, top_up.payment_id, top_up.id) == (payment.reference, payment.id, payment.subject_id)


def test_asking_twice_books_once(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    settling.ask(payment.id)
    settling.ask(payment.id)

    assert stage.balance(alice) == 100_000
    assert stub.asked == [payment.reference]


@pytest.mark.parametrize("paid", [Money(99_999, "CNY"), Money(100_001, "CNY"), Money(100_000, "USD")])
def test_another_amount_or_currency_is_held(app: Flask, stub: StubProvider, paid: Money) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, paid)

    settling.ask(payment.id)

    held = stage.now(payment)
    assert (held.state, held.settled) == (PaymentState.HELD, paid)
    assert stage.balance(alice) == 0
    assert stage.count(TopUp) == 0


def test_finance_is_told_of_a_held_one(app: Flask, stub: StubProvider) -> None:
    with transaction():
        make.user(role=Role.ADMIN, name="Dana", email="dana@leb.example").password_hash = "x"
        fiona = make.user(role=Role.FINANCE, name="Fiona", email="fiona@leb.example")
        fiona.password_hash, fiona.locale = "x", "en"
        make.user(role=Role.FINANCE, name="Invited", email="invited@leb.example")
    payment = stage.top_up(stage.agent())
    stub.settle(payment.reference, Money(90_000, "CNY"))

    settling.ask(payment.id)
    settling.ask(payment.id)

    (told,) = db.session.scalars(select(Mail).where(Mail.kind == "payment_held"))
    assert told.recipient == "fiona@leb.example"
    assert told.subject == f"Payment {payment.reference} waits for a decision"
    assert "1,000.00 was asked for" in told.text
    assert "900.00 came" in told.text
    assert f"https://portal.example/admin/payments/{payment.id}" in told.text


def test_a_card_that_was_refused_may_be_tried_again(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())
    stub.standings[payment.reference] = standing(
        base.PaymentState.PENDING, payment.reference, decline_code="insufficient_funds"
    )

    settling.ask(payment.id)

    assert (stage.now(payment).state, stage.now(payment).decline_code) == (PaymentState.BEGUN, "insufficient_funds")


def test_a_declined_one_is_closed(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())
    stub.standings[payment.reference] = standing(base.PaymentState.DECLINED, payment.reference, decline_code="no")

    settling.ask(payment.id)

    assert (stage.now(payment).state, stage.now(payment).ask_at) == (PaymentState.DECLINED, None)


def test_an_abandoned_one_is_closed_at_the_provider_and_expires(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())

    with clock.fixed(payment.expires_at + timedelta(seconds=1)):
        settling.ask(payment.id)

    assert stub.closed == [payment.reference]
    assert stage.now(payment).state is PaymentState.EXPIRED


def test_somebody_who_paid_at_the_last_moment_is_honoured(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    with clock.fixed(payment.expires_at + timedelta(seconds=1)):
        settling.ask(payment.id)

    assert stage.balance(alice) == 100_000


def test_a_top_up_paid_after_it_expired_is_honoured(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    with clock.fixed(payment.expires_at + timedelta(seconds=1)):
        settling.ask(payment.id)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    stage.tell(payment.reference)
    noticing.look_into(stage.notices()[0])

    assert stage.now(payment).state is PaymentState.SETTLED
    assert stage.balance(alice) == 100_000


def test_what_came_too_late_to_be_sold_goes_back(
    app: Flask, stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(payment: Payment) -> None:
        raise TooLate

    monkeypatch.setitem(purposes.SETTLES, PaymentPurpose.TOP_UP, refuse)
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))

    settling.ask(payment.id)

    assert stage.now(payment).state is PaymentState.RETURNED
    refund = in_transaction(lambda: db.session.scalars(select(ProviderRefund)).one())
    assert (refund.amount, refund.payment_id) == (Money(100_000, "CNY"), payment.id)
    assert stage.balance(alice) == 0


def test_a_declined_notice_after_the_settled_one_changes_nothing(app: Flask, stub: StubProvider) -> None:
    alice = stage.agent()
    payment = stage.top_up(alice)
    stub.settle(payment.reference, Money(100_000, "CNY"))
    settling.ask(payment.id)
    stub.standings[payment.reference] = standing(base.PaymentState.DECLINED, payment.reference)

    stage.tell(payment.reference, "evt_late")
    noticing.look_into(stage.notices()[0])

    assert stage.now(payment).state is PaymentState.SETTLED
    assert stage.balance(alice) == 100_000


def test_a_provider_that_is_not_reached_leaves_everything(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())
    stub.failure = Retry("not_reached")

    with pytest.raises(Retry):
        settling.ask(payment.id)

    assert stage.now(payment).state is PaymentState.BEGUN


def test_the_clock_has_it_asked_at_growing_intervals(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())

    asked_after = []
    for _ in range(5):
        due = stage.now(payment).ask_at
        assert due is not None
        asked_after.append(int((due - payment.begun_at).total_seconds()))
        with clock.fixed(due):
            in_transaction(settling.sweep)

    assert asked_after == [20, 60, 140, 300, 620]
    kinds = in_transaction(lambda: db.session.scalars(select(OutboxRow.kind)).all())
    assert kinds.count("payments.ask") == 5


def test_looking_at_the_page_has_it_asked_at_most_every_three_seconds(app: Flask, stub: StubProvider) -> None:
    payment = stage.top_up(stage.agent())

    in_transaction(lambda: settling.hurry(payment.id))
    in_transaction(lambda: settling.hurry(payment.id))

    assert in_transaction(lambda: db.session.scalars(select(OutboxRow.kind)).all()) == ["payments.ask"]


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 5_000), ("KWD", 10_500)])
def test_currencies_of_other_exponents_are_booked_as_they_are(
    app: Flask, stub: StubProvider, currency: str, minor: int
) -> None:
    alice = stage.agent(currency)
    payment = stage.top_up(alice, minor, currency=currency)
    stub.settle(payment.reference, Money(minor, currency))

    settling.ask(payment.id)

    assert stage.balance(alice, currency) == minor
