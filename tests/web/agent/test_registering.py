import json
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.cards.models import Card
from portal.core.db import db, in_transaction
from portal.core.i18n import PaperLanguage
from portal.customers.models import Customer
from tests import browsing, make

CASES = json.loads((Path(__file__).parents[2] / "data" / "identifier_cases.json").read_text())
GOOD = {
    "iccid": "8997 2123 3009 9025 334",
    "carrier": "sandbox-east",
    "customer_name": "Nguyễn Thị Hoa",
    "customer_email": "hoa@customers.example",
    "customer_phone": "+84 912 345 678",
    "label": "Tokyo trip",
    "locale": "en",
    "eid": "",
    "msisdn": "",
    "activation_code": "",
}


def registered() -> list[Card]:
    return list(db.session.scalars(select(Card).where(Card.iccid != "89852000263318806140")))


def test_registers_a_card_for_a_new_customer(counter):
    answer = counter.post("/agent/cards/new", **GOOD)

    (card,) = registered()
    assert (answer.status_code, answer.location) == (303, f"/agent/cards/{card.id}")
    assert (card.iccid, card.carrier, card.label) == ("8997212330099025334", "sandbox-east", "Tokyo trip")
    assert (card.customer.name, card.customer.phone, card.customer.locale) == ("Nguyễn Thị Hoa", "+84912345678", "en")


def test_registers_for_a_customer_known_by_their_address(counter):
    counter.post(
        "/agent/cards/new", **GOOD | {"customer_name": "Carol Chan", "customer_email": "Carol@Customers.example"}
    )

    (card,) = registered()
    assert card.customer_id == counter.customer.id


def test_keeps_secrets_encrypted_and_off_the_page(counter):
    secret = "LPA:1$rsp.truphone.com$QRF-BETTERROAMING-PMRDGIR2EARDEIT5"
    counter.post("/agent/cards/new", **GOOD | {"activation_code": secret, "eid": CASES["eid"][0]["given"]})

    (card,) = registered()
    page = counter.get(f"/agent/cards/{card.id}").text
    assert b"PMRDGIR2EARDEIT5" not in card.activation_code_encrypted
    assert "PMRDGIR2EARDEIT5" not in page
    assert "LPA:1$rsp.truphone.com$" in page
    assert CASES["eid"][0]["given"] not in page


@pytest.mark.parametrize("case", [case for case in CASES["iccid"] if case["verdict"] == "rejected"], ids=str)
def test_refuses_what_is_no_iccid_and_keeps_what_was_typed(counter, case):
    answer = counter.post("/agent/cards/new", **GOOD | {"iccid": case["given"]})

    assert answer.status_code == 422
    assert "iccid-error" in answer.text
    assert browsing.field_value(answer.text, "iccid") == case["given"]
    assert browsing.field_value(answer.text, "customer_name") == "Nguyễn Thị Hoa"
    assert registered() == []


@pytest.mark.parametrize("case", [case for case in CASES["iccid"] if case["verdict"] == "ok"], ids=str)
def test_takes_every_good_iccid_in_its_normal_form(counter, case):
    in_transaction(lambda: setattr(db.session.get_one(Card, counter.card.id), "iccid", "8900000000000000000"))

    answer = counter.post("/agent/cards/new", **GOOD | {"iccid": case["given"]})

    assert answer.status_code == 303
    assert case["normal"] in [card.iccid for card in db.session.scalars(select(Card))]


@pytest.mark.parametrize("case", [case for case in CASES["iccid"] if case["verdict"] == "warning"], ids=str)
def test_asks_about_an_odd_iccid_and_takes_it_once_confirmed(counter, case):
    asked = counter.post("/agent/cards/new", **GOOD | {"iccid": case["given"]})

    assert asked.status_code == 422
    assert registered() == []
    assert "It is right." in asked.text

    confirmed = [warning for warning in ("iccid_luhn", "iccid_prefix") if f'value="{warning}"' in asked.text]
    answer = counter.post("/agent/cards/new", **GOOD | {"iccid": case["given"], "confirmed": confirmed})

    assert answer.status_code == 303
    assert [card.iccid for card in registered()] == [case["normal"]]


@pytest.mark.parametrize("case", [case for case in CASES["eid"] if case["given"] and not case["valid"]], ids=str)
def test_refuses_what_is_no_eid(counter, case):
    answer = counter.post("/agent/cards/new", **GOOD | {"eid": case["given"]})

    assert answer.status_code == 422
    assert "eid-error" in answer.text
    assert registered() == []


@pytest.mark.parametrize(
    "case", [case for case in CASES["activation_code"] if case["given"] and not case["valid"]], ids=str
)
def test_refuses_what_is_no_activation_code(counter, case):
    answer = counter.post("/agent/cards/new", **GOOD | {"activation_code": case["given"]})

    assert answer.status_code == 422
    assert "activation_code-error" in answer.text
    assert registered() == []


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("customer_name", "", "Please fill this in."),
        ("customer_name", "Car\u202eol", "cannot be seen"),
        ("customer_name", "x" * 121, "At most 120 signs"),
        ("customer_email", "carol", "name@example.com"),
        ("customer_phone", "12", "138 0013 8001"),
        ("msisdn", "call me", "country code"),
        ("label", "x" * 81, "At most 80 signs"),
        ("carrier", "acme", "Not a valid choice"),
        ("locale", "xx", "Not a valid choice"),
        ("iccid", "8985\x002000263318806140", "cannot be printed"),
    ],
)
def test_says_by_the_field_what_is_wrong_with_it(counter, field, typed, words):
    answer = counter.post("/agent/cards/new", **GOOD | {field: typed})

    assert answer.status_code == 422
    assert words in browsing.words(answer.text)
    assert registered() == []


