from datetime import UTC, datetime

from flask.testing import FlaskClient

from portal.accounts.models import Role
from portal.cards.models import CardState
from portal.core import clock
from portal.core.db import db, transaction
from portal.customers.models import Customer
from tests import browsing, make, renewed

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_shows_what_is_left_and_until_when(hers, carol):
    with clock.fixed(NOON):
        page = browsing.words(hers.get("/my/").text)

    assert "8985 2000 2633 1880 6140" in page
    assert "0.5 GB left of 10 GB" in page
    assert "1 day left" in page
    assert "Valid until 23 Nov 2026 China (Shanghai) Time" in page


def test_names_the_agent_to_ask_with_ways_to_reach_them(hers, carol):
    with transaction():
        carol.agent.contact_phone = "+862163520001"

    page = hers.get("/my/").text

    assert "To renew, ask your agent Global Link +86 21 6352 0001" in browsing.words(page)
    assert 'href="tel:+862163520001"' in page
    assert "mailto:alice@global-link.example?subject=Please%20renew%20my%20LEB%20card%2089852000263318806140" in page


def test_shows_the_cards_of_every_agent_of_hers(hers, carol):
    with transaction():
        bob = make.agent(name_en="Pacific Connect")
        row_at_bobs = make.customer(bob, name="Carol C.", email="CAROL@customers.example")
        make.card(row_at_bobs, iccid="8997212330099025334")

    page = browsing.words(hers.get("/my/").text)

    assert "Pacific Connect" in page
    assert "Your other cards" in page


def test_shows_nothing_of_another_customer(hers, carol):
    with transaction():
        other = make.customer(carol.agent, name="王芳婳")
        make.card(other, iccid="8997212330099025334")

    page = hers.get("/my/").text

    assert "9025 334" not in page
    assert "王芳婳" not in page


def test_leaves_out_a_card_that_was_removed(hers, carol):
    with transaction():
        carol.card.state = CardState.REMOVED

    assert "No card yet" in hers.get("/my/").text


def test_lists_her_receipts_with_sum_and_download(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)
    renewed.print_receipt(renewed.receipt_of(renewal))

    page = hers.get("/my/").text

    assert f"/my/receipts/{renewal.id}.pdf" in page
    assert "CNY 105.00" in browsing.words(page)
    assert "Download PDF" in page


def test_says_that_a_receipt_is_being_made(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)

    page = hers.get("/my/").text

    assert "being made" in page
    assert f"/my/receipts/{renewal.id}.pdf" not in page


def test_asks_strangers_to_sign_in(client: FlaskClient, app):
    answer = client.get("/my/")

    assert answer.status_code == 303
    assert answer.location == "/my/sign-in?next=/my/"


def test_refuses_an_agents_user(client: FlaskClient, carol):
    with transaction():
        alice = make.user(role=Role.AGENT_OWNER, of=carol.agent)
    browsing.sign_in(client, alice)

    assert client.get("/my/").status_code == 403


def test_keeps_markup_in_a_label_as_text(hers, carol):
    with transaction():
        carol.card.label = "<script>alert(1)</script>"

    page = hers.get("/my/").text

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_chooses_the_language_of_her_receipts_at_every_agent(hers, carol):
    with transaction():
        at_bobs = make.customer(make.agent(name_en="Pacific Connect"), email="CAROL@customers.example")
    token = browsing.csrf_token(hers.get("/my/").text)

    answer = hers.post("/my/receipt-language", data={"csrf_token": token, "receipt_language": "zh"})

    assert (answer.status_code, answer.location) == (303, "/my/")
    assert [chosen_by(row) for row in (carol.customer, at_bobs)] == ["zh", "zh"]
    assert '<option selected value="zh">' in hers.get("/my/").text


def test_refuses_a_language_that_receipts_are_not_written_in(hers, carol):
    token = browsing.csrf_token(hers.get("/my/").text)

    answer = hers.post("/my/receipt-language", data={"csrf_token": token, "receipt_language": "fr"})

    assert answer.status_code == 422
    assert chosen_by(carol.customer) == "both"


def test_a_choice_needs_the_token_of_the_page(hers, carol):
    assert hers.post("/my/receipt-language", data={"receipt_language": "zh"}).status_code == 400
    assert chosen_by(carol.customer) == "both"


def test_leaves_another_customers_choice_alone(hers, carol):
    with transaction():
        other = make.customer(carol.agent)
    token = browsing.csrf_token(hers.get("/my/").text)

    hers.post("/my/receipt-language", data={"csrf_token": token, "receipt_language": "zh", "customer": str(other.id)})

    assert chosen_by(other) == "both"


def chosen_by(customer: Customer) -> str:
    return db.session.get_one(Customer, customer.id, populate_existing=True).receipt_language
