import pytest
from sqlalchemy import select

from portal.core.db import db, in_transaction
from portal.core.mail import Mail
from portal.customers.models import Customer
from tests import browsing, make
from tests.web.agent.conftest import Counter

GOOD = {
    "customer_name": "Carol Chan",
    "customer_email": "carol@new.example",
    "customer_phone": "+852 9123 4567",
    "locale": "zh",
}


def address(counter: Counter) -> str:
    return f"/agent/customers/{counter.customer.id}"


def carol(counter: Counter) -> Customer:
    return db.session.get_one(Customer, counter.customer.id, populate_existing=True)


def mails() -> list[Mail]:
    return list(db.session.scalars(select(Mail).where(Mail.kind == "customer_link")))


def test_lists_customers_with_their_number_of_cards(counter):
    in_transaction(lambda: make.customer(counter.agent, name="王芳婳"))

    words = counter.words("/agent/customers/")

    assert "Carol Chan carol@customers.example – 中文 1" in words
    assert "王芳婳" in words


@pytest.mark.parametrize("query", ["carol", "CAROL@customers", "Chan"])
def test_finds_a_customer_by_name_or_contact(counter, query):
    in_transaction(lambda: make.customer(counter.agent, name="王芳婳"))

    words = counter.words(f"/agent/customers/?q={query}")

    assert "Carol Chan" in words
    assert "王芳婳" not in words


def test_says_when_nobody_matches(counter):
    assert "No customer matches" in counter.words("/agent/customers/?q=nobody")


def test_welcomes_an_agent_without_customers(bob):
    assert "No customer yet" in browsing.words(bob.get("/agent/customers/").text)


def test_hides_alices_customers_from_bob(counter, bob):
    assert "Carol" not in bob.get("/agent/customers/?q=a").text


def test_shows_cards_renewals_and_contact(counter):
    counter.place()

    words = counter.words(address(counter))

    assert "8985 2000 2633 1880 6140" in words
    assert "CNY 105.00" in words
    assert "carol@customers.example" in words


def test_corrects_a_customer(counter):
    answer = counter.post(f"{address(counter)}/edit", **GOOD)

    assert (answer.status_code, answer.location) == (303, address(counter))
    assert (carol(counter).email, carol(counter).phone) == ("carol@new.example", "+85291234567")
    assert counter.acts()[-1] == "customers.edit"


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("customer_name", "", "Please fill this in."),
        ("customer_name", "x" * 121, "At most 120 signs"),
        ("customer_email", "carol@", "name@example.com"),
        ("customer_phone", "12", "138 0013 8001"),
        ("locale", "fr", "Not a valid choice"),
    ],
)
def test_refuses_bad_input_by_its_field_and_keeps_what_was_typed(counter, field, typed, words):
    answer = counter.post(f"{address(counter)}/edit", **GOOD | {field: typed})

    assert answer.status_code == 422
    assert words in browsing.words(answer.text)
    assert browsing.field_value(answer.text, "customer_email") == (GOOD | {field: typed})["customer_email"]
    assert carol(counter).email == "carol@customers.example"


def test_refuses_a_contact_of_another_customer(counter):
    in_transaction(lambda: make.customer(counter.agent, name="王芳婳", email="wang@customers.example"))

    answer = counter.post(f"{address(counter)}/edit", **GOOD | {"customer_email": "Wang@customers.example"})

    assert answer.status_code == 422
    assert "Your customer 王芳婳 has this already." in answer.text


def test_mails_the_sign_in_link_in_the_customers_language(counter):
    answer = counter.post(f"{address(counter)}/send-link")

    (mail,) = mails()
    assert (answer.status_code, answer.location) == (303, address(counter))
    assert (mail.recipient, mail.language) == ("carol@customers.example", "zh")
    assert "https://portal.example/my/enter/" in mail.text
    assert counter.acts()[-1] == "customers.send_link"


def test_a_button_pressed_twice_sends_one_mail(counter):
    counter.post(f"{address(counter)}/send-link")
    answer = counter.post(f"{address(counter)}/send-link")

    assert answer.status_code == 409
    assert "less than a minute ago" in answer.text
    assert len(mails()) == 1


def test_without_an_address_there_is_nothing_to_send(counter):
    def forget():
        held = db.session.merge(counter.customer)
        held.email, held.phone = None, "+8613800138001"

    in_transaction(forget)

    assert "send-link" not in counter.get(address(counter)).text
    assert counter.post(f"{address(counter)}/send-link").status_code == 409
    assert mails() == []


def test_html_in_a_name_stays_text(counter):
    counter.post(f"{address(counter)}/edit", **GOOD | {"customer_name": "<b>Carol</b>"})

    for path in ("/agent/customers/", address(counter), f"{address(counter)}/edit"):
        assert "<b>Carol</b>" not in counter.get(path).text, path


def test_changes_the_language_of_receipts(counter):
    counter.post(f"{address(counter)}/edit", **GOOD | {"receipt_language": "en"})

    assert carol(counter).receipt_language == "en"
    assert "Receipts in English" in counter.words(address(counter))
