"""An agent fills the wallet online: the page asks, sends on, and believes only the provider."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import offers, saving, settling
from portal.payments import queries as payments
from portal.payments.models import Payment, PaymentChannel, PaymentState
from portal.payments.providers.base import DisputeStanding, DisputeState, Method, SavedMethod, Surface
from portal.refunds import disputing
from tests import browsing, make
from tests.payments import stage
from tests.payments.providers import in_wechat
from tests.payments.stub import StubInsideApp, StubProvider
from tests.web.agent.conftest import Counter

PAGE = "/agent/wallet/top-up"


@pytest.fixture
def online(counter: Counter, stub: StubProvider) -> Counter:
    """The counter of an agent to whom cards are offered in CNY."""
    in_transaction(stage.offering)
    return counter


def begin(counter: Counter, amount: str = "1,000", **fields: str) -> str:
    page = counter.browser.get(PAGE).text
    key = browsing.field_value(page, "idempotency_key")
    wishes = {"amount": amount, "currency": "CNY", "method": "card", "idempotency_key": key}
    answer = counter.post(PAGE, **wishes | fields)
    assert answer.status_code == 303, browsing.words(answer.text)
    return answer.location


def of(address: str) -> Payment:
    return in_transaction(lambda: payments.by_id(UUID(address.rpartition("/")[2])))


def test_offers_what_the_operator_offers(online: Counter) -> None:
    words = online.words(PAGE)

    assert "Credit or debit card" in words
    assert "PayPal" not in words


def test_refuses_more_than_one_top_up_may_be(online: Counter) -> None:
    page = online.browser.get(PAGE).text
    wishes = {
        "amount": "1,000,000.01",
        "currency": "CNY",
        "method": "card",
        "idempotency_key": browsing.field_value(page, "idempotency_key"),
    }

    answer = online.post(PAGE, **wishes)

    assert answer.status_code == 422
    assert "At most CNY 1,000,000 at once, please. Transfer a larger sum by bank." in browsing.words(answer.text)
    assert in_transaction(lambda: payments.open_top_ups(online.agent.id, "CNY")) == []
    assert online.post(PAGE, **wishes | {"amount": "1,000,000"}).status_code == 303


def test_says_so_when_nothing_is_offered(counter: Counter, stub: StubProvider) -> None:
    assert "No way to pay online is offered here yet" in counter.words(PAGE)
    assert "Top up online" not in counter.words("/agent/wallet")


def test_asks_to_keep_only_what_can_be_kept(online: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert '<div class="kept-with is-card">' in online.get(PAGE).text

    monkeypatch.setattr(StubProvider, "can_charge_saved", False)
    assert "Keep it for automatic top-ups" not in online.words(PAGE)


def test_goes_to_a_page_that_leads_to_the_provider(online: Counter) -> None:
    address = begin(online)

    payment = of(address)
    page = online.browser.get(address).text
    assert payment.amount == Money(100_000, "CNY")
    assert f'href="https://pay.example/{payment.reference}"' in page
    assert "Go on to pay CNY 1,000.00" in browsing.words(page)


def test_leads_back_to_another_way_with_the_amount(online: Counter, stub: StubProvider) -> None:
    address = begin(online)
    back = 'href="/agent/wallet/top-up?currency=CNY&amp;amount=100000"'

    page = online.browser.get(address).text
    assert back in page
    assert "Choose another way" in browsing.words(page)
    assert "The payment service has charged nothing so far." in browsing.words(page)

    stub.settle(of(address).reference, Money(100_000, "CNY"))
    settling.ask(of(address).id)
    assert back not in online.browser.get(address).text


def test_lists_what_is_not_finished_in_the_chosen_currency_only(online: Counter) -> None:
    in_transaction(lambda: (stage.offering("USD"), make.money_in(online.agent, 5_000, currency="USD")))
    payment = of(begin(online))

    assert f"{payment.reference} 22 Nov 2026, 14:18 · Credit or debit card CNY 1,000.00 until 15:03" in online.words(
        f"{PAGE}?currency=CNY"
    )
    assert payment.reference not in online.words(f"{PAGE}?currency=USD")


def test_htmx_goes_to_the_provider_at_once(online: Counter) -> None:
    page = online.browser.get(PAGE).text
    answer = online.browser.post(
        PAGE,
        data={
            "csrf_token": browsing.csrf_token(page),
            "idempotency_key": browsing.field_value(page, "idempotency_key"),
            "amount": "5",
            "currency": "CNY",
            "method": "card",
        },
        headers={"HX-Request": "true"},
    )

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("https://pay.example/P-")


def test_the_same_form_sent_twice_is_one_payment(online: Counter, stub: StubProvider) -> None:
    key = browsing.field_value(online.browser.get(PAGE).text, "idempotency_key")

    first, second = begin(online, idempotency_key=key), begin(online, idempotency_key=key)

    assert first == second
    assert len(stub.begun) == 1


@pytest.mark.parametrize("amount", ["", "0", "-5", "1e3", "１００", "5.005", "x", "9" * 16])
def test_refuses_what_is_no_amount(online: Counter, stub: StubProvider, amount: str) -> None:
    page = online.browser.get(PAGE).text

    answer = online.post(
        PAGE,
        amount=amount,
        currency="CNY",
        method="card",
        idempotency_key=browsing.field_value(page, "idempotency_key"),
    )

    assert answer.status_code == 422
    assert stub.begun == []


@pytest.mark.parametrize("method", ["paypal", "gold", ""])
def test_refuses_a_method_that_is_not_offered(online: Counter, stub: StubProvider, method: str) -> None:
    page = online.browser.get(PAGE).text

    answer = online.post(
        PAGE,
        amount="5",
        currency="CNY",
        method=method,
        idempotency_key=browsing.field_value(page, "idempotency_key"),
    )

    assert answer.status_code == 422
    assert stub.begun == []


def test_coming_back_is_not_believed(online: Counter, stub: StubProvider) -> None:
    address = begin(online)

    assert "waiting for payment" in online.words(f"{address}?paid=yes&session_id=cs_1")
    assert of(address).state is PaymentState.BEGUN


def test_says_when_the_wallet_is_credited_and_stops_asking(online: Counter, stub: StubProvider) -> None:
    address = begin(online)
    stub.settle(of(address).reference, Money(100_000, "CNY"))
    settling.ask(of(address).id)

    page = online.browser.get(address).text

    assert "CNY 1,000.00 is in your wallet." in browsing.words(page)
    assert "hx-trigger" not in page.partition('id="payment"')[2].partition(">")[0]
    assert online.wallet_minor() == 200_000
    statement = online.browser.get("/agent/wallet").text
    assert of(address).reference in statement


def test_the_wallet_says_how_it_was_paid(online: Counter, stub: StubProvider) -> None:
    address = begin(online)
    stub.settle(of(address).reference, Money(100_000, "CNY"))
    settling.ask(of(address).id)

    assert re.search(rf'href="{address}"', online.browser.get("/agent/wallet").text)
    assert "Credit or debit card" in online.browser.get("/agent/wallet.csv?currency=CNY").text


def test_another_agents_payment_is_not_found(online: Counter, bob: FlaskClient) -> None:
    address = begin(online)

    assert bob.get(address).status_code == 404
    assert bob.get("/agent/wallet/top-ups/x").status_code == 404


def test_a_saved_card_is_shown_and_forgotten_by_its_owner_only(
    online: Counter, stub: StubProvider, bob: FlaskClient
) -> None:
    address = begin(online, save="y")
    stub.settle(of(address).reference, Money(100_000, "CNY"), saved=SavedMethod("pm", "cus", "Visa ...4242", "2028-04"))
    settling.ask(of(address).id)
    card = in_transaction(lambda: saving.of_agent(online.agent.id)[0])
    assert "Visa ...4242" in online.words(PAGE)

    forget = f"/agent/wallet/saved-methods/{card.id}/remove"
    refused = bob.post(forget, data={"csrf_token": browsing.csrf_token(bob.get("/agent/wallet").text)})
    answer = online.post(forget)

    assert refused.status_code == 404
    assert answer.status_code == 303
    assert "Visa ...4242" not in online.words(PAGE)


def test_a_clerk_may_top_up_too(online: Counter, clerk: FlaskClient) -> None:
    assert clerk.get(PAGE).status_code == 200


def test_nobody_else_may(online: Counter, app: Flask) -> None:
    assert app.test_client().get(PAGE).status_code == 303


def test_the_link_of_a_mail_fills_the_amount_in(online: Counter) -> None:
    page = online.get(f"{PAGE}?currency=CNY&amount=100000").text

    assert browsing.field_value(page, "amount") == "1000.00"


@pytest.mark.parametrize("amount", ["-1", "x", "0", "²", "9" * 40])
def test_a_link_with_a_strange_amount_fills_nothing_in(online: Counter, amount: str) -> None:
    answer = online.get(f"{PAGE}?currency=CNY&amount={amount}")

    assert answer.status_code == 200
    assert browsing.field_value(answer.text, "amount") == ""


@pytest.fixture
def inside_wechat(counter: Counter, stub_inside_app: StubInsideApp) -> Counter:
    """The counter of an agent who reads the pages inside WeChat, to whom WeChat Pay is offered."""
    chosen = {Method.WECHAT_PAY: "stripe"}
    in_transaction(
        lambda: offers.offer(currency="CNY", channel=PaymentChannel.AGENT, chosen=chosen, actor=make.actor())
    )
    counter.browser.environ_base["HTTP_USER_AGENT"] = in_wechat.USER_AGENT
    return counter


def test_inside_wechat_asks_who_reads_and_hands_the_payment_over(
    inside_wechat: Counter, stub_inside_app: StubInsideApp
) -> None:
    browser = inside_wechat.browser
    asked = parse_qs(urlsplit(browser.get(f"{PAGE}?currency=CNY&amount=500").location).query)
    back = urlsplit(asked["back"][0])

    shown = browser.get(f"{back.path}?{back.query}&code=carols-code&state={asked['state'][0]}")
    address = begin(inside_wechat, method="wechat_pay")

    assert shown.location == f"{PAGE}?currency=CNY&amount=500"
    assert [(asking.surface, asking.payer_id) for asking in stub_inside_app.asked_for] == [(Surface.IN_APP, "o-carol")]
    page = browser.get(address)
    assert "data-hand-over" in page.text
    assert "Pay CNY 1,000.00" in browsing.words(page.text)
    assert "frame-src weixin:" in page.headers["Content-Security-Policy"]


def test_a_closed_page_of_the_provider_is_not_led_to(inside_wechat: Counter, stub_inside_app: StubInsideApp) -> None:
    inside_wechat.browser.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (iPhone) Mobile"
    stub_inside_app.opens_for = timedelta()

    address = begin(inside_wechat, method="wechat_pay")

    page = inside_wechat.browser.get(address).text
    assert "https://pay.example" not in page
    assert 'href="/agent/wallet/top-up?currency=CNY&amp;amount=100000"' in page


def test_the_wallet_names_the_top_up_that_its_payer_disputes(online: Counter, stub: StubProvider) -> None:
    address = begin(online)
    payment = of(address)
    stub.settle(payment.reference, Money(100_000, "CNY"))
    settling.ask(payment.id)
    dispute(payment, DisputeState.OPEN)

    page = online.get("/agent/wallet").text
    words = browsing.words(page)
    assert f"Held while the payer disputes it {payment.reference} The operator answers the payer's bank" in words
    assert page.count(f'href="{address}"') == 2
    assert payment.reference in online.get("/agent/wallet.csv?currency=CNY").text.split("Held while")[1]

    dispute(payment, DisputeState.WON)
    words = online.words("/agent/wallet")
    assert f"Dispute decided {payment.reference} The bank decided against the payer" in words


def dispute(payment: Payment, state: DisputeState) -> None:
    standing = DisputeStanding(
        state=state,
        provider_id="dp_1",
        payment_id=payment.provider_id or "",
        amount=payment.amount,
        fee=None,
        reason="fraudulent",
        answer_before=None,
        raw={},
    )
    in_transaction(lambda: disputing.take_down("stripe", standing))
