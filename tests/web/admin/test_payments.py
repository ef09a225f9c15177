"""Payments as the operator's people see them, and what finance decides on."""

from uuid import UUID

import pytest

from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import queries as payments
from portal.payments import refunding, sending_back, settling
from portal.payments.models import Payment, PaymentState, ProviderRefundState
from portal.payments.providers.base import Declined
from tests import make
from tests.payments import stage
from tests.payments.stub import StubProvider
from tests.web.admin.conftest import House, Person


@pytest.fixture
def paid(house: House, stub: StubProvider) -> Payment:
    in_transaction(stage.offering)
    payment = stage.top_up(house.agent)
    stub.settle(payment.reference, Money(100_000, "CNY"))
    settling.ask(payment.id)
    return payment


@pytest.fixture
def held(house: House, stub: StubProvider) -> Payment:
    in_transaction(stage.offering)
    payment = stage.top_up(house.agent)
    stub.settle(payment.reference, Money(90_000, "CNY"))
    settling.ask(payment.id)
    return payment


def test_lists_payments_and_finds_them(fiona: Person, paid: Payment) -> None:
    assert paid.reference in fiona.words("/admin/payments/")
    assert paid.reference in fiona.words(f"/admin/payments/?q={paid.reference.lower()}")
    assert paid.reference in fiona.words(f"/admin/payments/?q=pi_{paid.reference}&state=settled&provider=stripe")
    assert paid.reference not in fiona.words("/admin/payments/?state=held")


def test_shows_one_with_what_its_provider_answered(fiona: Person, paid: Payment) -> None:
    words = fiona.words(f"/admin/payments/{paid.id}")

    assert "Amount asked CNY 1,000.00" in words
    assert "Kept by the provider CNY 3.20" in words
    assert f"pi_{paid.reference}" in words
    assert '"state": "settled"' in words


def test_why_the_first_card_was_declined_is_of_no_interest_once_it_is_paid(fiona: Person, paid: Payment) -> None:
    in_transaction(lambda: setattr(payments.by_id(paid.id), "decline_code", "generic_decline"))

    assert "Declined for" not in fiona.words(f"/admin/payments/{paid.id}")


def test_in_chinese_providers_are_called_as_people_call_them(fiona: Person, paid: Payment) -> None:
    fiona.browser.set_cookie("language", "zh")

    words = fiona.words("/admin/payments/methods")

    assert "支付渠道账户 Stripe 沙盒 PayPal 沙盒 支付宝 沙盒 微信支付 沙盒" in words
    assert "Alipay" not in words
    assert "WeChat Pay" not in words


def test_the_top_up_and_the_transactions_show_it_too(fiona: Person, paid: Payment) -> None:
    assert paid.reference in fiona.words("/admin/transactions?kind=top_up")
    assert paid.reference in fiona.words(f"/admin/transactions?reference={paid.reference}")
    assert "Credit or debit card" in fiona.words(f"/admin/transactions/{paid.subject_id}")


def test_finance_takes_a_held_one_into_the_wallet(fiona: Person, held: Payment, house: House) -> None:
    page = fiona.words(f"/admin/payments/{held.id}")
    before = stage.balance(house.agent)

    fiona.post(f"/admin/payments/{held.id}/accept")

    assert "CNY 1,000.00 was asked, and CNY 900.00 came." in page
    assert stage.balance(house.agent) == before + 90_000
    assert stage.now(held).state is PaymentState.SETTLED


def test_finance_gives_a_held_one_back(fiona: Person, held: Payment, house: House) -> None:
    before = stage.balance(house.agent)

    fiona.post(f"/admin/payments/{held.id}/return")

    assert stage.balance(house.agent) == before
    assert stage.now(held).state is PaymentState.RETURNED


def test_what_was_decided_is_not_decided_again(fiona: Person, held: Payment) -> None:
    fiona.post(f"/admin/payments/{held.id}/return")

    assert fiona.post(f"/admin/payments/{held.id}/accept").status_code == 409


def test_a_failed_refund_is_shown_and_tried_again(fiona: Person, paid: Payment, stub: StubProvider) -> None:
    refund = in_transaction(
        lambda: refunding.give_back(paid.id, Money(100, "CNY"), reference="C-1", reason="asked for", actor=make.actor())
    )
    stub.failure = Declined("insufficient_balance")
    sending_back.carry_out(refund.id)
    assert "our balance at the provider is too low" in fiona.words("/admin/payments/")

    fiona.post(f"/admin/payments/refunds/{refund.id}/again")

    assert in_transaction(lambda: payments.refund_by_id(refund.id)).state is ProviderRefundState.PENDING


def test_has_a_provider_asked_now(fiona: Person, held: Payment) -> None:
    assert fiona.post(f"/admin/payments/{held.id}/ask").status_code == 303


def test_an_auditor_looks_and_decides_nothing(ada: Person, held: Payment) -> None:
    page = ada.page(f"/admin/payments/{held.id}")

    assert "/accept" not in page
    assert ada.post(f"/admin/payments/{held.id}/accept").status_code == 403


@pytest.mark.parametrize("path", ["/admin/payments/x", f"/admin/payments/{UUID(int=7)}"])
def test_what_is_none_is_not_found(fiona: Person, path: str) -> None:
    assert fiona.get(path).status_code == 404