def test_wants_one_way_to_reach_the_customer(counter):
    answer = counter.post("/agent/cards/new", **GOOD | {"customer_email": "", "customer_phone": ""})

    assert answer.status_code == 422
    assert "Please enter an e-mail address or a phone number." in answer.text


def test_speaks_of_every_wrong_field_at_once(counter):
    answer = counter.post("/agent/cards/new", **GOOD | {"iccid": "12", "eid": "34", "customer_email": "x"})

    assert [name in answer.text for name in ("iccid-error", "eid-error", "customer_email-error")] == [True, True, True]


def test_leads_to_the_card_that_is_registered_already(counter):
    answer = counter.post("/agent/cards/new", **GOOD | {"iccid": counter.card.iccid})

    assert answer.status_code == 422
    assert "You have registered this card already." in answer.text
    assert f"/agent/cards/{counter.card.id}" in answer.text


def test_does_not_say_who_holds_a_card(counter, bob):
    token = browsing.csrf_token(bob.get("/agent/").text)

    answer = bob.post("/agent/cards/new", data={"csrf_token": token, **GOOD, "iccid": counter.card.iccid})

    assert answer.status_code == 422
    assert "registered elsewhere" in answer.text
    assert "Global Link" not in answer.text
    assert str(counter.card.id) not in answer.text


def test_asks_when_the_contact_is_known_under_another_name(counter):
    answer = counter.post("/agent/cards/new", **GOOD | {"customer_email": "carol@customers.example"})

    assert answer.status_code == 422
    assert "Carol Chan" in answer.text
    assert 'value="customer_other_name"' in answer.text


def test_refuses_two_customers_at_once(counter):
    in_transaction(lambda: setattr(make.customer(counter.agent, name="王芳婳"), "phone", "+8613800138001"))

    answer = counter.post(
        "/agent/cards/new",
        **GOOD | {"customer_email": "carol@customers.example", "customer_phone": "13800138001"},
    )

    assert answer.status_code == 422
    assert "belongs to Carol Chan" in answer.text


def test_sent_twice_registers_one_card(counter):
    counter.post("/agent/cards/new", **GOOD)
    counter.post("/agent/cards/new", **GOOD)

    assert len(registered()) == 1


def test_is_filled_in_for_a_customer_who_is_known(counter):
    page = counter.get(f"/agent/cards/new?customer={counter.customer.id}").text

    assert browsing.field_value(page, "customer_name") == "Carol Chan"
    assert browsing.field_value(page, "customer_email") == "carol@customers.example"


def test_hides_a_rivals_customer(counter, bob):
    assert bob.get(f"/agent/cards/new?customer={counter.customer.id}").status_code == 404
    assert bob.get(f"/agent/cards/new/customer?customer={counter.customer.id}").status_code == 404


def test_suggests_known_customers_while_one_types(counter, bob):
    piece = counter.get_piece("/agent/cards/new/customer?customer_name=caro").text

    assert "Carol Chan" in piece
    assert "<html" not in piece
    assert "Carol" not in counter.get_piece("/agent/cards/new/customer?customer_name=c").text
    assert "Carol" not in bob.get("/agent/cards/new/customer?customer_name=caro").text


def test_fills_the_fields_with_the_customer_who_was_picked(counter):
    piece = counter.get_piece(f"/agent/cards/new/customer?customer={counter.customer.id}").text

    assert browsing.field_value(piece, "customer_email") == "carol@customers.example"


def test_takes_no_agent_and_no_role_from_the_form(counter, bob):
    counter.post("/agent/cards/new", **GOOD | {"agent_id": "01a11906-3680-78b4-8e5b-d14dd591abbd", "state": "removed"})

    (card,) = registered()
    assert card.agent_id == counter.agent.id
    assert card.is_active


def test_keeps_a_name_with_html_as_text(counter):
    counter.post("/agent/cards/new", **GOOD | {"customer_name": "<b>Hoa</b>"})

    assert db.session.scalars(select(Customer.name).where(Customer.name == "<b>Hoa</b>")).one()
    assert "<b>Hoa</b>" not in counter.get("/agent/customers/").text


@pytest.mark.parametrize(("asked", "kept"), [({}, "both"), ({"receipt_language": "zh"}, "zh")])
def test_receipts_are_in_both_languages_unless_the_customer_chooses(counter, asked, kept):
    counter.post("/agent/cards/new", **GOOD | asked)

    (card,) = registered()
    assert card.customer.receipt_language == kept


def test_refuses_receipts_in_another_language_and_keeps_what_was_typed(counter):
    answer = counter.post("/agent/cards/new", **GOOD | {"receipt_language": "fr"})

    assert answer.status_code == 422
    assert browsing.field_value(answer.text, "customer_name") == "Nguyễn Thị Hoa"
    assert registered() == []


def test_shows_what_a_known_customer_chose(counter):
    in_transaction(lambda: setattr(db.session.merge(counter.customer), "receipt_language", PaperLanguage.EN))

    page = counter.get(f"/agent/cards/new?customer={counter.customer.id}").text

    assert '<option selected value="en">English</option>' in page.partition('name="receipt_language"')[2]
