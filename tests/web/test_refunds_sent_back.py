"""Every page that tells of a refund tells that it came back, where that is mended, and that it is done after that."""

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.accounts.models import Role
from portal.carriers.base import Refused
from portal.core.db import in_transaction, transaction
from portal.payments import sending_back
from portal.refunds.models import Refund, RefundState
from portal.renewals import fulfilment
from tests import browsing, make
from tests.bounced import Sold, sell, wrong
from tests.payments.conftest import stub
from tests.payments.stub import StubProvider
from tests.refunds.conftest import StandIn, carrier
from tests.renewals import online
from tests.renewals.conftest import open_counter

__all__ = ["carrier", "stub"]


@dataclass
class Reader:
    """Somebody with a browser."""

    browser: FlaskClient

    def words(self, path: str, language: str = "en") -> str:
        return browsing.words(self.page(path, language))

    def page(self, path: str, language: str = "en") -> str:
        self.browser.set_cookie("language", language)
        answer = self.browser.get(path)
        assert answer.status_code == 200, answer.status
        return answer.text

    def post(self, path: str) -> TestResponse:
        token = browsing.csrf_token(self.browser.get("/password").text)
        return self.browser.post(path, data={"csrf_token": token})


@pytest.fixture
def sold(app: Flask, carrier: StandIn, stub: StubProvider) -> Sold:
    return sell(open_counter(), stub)


@pytest.fixture
def bounced(sold: Sold) -> Refund:
    """All of it was refunded, and carol's bank sent it back."""
    refund = sold.refund()
    sold.bounce(sold.given(refund))
    return sold.now(refund)


def of_the_operator(app: Flask, role: Role, name: str) -> Reader:
    with transaction():
        user = make.user(role=role, name=name)
    return Reader(browsing.sign_in(app.test_client(), user))


@pytest.fixture
def fiona(app: Flask) -> Reader:
    return of_the_operator(app, Role.FINANCE, "Fiona")


@pytest.fixture
def alice(app: Flask, sold: Sold) -> Reader:
    return of_the_agent(app, sold)


def of_the_agent(app: Flask, sold: Sold) -> Reader:
    with transaction():
        user = make.user(role=Role.AGENT_OWNER, of=sold.counter.agent, name="Alice", email="alice@counter.example")
    return Reader(browsing.sign_in(app.test_client(), user))


@pytest.mark.parametrize(
    ("language", "came_back", "done"), [("en", "came back", "paid back"), ("zh", "被银行退回", "已退款")]
)
@pytest.mark.parametrize(
    "where",
    [
        "/admin/refunds/{refund}",
        "/admin/refunds/",
        "/admin/transactions/{sale}",
        "/admin/payments/{payment}",
        "/admin/payments/",
    ],
)
def test_every_page_of_the_operator_says_that_it_came_back(
    fiona: Reader, sold: Sold, bounced: Refund, where: str, language: str, came_back: str, done: str
) -> None:
    path = where.format(refund=bounced.id, sale=sold.renewal_id, payment=sold.payment.id)

    page = fiona.page(path, language)

    assert f'<span class="badge tone-bad">{came_back}</span>' in page
    assert f'<span class="badge tone-good">{done}</span>' not in page


def test_its_page_tells_what_is_to_be_done_and_where(fiona: Reader, sold: Sold, bounced: Refund) -> None:
    page = fiona.page(f"/admin/refunds/{bounced.id}")

    words = browsing.words(page)
    assert "The payer's bank sent CNY 105.00 back, and it lies with us again." in words
    assert "the card is reported lost or stolen" in words
    assert "Came back" in words
    assert f'href="/admin/payments/{sold.payment.id}"' in page
    assert "Ask the provider again for CNY 105.00" in words
    assert "付款人的银行已将 CNY 105.00 退回" in fiona.words(f"/admin/refunds/{bounced.id}", "zh")


def test_the_list_is_narrowed_to_those_that_came_back(fiona: Reader, bounced: Refund) -> None:
    assert bounced.reference in fiona.words("/admin/refunds/?state=came_back")
    assert bounced.reference not in fiona.words("/admin/refunds/?state=done")


def test_the_transaction_tells_it_with_the_money_that_escrow_holds(fiona: Reader, sold: Sold, bounced: Refund) -> None:
    page = fiona.page(f"/admin/transactions/{sold.renewal_id}")

    words = browsing.words(page)
    assert "CNY 105.00 had gone back to the payer, and their bank sent it back." in words
    assert "balances · escrow holds CNY 105.00" in words
    assert "CNY 105.00 sent back by the payer's bank" in words
    assert "Sent back by the payer's bank" in words
    assert f'href="/admin/payments/{sold.payment.id}"' in page


def test_the_agent_reads_it_too(alice: Reader, sold: Sold, bounced: Refund) -> None:
    path = f"/agent/renewals/{sold.renewal_id}"

    assert "The customer's bank sent CNY 105.00 back to the operator" in alice.words(path)
    assert "客户的银行已将 CNY 105.00 退回给运营方" in alice.words(path, "zh")


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Your bank sent CNY 105.00 back to us"), ("zh", "您的银行已将 CNY 105.00 退回给我们")],
)
def test_the_payer_reads_it_at_the_link_they_paid(
    client: FlaskClient, sold: Sold, bounced: Refund, language: str, told: str
) -> None:
    payer = Reader(client)

    words = payer.words(f"/pay/{sold.waiting.ordered.code}", language)

    assert told in words
    assert "went back to you" not in words
    assert "The money went to" not in words


