"""Carol renews her card by herself: she chooses a plan, sees the sum, and goes on to pay."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.agents.models import Agent, AgentStatus
from portal.core import clock
from portal.core.db import db, transaction
from portal.core.money import Money
from portal.payments import settling
from portal.renewals import links, paying
from portal.renewals.models import Channel, Renewal
from portal.renewals.states import RenewalState
from tests import browsing, make
from tests.payments.conftest import stub  # noqa: F401 - a fixture
from tests.payments.stub import StubProvider
from tests.promotions import promoting
from tests.renewals import online
from tests.web.customer.conftest import Carol


@pytest.fixture
def offered(carol: Carol, stub: StubProvider) -> StubProvider:  # noqa: F811
    """Customers can pay by card in CNY."""
    online.offering()
    return stub


@pytest.fixture
def address(carol: Carol) -> str:
    return f"/my/cards/{carol.card.id}/renew"


def order(hers: FlaskClient, address: str, plan: str, **fields: str) -> tuple[int, str, str]:
    page = hers.get(f"{address}?plan={plan}").text
    names = ("csrf_token", "plan", "quote", "idempotency_key")
    answer = hers.post(address, data={name: browsing.field_value(page, name) for name in names} | fields)
    return answer.status_code, answer.location or "", answer.text


def renewals() -> int:
    return db.session.scalar(select(func.count()).select_from(Renewal)) or 0


def test_her_pages_lead_there(hers: FlaskClient, carol: Carol, offered: StubProvider, address: str) -> None:
    for page in ("/my/", f"/my/cards/{carol.card.id}"):
        assert f'href="{address}"' in hers.get(page).text


def test_her_pages_name_the_agent_alone_where_nothing_can_be_paid_online(hers: FlaskClient, carol: Carol) -> None:
    page = hers.get(f"/my/cards/{carol.card.id}").text

    assert "To renew, ask your agent" in browsing.words(page)
    assert "/renew" not in page


def test_shows_every_line_and_the_sum_on_the_button(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    words = browsing.words(hers.get(f"{address}?plan={carol.plan.code}").text)

    for part in ("100.00", "Commission fee", "5.00", "Order and pay CNY 105.00", "tax. Sold by Global Link."):
        assert part in words


def test_htmx_gets_the_price_alone(hers: FlaskClient, carol: Carol, offered: StubProvider, address: str) -> None:
    answer = hers.get(f"{address}?plan={carol.plan.code}", headers={"HX-Request": "true", "HX-Target": "quote"})

    assert answer.text.lstrip().startswith("<section")


def test_orders_and_goes_on_to_pay(hers: FlaskClient, carol: Carol, offered: StubProvider, address: str) -> None:
    status, location, _ = order(hers, address, carol.plan.code)

    renewal = db.session.scalars(select(Renewal)).one()
    link = links.of_renewal(renewal.id)
    assert link is not None
    assert (status, location) == (303, f"/pay/{link.code}")
    assert (renewal.state, renewal.channel) == (RenewalState.AWAITING_PAYMENT, Channel.WEBSITE)
    assert (renewal.placed_by_name, renewal.total_minor) == ("Carol Chan", 10_500)
    assert f'href="/pay/{link.code}"' in hers.get(f"/my/cards/{carol.card.id}").text


def test_a_code_lowers_the_price_and_is_redeemed_with_the_order(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    with transaction():
        promoting.with_code("SPRING10", max_uses=1)
    page = hers.get(f"{address}?plan={carol.plan.code}&code=spring10").text
    assert "Order and pay CNY 94.50" in browsing.words(page)
    names = ("csrf_token", "plan", "quote", "idempotency_key", "code")

    answer = hers.post(address, data={name: browsing.field_value(page, name) for name in names})

    assert answer.status_code == 303
    renewal = db.session.scalars(select(Renewal)).one()
    assert (renewal.discount_minor, renewal.total_minor, renewal.promotion_code) == (1_000, 9_450, "SPRING10")


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "quote"}], ids=["page", "htmx"])
def test_a_code_that_is_none_says_so_beside_its_field_and_changes_nothing(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str, headers: dict[str, str]
) -> None:
    page = hers.get(f"{address}?plan={carol.plan.code}&code=NOPE", headers=headers).text

    place = page[page.index('id="code-error"') :]
    assert "No such code." in browsing.words(place.split("</div>")[0])
    assert page.count("No such code.") == 1
    assert "Order and pay CNY 105.00" in browsing.words(page)
    if headers:
        assert 'hx-swap-oob="true"' in place
        assert 'id="code"' not in page, "the field stays, with what is being typed"
    else:
        field = page[page.index('id="code"') : page.index('id="code-error"')]
        assert 'value="NOPE"' in field
        assert 'aria-describedby="code-error"' in field
        assert 'aria-invalid="true"' in field


def test_a_code_that_is_good_leaves_nothing_wrong_beside_its_field(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    with transaction():
        promoting.with_code("SPRING10")

    page = hers.get(f"{address}?plan={carol.plan.code}&code=SPRING10").text

    assert "aria-invalid" not in page
    assert "field-error" not in page


def test_the_discount_names_its_code_at_the_quote_and_at_the_pay_page(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    with transaction():
        promoting.with_code("SPRING10")
    page = hers.get(f"{address}?plan={carol.plan.code}&code=spring10").text
    names = ("csrf_token", "plan", "quote", "idempotency_key", "code")
    pay_page = hers.post(address, data={name: browsing.field_value(page, name) for name in names}).location or ""

    for shown in (page, hers.get(pay_page).text):
        assert "Discount (SPRING10) CNY −10.00" in browsing.words(shown)


def test_the_discount_names_its_promotion_where_no_code_was_needed(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    with transaction():
        promoting.campaign()
    page = hers.get(f"{address}?plan={carol.plan.code}").text
    _, pay_page, _ = order(hers, address, carol.plan.code)

    for shown in (page, hers.get(pay_page).text):
        assert "Discount (10 % off in November) CNY −10.00" in browsing.words(shown)


def test_says_to_her_why_a_code_does_nothing(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    with transaction():
        promoting.with_code("ONCE", per_customer_limit=1)
    page = hers.get(f"{address}?plan={carol.plan.code}&code=ONCE").text
    names = ("csrf_token", "plan", "quote", "idempotency_key", "code")
    hers.post(address, data={name: browsing.field_value(page, name) for name in names})

    words = browsing.words(hers.get(f"{address}?plan={carol.plan.code}&code=ONCE").text)

    assert "You have used this code already." in words
    assert "Order and pay CNY 105.00" in words


def test_sent_twice_it_is_one_order(hers: FlaskClient, carol: Carol, offered: StubProvider, address: str) -> None:
    page = hers.get(f"{address}?plan={carol.plan.code}").text
    names = ("csrf_token", "plan", "quote", "idempotency_key")
    values = {name: browsing.field_value(page, name) for name in names}

    first, second = hers.post(address, data=values), hers.post(address, data=values)

    assert first.location == second.location
    assert renewals() == 1


def test_an_altered_price_orders_nothing(hers: FlaskClient, carol: Carol, offered: StubProvider, address: str) -> None:
    status, _, page = order(hers, address, carol.plan.code, quote="1~x")

    assert status == 409
    assert "The price has changed" in browsing.words(page)
    assert renewals() == 0


def test_nothing_chosen_orders_nothing(hers: FlaskClient, carol: Carol, offered: StubProvider, address: str) -> None:
    status, _, _ = order(hers, address, carol.plan.code, quote="")

    assert status == 422
    assert renewals() == 0


def test_an_agent_who_may_not_sell_sells_nothing(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    with transaction():
        db.session.get_one(Agent, carol.agent.id).status = AgentStatus.SUSPENDED

    assert hers.get(address).location == f"/my/cards/{carol.card.id}"


def test_another_persons_card_is_nothing_at_all(app: Flask, carol: Carol, offered: StubProvider, address: str) -> None:
    with transaction():
        mallory = make.customer(carol.agent, name="Mallory", email="mallory@customers.example")
    theirs = browsing.sign_in_customer(app.test_client(), mallory)
    token = browsing.csrf_token(theirs.get("/my/").text)

    assert theirs.get(address).status_code == 404
    assert theirs.post(address, data={"csrf_token": token, "quote": "x"}).status_code == 404


def test_nobody_orders_without_signing_in(client: FlaskClient, carol: Carol, address: str) -> None:
    assert "/my/sign-in" in (client.get(address).location or "")


# Orders that wait for their payment


@pytest.mark.parametrize("page", ["/my/", "/my/cards/{card}", "/my/cards/{card}/renew"])
def test_every_page_of_the_card_tells_of_an_order_that_is_not_paid(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str, page: str
) -> None:
    _, pay_page, _ = order(hers, address, carol.plan.code)

    shown = hers.get(page.format(card=carol.card.id)).text

    assert "Waiting for your payment, CNY 105.00" in browsing.words(shown)
    assert f'class="btn btn-primary" href="{pay_page}"' in shown


def test_she_may_renew_anew_all_the_same(hers: FlaskClient, carol: Carol, offered: StubProvider, address: str) -> None:
    order(hers, address, carol.plan.code)

    status, _, _ = order(hers, address, carol.plan.code)

    assert status == 303
    page = browsing.words(hers.get(f"/my/cards/{carol.card.id}").text)
    assert page.count("Waiting for your payment, CNY 105.00") == 2
    assert "Each of these orders renews the card once more" in page


def test_nothing_waits_before_she_ordered_or_once_the_link_has_run_out(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    assert "Waiting for your payment" not in hers.get("/my/").text
    order(hers, address, carol.plan.code)

    with clock.fixed(clock.now() + timedelta(hours=25)):
        assert "Waiting for your payment" not in hers.get("/my/").text


def test_nothing_waits_for_her_while_finance_decides_on_another_sum(
    hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    _, location, _ = order(hers, address, carol.plan.code)
    payment = paying.begin(location.removeprefix("/pay/"), online.CARD, actor=make.actor(name="Carol"))
    offered.settle(payment.reference, Money(11_000, "CNY"))
    settling.ask(payment.id)

    assert "Waiting for your payment" not in hers.get("/my/").text


def test_nothing_waits_for_another_person(
    app: Flask, hers: FlaskClient, carol: Carol, offered: StubProvider, address: str
) -> None:
    order(hers, address, carol.plan.code)
    with transaction():
        mallory = make.customer(carol.agent, name="Mallory", email="mallory@customers.example")
        make.card(mallory)
    theirs = browsing.sign_in_customer(app.test_client(), mallory)

    assert "/pay/" not in theirs.get("/my/").text
