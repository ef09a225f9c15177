"""A renewal waits until its customer pays online, and goes its way by what the provider says alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.agents.models import Agent, AgentStatus
from portal.cards import keeping
from portal.cards.models import Card
from portal.core import clock, settings
from portal.core.actor import Actor, ActorKind
from portal.core.db import db, in_transaction, transaction
from portal.core.errors import NotFound
from portal.core.mail import Mail
from portal.core.money import Money
from portal.core.outbox import TryLater
from portal.customers.errors import LinkJustSent, NoEmail
from portal.customers.models import Customer
from portal.demo.stand_in import StandIns
from portal.ledger import chart
from portal.payments import settling
from portal.payments.beginning import Choice
from portal.payments.errors import MethodNotOffered
from portal.payments.models import Payment, PaymentState
from portal.payments.providers.base import Method, RefundState, Surface
from portal.receipts.content import from_canonical_json
from portal.renewals import cancelling, fulfilment, links, mailing, paying, verification
from portal.renewals.errors import CardNotRenewable, KeyReused, NoLongerPayable, QuoteChanged
from portal.renewals.models import Channel, Renewal
from portal.renewals.states import RenewalState, StateRefused
from tests import make, renewed
from tests.ledger.books import net
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider
from tests.promotions import promoting
from tests.renewals import online
from tests.renewals.conftest import Counter
from tests.renewals.online import Waiting

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)


@pytest.fixture
def waiting(counter: Counter, stub: StubProvider) -> Iterator[Waiting]:  # noqa: F811
    """Alice has ordered a renewal that carol is to pay: CNY 105.00."""
    with transaction():
        counter.plan.plan.code = renewed.PLAN_CODE
    online.offering()
    with clock.fixed(NOW):
        yield Waiting(counter, online.order(counter), stub)


def deliver(waiting: Waiting) -> None:
    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)


def refuse(waiting: Waiting) -> None:
    with transaction():
        waiting.counter.plan.plan.code = "SOLD-NOWHERE"
    deliver(waiting)


def wrong() -> list[object]:
    return list(in_transaction(verification.verify_everything))


# Ordering


def test_an_order_fixes_the_price_and_takes_nothing(waiting: Waiting) -> None:
    renewal = waiting.renewal

    assert (renewal.state, renewal.source) == (RenewalState.AWAITING_PAYMENT, "clearing")
    assert (renewal.price_minor, renewal.fee_minor, renewal.share_minor, renewal.total_minor) == (
        10_000,
        500,
        300,
        10_500,
    )
    assert waiting.counter.wallet_minor() == 100_000
    assert online.transfers(renewal.id) == []
    assert online.work(renewal.id) == ["renewals.expire"]
    assert waiting.states() == ["awaiting_payment"]
    assert wrong() == []


def test_its_link_cannot_be_guessed_and_holds_for_a_day(waiting: Waiting) -> None:
    link = links.by_code(waiting.ordered.code)

    assert link.renewal_id == waiting.ordered.id
    assert len(link.code) == 20
    assert link.address == f"https://portal.example/pay/{link.code}"
    assert link.expires_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize("code", ["", "0" * 20, "x", "'; drop table", "0123456789ABCDEFGHJ\n", "é" * 20])
def test_no_other_code_opens_anything(waiting: Waiting, code: str) -> None:
    with pytest.raises(NotFound):
        links.by_code(code)


def test_the_same_form_twice_is_one_order(waiting: Waiting) -> None:
    quote = waiting.counter.signed_quote()

    first = online.order(waiting.counter, key="form-1", quote=quote)

    assert online.order(waiting.counter, key="form-1", quote=quote) == first
    assert waiting.counter.renewals() == 2


def test_one_key_never_stands_for_a_link_and_for_the_wallet(waiting: Waiting) -> None:
    counter, quote = waiting.counter, waiting.counter.signed_quote()
    online.order(counter, key="form-1", quote=quote)

    with pytest.raises(KeyReused):
        counter.order(signed_quote=quote, key="form-1")

    assert counter.wallet_minor() == 100_000


def test_refuses_a_price_that_is_not_todays(waiting: Waiting) -> None:
    quote = waiting.counter.signed_quote()
    with transaction():
        make.new_version(waiting.counter.plan, price_minor=12_000)

    with pytest.raises(QuoteChanged) as refused:
        online.order(waiting.counter, quote=quote)

    assert refused.value.parts["quote"].total_minor == 12_600


def test_refuses_a_suspended_card(waiting: Waiting) -> None:
    quote = waiting.counter.signed_quote()
    with transaction():
        keeping.suspend(db.session.get_one(Card, waiting.counter.card.id), actor=waiting.counter.actor)

    with pytest.raises(CardNotRenewable):
        online.order(waiting.counter, quote=quote)


def test_a_customer_orders_through_the_website(waiting: Waiting) -> None:
    customer = waiting.counter.customer
    waiting.counter.actor = Actor(ActorKind.CUSTOMER, customer.id, customer.name)

    ordered = online.order(waiting.counter)

    assert db.session.get_one(Renewal, ordered.id).channel is Channel.WEBSITE


def test_what_costs_nothing_goes_to_the_carrier_at_once(counter: Counter, stub: StubProvider) -> None:  # noqa: F811
    with transaction():
        free = make.plan(code=renewed.PLAN_CODE, price_minor=0, cost_minor=0)
    counter.plan = free

    ordered = online.order(counter)

    renewal = db.session.get_one(Renewal, ordered.id)
    assert (renewal.state, renewal.total_minor) == (RenewalState.PAID, 0)
    deliver(Waiting(counter, ordered, stub))
    assert db.session.get_one(Renewal, ordered.id, populate_existing=True).state is RenewalState.DELIVERED
    assert wrong() == []


# Paying


def test_a_settled_payment_goes_into_escrow_and_to_the_carrier(waiting: Waiting) -> None:
    payment = waiting.pay()

    renewal = waiting.renewal
    assert (payment.state, renewal.state) == (PaymentState.SETTLED, RenewalState.PAID)
    assert (renewal.source, paying.payment_of(renewal.id)) == ("clearing:stripe", payment.id)
    assert online.transfers(renewal.id) == [("hold", "clearing:stripe", "escrow", 10_500)]
    assert online.work(renewal.id) == ["renewals.expire", "renewals.fulfil"]
    assert waiting.counter.wallet_minor() == 100_000
    assert wrong() == []


def test_the_return_of_the_payer_decides_nothing(waiting: Waiting) -> None:
    payment = waiting.begin()

    settling.ask(payment.id)  # the provider says: not yet

    assert waiting.renewal.state is RenewalState.AWAITING_PAYMENT
    assert online.transfers(waiting.ordered.id) == []


def test_commission_is_earned_when_it_is_delivered_not_when_it_is_ordered_or_paid(waiting: Waiting) -> None:
    earned = chart.commission_earned(waiting.counter.agent.id)
    assert net(earned) == 0
    waiting.pay()
    assert net(earned) == 0

    deliver(waiting)

    assert net(earned) == 800
    assert wrong() == []


def test_the_receipt_says_how_it_was_paid(waiting: Waiting) -> None:
    waiting.pay()
    deliver(waiting)

    content = from_canonical_json(renewed.receipt_of(waiting.renewal).content)
    assert content.payment_method == "card"


def test_pressing_twice_opens_one_payment(waiting: Waiting) -> None:
    assert waiting.begin().id == waiting.begin().id


def test_another_one_is_opened_once_the_first_came_to_nothing(waiting: Waiting) -> None:
    first = waiting.begin()
    with clock.fixed(NOW + timedelta(minutes=46)):
        settling.ask(first.id)

        second = waiting.begin()

    assert online.now(first).state is PaymentState.EXPIRED
    assert second.id != first.id


def test_refuses_a_way_to_pay_that_is_not_offered(waiting: Waiting) -> None:
    with pytest.raises(MethodNotOffered):
        waiting.begin(Choice(Method.ALIPAY, Surface.QR, "zh"))


def test_a_second_payment_goes_back_to_its_payer(waiting: Waiting) -> None:
    first, second = waiting.begin(), waiting.begin(Choice(Method.CARD, Surface.MOBILE, "en"))
    waiting.settle(first)

    waiting.settle(second)

    assert online.now(second).state is PaymentState.RETURNED
    assert paying.payment_of(waiting.ordered.id) == first.id
    assert [(refund.payment_id, refund.amount_minor) for refund in online.refunds()] == [(second.id, 10_500)]
    assert online.transfers(waiting.ordered.id) == [("hold", "clearing:stripe", "escrow", 10_500)]
    assert wrong() == []


@pytest.mark.parametrize("paid", [Money(10_499, "CNY"), Money(10_500, "USD")])
def test_another_amount_or_currency_moves_nothing(waiting: Waiting, paid: Money) -> None:
    payment = waiting.begin()
    waiting.provider.settle(payment.reference, paid)

    settling.ask(payment.id)

    assert online.now(payment).state is PaymentState.HELD
    assert waiting.renewal.state is RenewalState.AWAITING_PAYMENT


def test_a_payment_that_comes_after_its_own_end_is_honoured_while_the_link_holds(waiting: Waiting) -> None:
    payment = waiting.begin()
    with clock.fixed(NOW + timedelta(minutes=46)):
        settling.ask(payment.id)
        assert online.now(payment).state is PaymentState.EXPIRED

        waiting.settle(payment)

    assert waiting.renewal.state is RenewalState.PAID


def test_a_payment_for_a_card_that_was_suspended_meanwhile_goes_back(waiting: Waiting) -> None:
    payment = waiting.begin()
    with transaction():
        keeping.suspend(db.session.get_one(Card, waiting.counter.card.id), actor=waiting.counter.actor)

    waiting.settle(payment)

    assert online.now(payment).state is PaymentState.RETURNED
    assert waiting.renewal.state is RenewalState.AWAITING_PAYMENT
    with pytest.raises(NoLongerPayable):
        waiting.begin()


def test_a_payment_for_an_agent_who_may_no_longer_sell_goes_back(waiting: Waiting) -> None:
    payment = waiting.begin()
    with transaction():
        db.session.get_one(Agent, waiting.counter.agent.id).status = AgentStatus.SUSPENDED

    waiting.settle(payment)

    assert online.now(payment).state is PaymentState.RETURNED


def test_the_verifier_names_a_renewal_whose_payment_says_otherwise(waiting: Waiting) -> None:
    payment = waiting.pay()
    with transaction():
        db.session.get_one(Payment, payment.id).settled_minor = 10_499

    (finding,) = in_transaction(verification.verify_everything)

    assert (finding.rule, finding.where) == ("payments", f"renewal {waiting.ordered.id} {waiting.ordered.reference}")


# Refused by the carrier


def test_what_the_carrier_refuses_goes_back_the_way_it_came(waiting: Waiting) -> None:
    waiting.pay()

    refuse(waiting)

    assert waiting.renewal.state is RenewalState.REFUSED
    assert net(chart.ESCROW) == 10_500, "it is held until the provider has given it back"
    assert wrong() == []
    online.carry_out_refunds()
    assert waiting.states() == ["awaiting_payment", "paid", "submitting", "refused", "returned"]
    assert online.transfers(waiting.ordered.id) == [
        ("hold", "clearing:stripe", "escrow", 10_500),
        ("return", "escrow", "clearing:stripe", 10_500),
    ]
    assert waiting.counter.wallet_minor() == 100_000
    assert wrong() == []


def test_a_refund_that_fails_leaves_the_money_in_escrow_where_it_is_seen(waiting: Waiting) -> None:
    waiting.pay()
    refuse(waiting)
    waiting.provider.refund_state = RefundState.FAILED

    online.carry_out_refunds()

    assert waiting.renewal.state is RenewalState.REFUSED
    assert net(chart.ESCROW) == 10_500
    assert wrong() == []


# Cancelling


def test_a_link_that_runs_out_cancels_the_renewal(waiting: Waiting) -> None:
    with clock.fixed(NOW + timedelta(hours=24)):
        in_transaction(lambda: cancelling.expire(waiting.ordered.id))

        with pytest.raises(NoLongerPayable):
            waiting.begin()

    assert waiting.states() == ["awaiting_payment", "cancelled"]
    assert wrong() == []


def test_it_is_not_cancelled_before_its_time(waiting: Waiting) -> None:
    with clock.fixed(NOW + timedelta(hours=23)), pytest.raises(TryLater) as later:
        in_transaction(lambda: cancelling.expire(waiting.ordered.id))

    assert later.value.wait == timedelta(hours=1)
    assert waiting.renewal.state is RenewalState.AWAITING_PAYMENT


def test_it_is_not_cancelled_while_somebody_is_paying(waiting: Waiting) -> None:
    with clock.fixed(NOW + timedelta(hours=23, minutes=59)):
        payment = waiting.begin()

    with clock.fixed(NOW + timedelta(hours=24, minutes=5)):
        with pytest.raises(TryLater):
            in_transaction(lambda: cancelling.expire(waiting.ordered.id))
        waiting.settle(payment)
        in_transaction(lambda: cancelling.expire(waiting.ordered.id))

    assert waiting.renewal.state is RenewalState.PAID


def test_a_payment_that_comes_after_the_end_goes_back(waiting: Waiting) -> None:
    payment = waiting.begin()
    in_transaction(lambda: cancelling.cancel(waiting.ordered.id, actor=waiting.counter.actor))

    waiting.settle(payment)

    assert online.now(payment).state is PaymentState.RETURNED
    assert waiting.renewal.state is RenewalState.CANCELLED
    assert [refund.amount_minor for refund in online.refunds()] == [10_500]
    assert wrong() == []


def test_what_is_paid_cannot_be_cancelled(waiting: Waiting) -> None:
    waiting.pay()

    with pytest.raises(StateRefused):
        in_transaction(lambda: cancelling.cancel(waiting.ordered.id, actor=waiting.counter.actor))


def test_a_promotion_is_redeemed_with_the_order_and_given_back_once(counter: Counter, stub: StubProvider) -> None:  # noqa: F811
    with transaction():
        promotion = promoting.campaign(total_limit=1)

    ordered = online.order(counter)

    assert ordered.total == Money(9_450, "CNY")
    assert promoting.counted(promotion) == 1
    in_transaction(lambda: cancelling.cancel(ordered.id, actor=counter.actor))
    assert promoting.counted(promotion) == 0
    assert online.order(counter).total == Money(9_450, "CNY")


# Mailing


def test_mails_the_link_in_the_customers_language(waiting: Waiting) -> None:
    email = in_transaction(lambda: mailing.send_link(waiting.ordered.id, actor=waiting.counter.actor))

    mail = db.session.scalars(select(Mail).where(Mail.kind == "pay_link")).one()
    assert (mail.recipient, mail.language) == (email, "zh")
    assert f"https://portal.example/pay/{waiting.ordered.code}" in mail.text
    assert "105.00" in mail.subject


def test_a_button_pressed_twice_sends_one_mail(waiting: Waiting) -> None:
    in_transaction(lambda: mailing.send_link(waiting.ordered.id, actor=waiting.counter.actor))

    with pytest.raises(LinkJustSent):
        in_transaction(lambda: mailing.send_link(waiting.ordered.id, actor=waiting.counter.actor))


def test_mails_nobody_without_an_address(waiting: Waiting) -> None:
    with transaction():
        customer = db.session.get_one(Customer, waiting.counter.customer.id)
        customer.email, customer.phone = None, "+8613800138001"

    with pytest.raises(NoEmail):
        in_transaction(lambda: mailing.send_link(waiting.ordered.id, actor=waiting.counter.actor))


def test_mails_no_link_that_takes_no_money(waiting: Waiting) -> None:
    waiting.pay()

    with pytest.raises(NoLongerPayable):
        in_transaction(lambda: mailing.send_link(waiting.ordered.id, actor=waiting.counter.actor))


def test_an_order_from_the_wallet_has_no_link(counter: Counter) -> None:
    placed = counter.order()

    assert links.of_renewal(placed.id) is None
    assert paying.payment_of(placed.id) is None