def test_a_part_that_came_back_leaves_the_card_renewed(client: FlaskClient, sold: Sold) -> None:
    sold.bounce(sold.given(sold.refund(1_000)))

    words = Reader(client).words(f"/pay/{sold.waiting.ordered.code}")

    assert "Your bank sent CNY 10.00 back to us" in words
    assert "Your card is renewed" in words


def test_while_it_is_tried_again_its_page_says_so_and_looks_by_itself(
    fiona: Reader, sold: Sold, bounced: Refund
) -> None:
    assert fiona.post(f"/admin/payments/refunds/{sold.given(bounced).id}/again").status_code == 303

    page = fiona.page(f"/admin/refunds/{bounced.id}")

    assert "The payment provider is being asked to give it again." in browsing.words(page)
    assert "every 2s" in page
    assert "/into-wallet" not in page


def test_after_it_was_given_again_every_page_says_done(
    fiona: Reader, alice: Reader, sold: Sold, bounced: Refund
) -> None:
    fiona.post(f"/admin/refunds/{bounced.id}/try-again")
    sending_back.carry_out(sold.given(bounced).id)

    words = fiona.words(f"/admin/refunds/{bounced.id}")
    assert f"{bounced.reference} paid back" in words
    assert "Given again" in words
    assert "to the payer, through the provider" in words
    assert "lies with us again" not in words
    transaction = fiona.words(f"/admin/transactions/{sold.renewal_id}")
    assert f"{bounced.reference} paid back" in transaction
    assert "escrow nets to zero" in transaction
    assert "CNY 105.00 given again" in transaction
    assert "came back" not in fiona.words(f"/admin/payments/{sold.payment.id}")
    assert "The customer's bank" not in alice.words(f"/agent/renewals/{sold.renewal_id}")


def test_finance_puts_it_into_the_wallet_and_the_agent_finds_it_there(
    fiona: Reader, alice: Reader, sold: Sold, bounced: Refund
) -> None:
    assert fiona.post(f"/admin/refunds/{bounced.id}/into-wallet").status_code == 303

    assert sold.now(bounced).state is RefundState.DONE
    assert "into the agent's wallet" in fiona.words(f"/admin/refunds/{bounced.id}")
    assert "Refund that the customer's bank sent back" in alice.words("/agent/wallet")
    assert fiona.post(f"/admin/refunds/{bounced.id}/into-wallet").status_code == 409


def test_an_auditor_reads_it_and_gives_nothing(app: Flask, sold: Sold, bounced: Refund) -> None:
    ada = of_the_operator(app, Role.AUDITOR, "Ada")

    page = ada.page(f"/admin/refunds/{bounced.id}")

    assert "lies with us again" in browsing.words(page)
    assert "/try-again" not in page
    assert "/into-wallet" not in page
    assert ada.post(f"/admin/refunds/{bounced.id}/into-wallet").status_code == 403
    assert sold.now(bounced).state is RefundState.CAME_BACK


def test_what_was_returned_for_a_refused_renewal_is_told_as_well(
    app: Flask, carrier: StandIn, stub: StubProvider, fiona: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_asked: str) -> None:
        raise Refused("card_suspended", "The card is suspended.", {})

    monkeypatch.setattr(carrier, "submit_renewal", refuse)
    sold = sell(open_counter(), stub, delivers=False)
    fulfilment.fulfil(sold.renewal_id)
    online.carry_out_refunds()
    (given,) = in_transaction(online.refunds)
    alice = of_the_agent(app, sold)
    path = f"/agent/renewals/{sold.renewal_id}"
    assert "CNY 105.00 went back to the customer; no money was kept." in alice.words(path)

    sold.bounce(given)

    words = alice.words(path)
    assert "went back to the customer" not in words
    assert "The customer's bank sent CNY 105.00 back to the operator" in words
    assert "CNY 105.00 had gone back to the payer" in fiona.words(f"/admin/transactions/{sold.renewal_id}")
    assert "came back" in fiona.words(f"/admin/payments/{sold.payment.id}")

    ada = of_the_operator(app, Role.AUDITOR, "Ada")
    assert "/into-wallet" not in ada.page(f"/admin/payments/{sold.payment.id}")
    assert ada.post(f"/admin/payments/refunds/{given.id}/into-wallet").status_code == 403
    assert "Pay CNY 105.00 into the agent's wallet instead" in fiona.words(f"/admin/payments/{sold.payment.id}")
    before = sold.counter.wallet_minor()
    assert fiona.post(f"/admin/payments/refunds/{given.id}/into-wallet").status_code == 303

    assert sold.counter.wallet_minor() == before + 10_500
    assert "The customer's bank" not in alice.words(path)
    assert fiona.post(f"/admin/payments/refunds/{given.id}/into-wallet").status_code == 409
    assert fiona.post(f"/admin/payments/refunds/{given.id}/again").status_code == 409
    assert wrong() == []


def test_a_refund_goes_into_the_wallet_from_the_payment_as_well(fiona: Reader, sold: Sold, bounced: Refund) -> None:
    given = sold.given(bounced)

    assert fiona.post(f"/admin/payments/refunds/{given.id}/into-wallet").status_code == 303

    assert sold.now(bounced).state is RefundState.DONE
    assert "given another way" in fiona.words(f"/admin/payments/{sold.payment.id}")
    assert wrong() == []


def test_what_did_not_come_back_goes_into_no_wallet(fiona: Reader, sold: Sold) -> None:
    refund = sold.refund()

    assert fiona.post(f"/admin/payments/refunds/{sold.given(refund).id}/into-wallet").status_code == 409
    assert fiona.post(f"/admin/payments/refunds/{sold.payment.id}/into-wallet").status_code == 404
