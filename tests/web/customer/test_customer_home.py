import html
import re
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import Role
from portal.cards.models import CardState
from portal.core import clock, pages
from portal.core.db import db, in_transaction, transaction
from portal.core.money import Money
from portal.customers.models import Customer
from portal.receipts import credit_notes
from portal.refunds import refunding, requesting
from portal.refunds.models import RefundDestination, RefundReason
from portal.renewals.models import Renewal
from tests import browsing, make, renewed
from tests.web.customer.conftest import Carol

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_shows_what_is_left_and_until_when(hers, carol):
    with clock.fixed(NOON):
        page = browsing.words(hers.get("/my/").text)

    assert "8985 2000 2633 1880 6140" in page
    assert "614 MB left of 10 GB" in page
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


@pytest.fixture
def renewals(carol: Carol, monkeypatch: pytest.MonkeyPatch) -> list[Renewal]:
    """Three of hers, oldest first, where a page shows two receipts."""
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    made = [renewed.renew(carol.card, carol.plan) for _ in range(3)]
    for renewal in made:
        renewed.print_receipt(renewed.receipt_of(renewal))
    return made


def receipts_on(page: str) -> list[str]:
    """List the renewals whose receipts a page shows, as it does."""
    return re.findall(r'"/my/receipts/([0-9a-f-]+).pdf"', page)


def link(page: str, rel: str) -> str:
    """Give the address of the link to the next or previous page."""
    (address,) = re.findall(rf'rel="{rel}"\s+href="([^"]+)"', page)
    return html.unescape(address)


def test_pages_through_her_receipts_with_her_cards_on_the_first_page_alone(hers, renewals):
    oldest, middle, newest = [str(renewal.id) for renewal in renewals]

    first = hers.get("/my/").text
    second = hers.get(link(first, "next")).text
    back = hers.get(link(second, "prev")).text

    assert receipts_on(first) == receipts_on(back) == [newest, middle]
    assert receipts_on(second) == [oldest]
    assert ["Usage and renewals" in page for page in (first, second, back)] == [True, False, True]
    assert "<h1>Receipts</h1>" in second
    assert 'rel="next"' not in second


def test_a_key_of_nothing_gives_the_first_page(hers, renewals):
    page = hers.get("/my/?older=none&newer=nothing").text

    assert receipts_on(page) == [str(renewals[2].id), str(renewals[1].id)]


def test_pages_never_lead_to_another_customers_receipts(client, hers, carol, renewals):
    with transaction():
        other = make.customer(carol.agent, name="王芳婳")
    his = browsing.sign_in_customer(client, other)

    page = his.get(f"/my/?older={renewed.receipt_of(renewals[2]).id}").text

    assert receipts_on(page) == []


def test_a_credit_note_stands_below_the_receipt_that_it_corrects(hers, renewals):
    note = credited(renewals[1])

    page = browsing.words(hers.get("/my/").text)

    assert page.index("LEB-2026-0000003") < page.index("LEB-2026-0000002") < page.index(f"{note} Paid back")
    assert "CNY −50.00" in page


def credited(renewal: Renewal) -> str:
    """Refund a renewal, and give the number of its credit note."""
    fiona = make.actor(in_transaction(lambda: make.user(role=Role.FINANCE, name="Fiona")))
    refund = in_transaction(
        lambda: requesting.request(
            renewal_id=renewal.id,
            amount=Money(5_000, "CNY"),
            reason=RefundReason.NOT_WORKING,
            note="",
            destination=RefundDestination.SOURCE,
            actor=fiona,
        )
    )
    refunding.carry_out(refund.id)
    note = credit_notes.of_refund(refund.id)
    assert note is not None
    return note.number or "Credit note"


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
