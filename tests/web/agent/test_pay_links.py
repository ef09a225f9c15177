"""Alice lets carol pay online: a link with a QR code, a mail, and a page that follows it by itself."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core.db import db, transaction
from portal.core.mail import Mail
from portal.payments import settling
from portal.renewals import figures, links, paying
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from tests import browsing, make
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.web.agent.conftest import Counter


@pytest.fixture
def offered(counter: Counter, stub: StubProvider) -> StubProvider:  # noqa: F811
    """Customers can pay by card in CNY."""
    online.offering()
    return stub


def press(counter: Counter, **fields: str) -> tuple[int, str, str]:
    """Press the button that lets the customer pay; gives the status, where it leads, and the page."""
    page = counter.get(f"/agent/cards/{counter.card.id}/renew?plan={counter.plan.code}").text
    names = ("csrf_token", "plan", "quote", "idempotency_key")
    values = {name: browsing.field_value(page, name) for name in names}
    answer = counter.browser.post(f"/agent/cards/{counter.card.id}/renew", data=values | {"way": "link"} | fields)
    return answer.status_code, answer.location or "", answer.text


def waiting(counter: Counter) -> Renewal:
    press(counter)
    return db.session.scalars(select(Renewal)).one()


def test_the_button_is_there_where_customers_can_pay(counter: Counter, offered: StubProvider) -> None:
    words = counter.words(f"/agent/cards/{counter.card.id}/renew?plan={counter.plan.code}")

    assert "Pay CNY 105.00 from wallet" in words
    assert "Let the customer pay online" in words


def test_the_button_is_not_there_where_nothing_is_offered(counter: Counter) -> None:
    words = counter.words(f"/agent/cards/{counter.card.id}/renew?plan={counter.plan.code}")

    assert "Let the customer pay online" not in words


def test_an_empty_wallet_keeps_nobody_from_selling(counter: Counter, offered: StubProvider) -> None:
    with transaction():
        make.spend(counter.agent, 100_000)

    status, location, _ = press(counter)

    renewal = db.session.scalars(select(Renewal)).one()
    assert (status, location) == (303, f"/agent/renewals/{renewal.id}")
    assert renewal.state is RenewalState.AWAITING_PAYMENT


def test_the_page_shows_the_code_and_the_link_and_follows_it(counter: Counter, offered: StubProvider) -> None:
    renewal = waiting(counter)
    link = links.of_renewal(renewal.id)
    assert link is not None

    page = counter.get(f"/agent/renewals/{renewal.id}").text

    assert "data:image/svg+xml" in page
    assert f"https://portal.example/pay/{link.code}" in page
    assert f'hx-get="/agent/renewals/{renewal.id}/progress?awaited=1"' in page
    assert "Waiting for the customer's payment" in browsing.words(page)
    assert counter.wallet_minor() == 100_000


def test_the_page_is_shown_whole_once_it_is_paid(counter: Counter, offered: StubProvider) -> None:
    renewal = waiting(counter)
    link = links.of_renewal(renewal.id)
    assert link is not None
    piece = f"/agent/renewals/{renewal.id}/progress?awaited=1"
    assert counter.get_piece(piece).status_code == 200
    payment = online.paying.begin(link.code, online.CARD, actor=make.actor(name="Carol"))
    offered.settle(payment.reference, payment.amount)

    settling.ask(payment.id)

    answer = counter.get_piece(piece)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
    words = counter.words(f"/agent/renewals/{renewal.id}")
    assert "Paid by the customer" in words
    assert "Credit or debit card" in words
    assert "Paid from wallet" not in words


def test_the_list_can_be_narrowed_to_those_that_wait(counter: Counter, offered: StubProvider) -> None:
    renewal = waiting(counter)

    assert renewal.reference in counter.words("/agent/renewals/?state=awaiting_payment")
    assert "awaiting payment" in counter.words("/agent/renewals/")


def test_unpaid_orders_are_no_sales(counter: Counter, offered: StubProvider) -> None:
    waiting(counter)

    days = figures.agent_days(counter.agent.id, "CNY", days=2)

    assert [day.renewals for day in days] == [0, 0]


def test_mails_the_link(counter: Counter, offered: StubProvider) -> None:
    renewal = waiting(counter)

    answer = counter.post(f"/agent/renewals/{renewal.id}/mail-link")

    mail = db.session.scalars(select(Mail).where(Mail.kind == "pay_link")).one()
    assert (answer.status_code, mail.recipient) == (303, "carol@customers.example")
    assert "Mailed to carol@customers.example." in counter.words(f"/agent/renewals/{renewal.id}")


def test_cancels_what_nobody_paid(counter: Counter, offered: StubProvider) -> None:
    renewal = waiting(counter)

    answer = counter.post(f"/agent/renewals/{renewal.id}/cancel")

    assert answer.status_code == 303
    words = counter.words(f"/agent/renewals/{renewal.id}")
    assert "Cancelled, nothing was taken" in words
    assert "The customer pays here" not in words


def test_pressing_the_link_and_then_the_wallet_takes_nothing_twice(counter: Counter, offered: StubProvider) -> None:
    page = counter.get(f"/agent/cards/{counter.card.id}/renew?plan={counter.plan.code}").text
    values = {name: browsing.field_value(page, name) for name in ("csrf_token", "plan", "quote", "idempotency_key")}
    address = f"/agent/cards/{counter.card.id}/renew"

    first = counter.browser.post(address, data=values | {"way": "link"})
    second = counter.browser.post(address, data=values)

    assert (first.status_code, second.status_code) == (303, 409)
    assert counter.renewals() == 1
    assert counter.wallet_minor() == 100_000


# Refusals


def test_a_changed_price_is_shown_again_and_nothing_is_ordered(counter: Counter, offered: StubProvider) -> None:
    status, _, page = press(counter, quote="1~altered")

    assert status == 409
    assert "The price has changed" in browsing.words(page)
    assert counter.renewals() == 0


@pytest.mark.parametrize("act", ["mail-link", "cancel"])
def test_another_agents_renewal_is_nothing_at_all(
    counter: Counter, offered: StubProvider, bob: FlaskClient, act: str
) -> None:
    renewal = waiting(counter)
    token = browsing.csrf_token(bob.get("/agent/clerks/").text)

    answer = bob.post(f"/agent/renewals/{renewal.id}/{act}", data={"csrf_token": token})

    assert answer.status_code == 404
    assert db.session.get_one(Renewal, renewal.id).state is RenewalState.AWAITING_PAYMENT


@pytest.mark.parametrize("act", ["mail-link", "cancel"])
def test_what_the_wallet_paid_has_no_link(counter: Counter, act: str) -> None:
    assert counter.post(f"/agent/renewals/{counter.place()}/{act}").status_code == 404


def test_what_is_paid_is_not_cancelled(counter: Counter, offered: StubProvider) -> None:
    renewal = waiting(counter)
    link = links.of_renewal(renewal.id)
    assert link is not None
    payment = online.paying.begin(link.code, online.CARD, actor=make.actor(name="Carol"))
    offered.settle(payment.reference, payment.amount)
    settling.ask(payment.id)

    answer = counter.post(f"/agent/renewals/{renewal.id}/cancel")

    assert answer.status_code == 409
    assert db.session.get_one(Renewal, renewal.id, populate_existing=True).state is RenewalState.PAID


def test_a_second_link_is_made_knowing_of_the_first(counter: Counter, offered: StubProvider) -> None:
    address = f"/agent/cards/{counter.card.id}/renew"
    assert "An unpaid link is open" not in counter.words(address)
    renewal = waiting(counter)

    page = counter.get(address).text

    assert f"An unpaid link is open: {renewal.reference}, CNY 105.00" in browsing.words(page)
    assert f'href="/agent/renewals/{renewal.id}"' in page


def test_a_link_that_was_paid_warns_of_nothing(counter: Counter, offered: StubProvider) -> None:
    renewal = waiting(counter)
    link = links.of_renewal(renewal.id)
    assert link is not None
    payment = paying.begin(link.code, online.CARD, actor=make.actor(name="Carol"))
    offered.settle(payment.reference, payment.amount)
    settling.ask(payment.id)

    assert "An unpaid link is open" not in counter.words(f"/agent/cards/{counter.card.id}/renew")
