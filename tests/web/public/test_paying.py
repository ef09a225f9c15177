"""A customer opens a pay link on a phone, chooses a way to pay, and follows it; nobody signs in."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.core import clock, settings
from portal.core.db import db, in_transaction, transaction
from portal.core.money import Money
from portal.demo.stand_in import StandIns
from portal.payments import settling
from portal.payments.models import PaymentState
from portal.payments.providers import base
from portal.payments.providers.base import Begun, Retry
from portal.renewals import accepting, cancelling, fulfilment
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from tests import browsing, make, renewed
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider, standing
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting
from tests.renewals.test_pay_links import NOW


@pytest.fixture
def waiting(client: FlaskClient, stub: StubProvider) -> Iterator[Waiting]:  # noqa: F811
    counter = open_counter()
    with transaction():
        counter.plan.plan.code = renewed.PLAN_CODE
    online.offering()
    client.set_cookie("language", "en")
    with clock.fixed(NOW):
        yield Waiting(counter, online.order(counter), stub)


@pytest.fixture
def address(waiting: Waiting) -> str:
    return f"/pay/{waiting.ordered.code}"


def pay(client: FlaskClient, address: str, **fields: str) -> tuple[int, str, str]:
    """Press the pay button; gives the status, where it leads, and the page."""
    token = browsing.csrf_token(client.get(address).text)
    answer = client.post(address, data={"csrf_token": token, "method": "card"} | fields)
    return answer.status_code, answer.location or "", answer.text


def deliver(waiting: Waiting) -> None:
    """Have the carrier asked."""
    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)


def test_shows_the_exact_lines_and_what_the_button_takes(client: FlaskClient, waiting: Waiting, address: str) -> None:
    answer = client.get(address)

    words = browsing.words(answer.text)
    assert answer.status_code == 200
    for part in ("Japan 10 GB / 30 days", "100.00", "Commission fee", "5.00", "Total", "105.00", "Global Link"):
        assert part in words
    assert "Pay CNY 105.00" in words
    assert "Credit or debit card" in words
    assert waiting.counter.card.iccid not in answer.text, "a link that is passed on tells no card"
    assert "share" not in answer.text
    assert "noindex" in answer.text


def test_is_shown_in_chinese(client: FlaskClient, address: str) -> None:
    client.set_cookie("language", "zh")

    assert client.get(address).status_code == 200


def test_sends_the_payer_on_by_a_page_of_ours(client: FlaskClient, waiting: Waiting, address: str) -> None:
    status, location, _ = pay(client, address)

    (reference,) = waiting.provider.begun
    assert status == 303
    assert location.startswith(f"{address}/payments/")
    page = client.get(location)
    assert f'href="https://pay.example/{reference}"' in page.text


def test_htmx_goes_to_the_provider_at_once(client: FlaskClient, waiting: Waiting, address: str) -> None:
    token = browsing.csrf_token(client.get(address).text)

    answer = client.post(
        address, data={"csrf_token": token, "method": "card"}, headers={"HX-Request": "true", "HX-Target": "main"}
    )

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"https://pay.example/{waiting.provider.begun[0]}"


def test_shows_a_code_to_scan(
    client: FlaskClient, waiting: Waiting, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting.provider, "begin", lambda asking: Begun("qr", None, "weixin://wxpay/1", {}))

    _, location, _ = pay(client, address)

    page = client.get(location)
    assert "data:image/svg+xml" in page.text
    assert "asking=1" in page.text


@pytest.mark.parametrize("method", ["alipay", "", "cash", "card'--"])
def test_refuses_a_way_that_is_not_offered(client: FlaskClient, waiting: Waiting, address: str, method: str) -> None:
    status, _, page = pay(client, address, method=method)

    assert status == 422
    assert "Please choose one of the ways to pay." in browsing.words(page)
    assert waiting.provider.begun == []


def test_no_amount_of_the_form_counts(client: FlaskClient, waiting: Waiting, address: str) -> None:
    pay(client, address, amount="1", amount_minor="1", currency="JPY", total="1")

    payment = waiting.begin()
    assert (payment.amount_minor, payment.currency) == (10_500, "CNY")


def test_says_when_the_provider_is_not_reached_and_takes_nothing(
    client: FlaskClient, waiting: Waiting, address: str
) -> None:
    waiting.provider.failure = Retry("timeout")

    status, _, page = pay(client, address)

    assert status == 422
    assert "Nothing was taken; please try again." in browsing.words(page)


def test_says_so_where_nothing_can_be_paid_online(
    client: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.payments.registry.usable", dict)

    assert "It cannot be paid online just now." in browsing.words(client.get(address).text)


def test_coming_back_pays_nothing_and_asks(client: FlaskClient, waiting: Waiting, address: str) -> None:
    payment = waiting.begin()

    page = client.get(f"{address}?back=1")

    assert "We are asking the payment service" in browsing.words(page.text)
    assert waiting.renewal.state is RenewalState.AWAITING_PAYMENT
    with clock.fixed(NOW + settling.NOT_SO_SOON):
        client.get(f"{address}/standing?seen=awaiting_payment.begun&asking=1")
    assert "payments.ask" in online.work(payment.id)


def test_a_payment_begun_in_time_is_waited_for(client: FlaskClient, waiting: Waiting, address: str) -> None:
    with clock.fixed(NOW + timedelta(hours=23, minutes=59)):
        waiting.begin()

    with clock.fixed(NOW + timedelta(hours=24, minutes=1)):
        page = client.get(address).text

    assert "We are asking the payment service" in browsing.words(page)
    assert "no longer valid" not in page
    assert 'name="method"' not in page


def test_an_open_page_stays_until_something_is_otherwise(client: FlaskClient, waiting: Waiting, address: str) -> None:
    payment = waiting.begin()
    seen = f"{address}/standing?seen=awaiting_payment.begun"
    answer = client.get(seen)
    assert (answer.status_code, "HX-Redirect" in answer.headers) == (204, False)

    waiting.settle(payment)

    assert client.get(seen).headers["HX-Redirect"] == address
    assert "Your payment has arrived." in browsing.words(client.get(address).text)


def polled(page: str) -> str:
    """Give the address that an open page asks again and again."""
    (address,) = re.findall(r'hx-get="(/pay/[^"]+/standing[^"]*)"', page)
    return html.unescape(address)


@pytest.mark.parametrize("way_back", ["?back=1", "", "?back=99999999999", "?back=x"])
def test_who_comes_back_without_having_paid_is_told_so_once_it_was_asked_twice(
    client: FlaskClient, waiting: Waiting, address: str, way_back: str
) -> None:
    payment = waiting.begin()
    settling.ask(payment.id)
    settling.ask(payment.id)

    with clock.fixed(NOW + timedelta(minutes=1)):
        page = client.get(f"{address}{way_back}").text
        asks_at = polled(page)
        settling.ask(payment.id)
        still_asking = client.get(asks_at)
        settling.ask(payment.id)
        told = client.get(asks_at).headers["HX-Redirect"]
        shown = client.get(told).text
        stays = client.get(polled(shown))

    assert "We are asking the payment service" in browsing.words(page)
    assert "asking=1" in asks_at
    assert "HX-Redirect" not in still_asking.headers
    words = browsing.words(shown)
    assert "You have not paid yet; nothing was taken." in words
    assert "We are asking" not in words
    assert "Pay CNY 105.00" in words
    assert "HX-Redirect" not in stays.headers


def test_who_is_told_to_have_paid_nothing_is_still_followed(
    client: FlaskClient, waiting: Waiting, address: str
) -> None:
    payment = waiting.begin()
    settling.ask(payment.id)
    settling.ask(payment.id)
    shown = client.get(f"{address}?back={int(NOW.timestamp())}").text
    assert "You have not paid yet" in browsing.words(shown)

    waiting.settle(payment)

    assert client.get(polled(shown)).headers["HX-Redirect"] == address
    assert "Your payment has arrived." in browsing.words(client.get(address).text)


def test_nobody_is_told_to_have_paid_nothing_while_the_provider_is_not_reached(
    client: FlaskClient, waiting: Waiting, address: str
) -> None:
    payment = waiting.begin()
    waiting.provider.failure = Retry("timeout")
    for _ in range(3):
        with pytest.raises(Retry):
            settling.ask(payment.id)

    words = browsing.words(client.get(f"{address}?back={int(NOW.timestamp())}").text)

    assert "We are asking the payment service" in words
    assert "nothing was taken" not in words


def test_says_that_a_payment_closed_at_the_provider_took_nothing(
    client: FlaskClient, waiting: Waiting, address: str
) -> None:
    payment = waiting.begin()
    asks_at = polled(client.get(f"{address}?back=1").text)
    waiting.provider.standings[payment.reference] = standing(base.PaymentState.EXPIRED, payment.reference)

    settling.ask(payment.id)

    told = client.get(asks_at).headers["HX-Redirect"]
    words = browsing.words(client.get(told).text)
    assert told == address
    assert "The last payment was not completed; nothing was taken." in words
    assert "Pay CNY 105.00" in words


def test_who_gives_up_at_the_provider_is_asked_about_too(waiting: Waiting, address: str) -> None:
    waiting.begin()

    assert waiting.provider.wanted[0].cancel_url == f"https://portal.example{address}?back=1"


@pytest.mark.parametrize("seen", ["none", "declined", "begun.declined"])
def test_an_open_page_calls_nobody_back_who_is_on_the_way_to_the_provider(
    client: FlaskClient, waiting: Waiting, address: str, seen: str
) -> None:
    waiting.begin()

    answer = client.get(f"{address}/standing?seen=awaiting_payment.{seen}")

    assert (answer.status_code, "HX-Redirect" in answer.headers) == (204, False)


def test_says_that_a_card_was_declined(client: FlaskClient, waiting: Waiting, address: str) -> None:
    payment = waiting.begin()
    waiting.provider.standings[payment.reference] = standing(base.PaymentState.DECLINED, payment.reference)

    settling.ask(payment.id)

    assert "The last payment was declined; nothing was taken." in browsing.words(client.get(address).text)


def test_an_open_page_tells_of_a_declined_card_once_it_is_known(
    client: FlaskClient, waiting: Waiting, address: str
) -> None:
    payment = waiting.begin()
    declined = standing(base.PaymentState.PENDING, payment.reference, decline_code="card_declined")
    waiting.provider.standings[payment.reference] = declined

    settling.ask(payment.id)

    shown_before = client.get(f"{address}/standing?seen=awaiting_payment.begun")
    assert shown_before.headers["HX-Redirect"] == address
    assert "The last payment was declined; nothing was taken." in browsing.words(client.get(address).text)
    back_from_another_card = client.get(f"{address}?back=1")
    assert "please do not pay twice" in browsing.words(back_from_another_card.text)
    assert "HX-Redirect" not in client.get(f"{address}/standing?seen=awaiting_payment.begun.declined&asking=1").headers


def test_says_that_it_is_delivered(client: FlaskClient, waiting: Waiting, address: str) -> None:
    waiting.pay()
    deliver(waiting)

    page = client.get(address).text

    assert "Your card is renewed" in browsing.words(page)
    assert 'name="method"' not in page
    assert "standing?" not in page


def test_says_what_the_card_holds_now_and_how_it_was_paid(client: FlaskClient, waiting: Waiting, address: str) -> None:
    waiting.pay()
    deliver(waiting)
    confirmed = {"data_left_mb": 10_854, "data_total_mb": 20_480, "valid_until": "2026-12-23T15:59:00+00:00"}
    with transaction():
        db.session.get_one(Renewal, waiting.ordered.id).after = confirmed

    page = client.get(address).text

    words = browsing.words(page)
    assert "<title>Your card is renewed" in page
    assert "Renew your LEB card" not in page
    assert "Valid until 23 Dec 2026, 23:59" in words
    assert "Data after the renewal 10.59 GB" in words
    assert "Paid by Credit or debit card" in words
    assert waiting.counter.card.iccid not in page


@pytest.mark.parametrize(
    ("data_total_mb", "valid_until", "told"),
    [
        (None, "2026-12-23T15:59:00+00:00", ["Valid until", "Data after the renewal unlimited"]),
        (10_240, "2026-12-23T15:59:00+00:00", ["Valid until"]),
        (None, None, []),
    ],
)
def test_says_only_what_the_carrier_confirmed(
    client: FlaskClient,
    waiting: Waiting,
    address: str,
    data_total_mb: int | None,
    valid_until: str | None,
    told: list[str],
) -> None:
    waiting.pay()
    deliver(waiting)
    confirmed = {"data_left_mb": None, "data_total_mb": data_total_mb, "valid_until": valid_until}
    with transaction():
        db.session.get_one(Renewal, waiting.ordered.id).after = confirmed

    words = browsing.words(client.get(address).text)

    assert [part for part in ("Valid until", "Data after the renewal unlimited") if part in words] == told
    assert ("Data after" in words) == ("Data after the renewal unlimited" in told)


def test_the_title_says_that_it_is_being_renewed_once_it_is_paid(
    client: FlaskClient, waiting: Waiting, address: str
) -> None:
    waiting.pay()

    assert "<title>Your card is being renewed" in client.get(address).text


def test_says_that_refused_money_goes_back(client: FlaskClient, waiting: Waiting, address: str) -> None:
    waiting.pay()
    with transaction():
        waiting.counter.plan.plan.code = "SOLD-NOWHERE"
    deliver(waiting)
    assert "CNY 105.00 is going back to you the way you paid." in browsing.words(client.get(address).text)

    online.carry_out_refunds()

    assert "CNY 105.00 went back to you the way you paid." in browsing.words(client.get(address).text)


def test_a_cancelled_one_takes_no_money(client: FlaskClient, waiting: Waiting, address: str) -> None:
    token = browsing.csrf_token(client.get(address).text)
    in_transaction(lambda: cancelling.cancel(waiting.ordered.id, actor=make.actor()))

    page = client.get(address).text
    answer = client.post(address, data={"csrf_token": token, "method": "card"})

    assert "This link is no longer valid" in browsing.words(page)
    assert 'name="method"' not in page
    assert answer.status_code == 422
    assert waiting.provider.begun == []


def test_a_page_of_a_closed_payment_leads_back(client: FlaskClient, waiting: Waiting, address: str) -> None:
    payment = waiting.pay()

    answer = client.get(f"{address}/payments/{payment.id}")

    assert (answer.status_code, answer.location) == (303, address)
    assert payment.state is PaymentState.SETTLED


# Refusals


@pytest.mark.parametrize("code", ["ABCDEFGHJKMNPQRSTVWX", "x", "%00", "..%2f..%2fetc"])
def test_an_unknown_code_is_nothing_at_all(client: FlaskClient, waiting: Waiting, code: str) -> None:
    assert client.get(f"/pay/{code}").status_code in (400, 404)
    assert client.get(f"/pay/{code}/standing").status_code in (400, 404)


def test_the_payment_of_another_link_is_not_shown(client: FlaskClient, waiting: Waiting, address: str) -> None:
    other = Waiting(waiting.counter, online.order(waiting.counter), waiting.provider)
    payment = other.begin()

    assert client.get(f"{address}/payments/{payment.id}").status_code == 404
    assert client.get(f"{address}/payments/nonsense").status_code == 404


def test_a_form_from_elsewhere_pays_nothing(client: FlaskClient, waiting: Waiting, address: str) -> None:
    answer = client.post(address, data={"method": "card"}, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 400
    assert waiting.provider.begun == []


def test_the_agents_name_stays_text(client: FlaskClient, waiting: Waiting, address: str) -> None:
    with transaction():
        agent = db.session.merge(waiting.counter.agent)
        agent.name_en = "<script>alert(1)</script>"

    assert "<script>alert(1)</script>" not in client.get(address).text


def test_asks_nobody_to_pay_again_while_finance_decides_on_another_sum(
    client: FlaskClient, waiting: Waiting, address: str
) -> None:
    payment = waiting.begin()
    waiting.provider.settle(payment.reference, Money(11_000, "CNY"))
    settling.ask(payment.id)

    words = browsing.words(client.get(address).text)

    assert "CNY 110.00 arrived, but CNY 105.00 was asked." in words
    assert "please do not pay again" in words
    assert "How do you want to pay?" not in words
    with clock.fixed(NOW + timedelta(hours=25)):
        assert "This link is no longer valid" not in browsing.words(client.get(address).text)

    in_transaction(lambda: accepting.accept_held(payment.id, actor=make.actor(name="Fiona")))

    assert "Your payment has arrived." in browsing.words(client.get(address).text)
