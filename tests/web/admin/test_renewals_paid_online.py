"""The operator sees a renewal that its customer pays online, from the order to its end."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.accounts.models import Role
from portal.core import settings
from portal.core.db import transaction
from portal.core.money import Money
from portal.demo.stand_in import StandIns
from portal.payments import settling
from portal.payments.models import Payment
from portal.payments.providers.base import RefundState
from portal.renewals import figures, fulfilment
from portal.renewals.states import RenewalState
from tests import browsing, make
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting


@pytest.fixture
def waiting(app: Flask, stub: StubProvider) -> Waiting:  # noqa: F811
    counter = open_counter()
    online.offering()
    return Waiting(counter, online.order(counter), stub)


@pytest.fixture
def dana(app: Flask, waiting: Waiting) -> FlaskClient:
    with transaction():
        user = make.user(role=Role.ADMIN, name="Dana")
    browser = app.test_client()
    browser.set_cookie("language", "en")
    return browsing.sign_in(browser, user)


def words(dana: FlaskClient, path: str) -> str:
    answer = dana.get(path)
    assert answer.status_code == 200, answer.status
    return browsing.words(answer.text)


def decide(dana: FlaskClient, payment: Payment, act: str) -> TestResponse:
    token = browsing.csrf_token(dana.get(f"/admin/payments/{payment.id}").text)
    return dana.post(f"/admin/payments/{payment.id}/{act}", data={"csrf_token": token})


def test_a_waiting_one_is_listed_and_shown(dana: FlaskClient, waiting: Waiting) -> None:
    assert waiting.ordered.reference in words(dana, "/admin/transactions")
    assert "awaiting payment" in words(dana, f"/admin/transactions/{waiting.ordered.id}")
    assert "Renewal ordered, to be paid online" in words(dana, "/admin/audit")


def test_a_paid_one_shows_its_books(dana: FlaskClient, waiting: Waiting) -> None:
    waiting.pay()

    page = words(dana, f"/admin/transactions/{waiting.ordered.id}")

    assert "Clearing" in page
    assert "Escrow" in page


def test_its_history_tells_through_whom_it_was_paid(dana: FlaskClient, waiting: Waiting) -> None:
    payment = waiting.pay()

    page = dana.get(f"/admin/transactions/{waiting.ordered.id}").text

    assert "Paid online by the customer, Stripe" in browsing.words(page)
    assert "wallet" not in browsing.words(page)
    assert page.count(f'href="/admin/payments/{payment.id}">{payment.reference}</a>') == 2


def test_what_goes_back_goes_back_to_the_customer(dana: FlaskClient, waiting: Waiting) -> None:
    waiting.pay()
    with transaction():
        waiting.counter.plan.plan.code = "SOLD-NOWHERE"
    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)
    online.carry_out_refunds()

    page = words(dana, f"/admin/transactions/{waiting.ordered.id}")

    assert "Money returned to the customer, Stripe" in page
    assert "returned to the wallet" not in page


def test_one_that_waits_leads_to_the_payment_that_was_begun(dana: FlaskClient, waiting: Waiting) -> None:
    payment = waiting.begin()

    assert f"{payment.reference} waiting for payment" in words(dana, f"/admin/transactions/{waiting.ordered.id}")


def test_unpaid_ones_are_no_sales_of_today(dana: FlaskClient, waiting: Waiting) -> None:
    today = figures.operator_figures()

    assert today.renewals_today == 0
    assert words(dana, "/admin/")


def test_a_refund_that_failed_can_be_tried_again(dana: FlaskClient, waiting: Waiting) -> None:
    payment = waiting.pay()
    waiting.provider.refund_state = RefundState.FAILED
    with transaction():
        online.paying.send_back(waiting.renewal, reason="plan_not_found")

    online.carry_out_refunds()

    assert f"{waiting.ordered.reference}-RETURN" in words(dana, f"/admin/payments/{payment.id}")


def test_finance_lets_one_go_on_that_was_paid_too_much(dana: FlaskClient, waiting: Waiting) -> None:
    payment = waiting.begin()
    waiting.provider.settle(payment.reference, Money(11_000, "CNY"))
    settling.ask(payment.id)
    assert "Take CNY 105.00 and renew; the rest goes back" in words(dana, f"/admin/payments/{payment.id}")

    decide(dana, payment, "accept")

    assert waiting.renewal.state is RenewalState.PAID
    assert f"{payment.reference}-REST" in words(dana, f"/admin/payments/{payment.id}")


def test_one_that_was_paid_too_little_can_only_go_back(dana: FlaskClient, waiting: Waiting) -> None:
    payment = waiting.begin()
    waiting.provider.settle(payment.reference, Money(10_000, "CNY"))
    settling.ask(payment.id)

    page = words(dana, f"/admin/payments/{payment.id}")
    refused = decide(dana, payment, "accept")

    assert "and renew" not in page
    assert refused.status_code == 409
    assert "The money can only be given back." in browsing.words(refused.text)
