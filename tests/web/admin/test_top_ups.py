import pytest

from portal.core.db import db, in_transaction
from portal.wallets import queries
from portal.wallets.models import TopUp
from tests import browsing, make
from tests.web.admin.conftest import last_act

PATH = "/admin/wallets/top-up"


@pytest.fixture
def fields(house) -> dict[str, str]:
    return {
        "agent": "Global Link",
        "currency": "CNY",
        "amount": "1,234.50",
        "bank_reference": "icbc 2026 1122",
        "received_on": "2026-11-21",
        "note": "November",
    }


def balance(house, currency: str = "CNY") -> int:
    return queries.in_currency(house.agent.id, currency).balance.minor


def confirm(person, fields):
    asked = person.post(PATH, **fields)
    assert asked.status_code == 200
    return asked, person.post(PATH, **fields, confirmed=browsing.field_value(asked.text, "confirmed"))


def test_asks_with_the_exact_sum_before_it_credits_the_wallet(fiona, house, fields):
    asked = fiona.post(PATH, **fields)

    words = browsing.words(asked.text)
    assert "Wallet now CNY 1,000.00 Top-up CNY 1,234.50 Wallet afterwards CNY 2,234.50" in words
    assert "Credit CNY 1,234.50 to the wallet" in words
    assert balance(house) == 100_000


def test_credits_the_wallet_once_confirmed(fiona, house, fields):
    _asked, answer = confirm(fiona, fields)

    assert answer.status_code == 303
    assert balance(house) == 223_450
    words = fiona.words(answer.location)
    assert "CNY 1,234.50 recorded for Global Link." in words
    assert "Bank reference ICBC 2026 1122" in words
    assert last_act().act == "wallets.top_up"


def test_a_second_one_with_the_same_bank_reference_names_the_first(fiona, house, fields):
    confirm(fiona, fields)
    first = db.session.query(TopUp).filter_by(bank_reference="ICBC 2026 1122").one()

    again = fiona.post(PATH, **(fields | {"amount": "7", "bank_reference": " ICBC  2026 1122 "}))

    assert again.status_code == 422
    assert f"recorded already, as top-up {first.reference}" in browsing.words(again.text)
    assert browsing.field_value(again.text, "amount") == "7"
    assert balance(house) == 223_450


def test_the_confirmation_sent_twice_counts_once(fiona, house, fields):
    asked, _answer = confirm(fiona, fields)

    again = fiona.post(PATH, **fields, confirmed=browsing.field_value(asked.text, "confirmed"))

    assert again.status_code == 422
    assert balance(house) == 223_450


def test_a_confirmation_of_another_sum_is_asked_about_again(fiona, house, fields):
    asked = fiona.post(PATH, **fields)
    confirmed = browsing.field_value(asked.text, "confirmed")

    answer = fiona.post(PATH, **(fields | {"amount": "9,999"}), confirmed=confirmed)

    assert answer.status_code == 200
    assert "Credit CNY 9,999.00 to the wallet" in browsing.words(answer.text)
    assert balance(house) == 100_000


def test_says_when_it_opens_a_wallet(fiona, house, fields):
    asked, answer = confirm(fiona, fields | {"currency": "jpy", "amount": "5000"})

    assert "This agent has no wallet in JPY yet" in browsing.words(asked.text)
    assert answer.status_code == 303
    assert balance(house, "JPY") == 5000


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"amount": ""}, "Please fill this in."),
        ({"amount": "0"}, "The amount must be above zero."),
        ({"amount": "-5"}, "without a sign"),
        ({"amount": "1e3"}, "plain amount"),
        ({"amount": "１００"}, "half width"),
        ({"amount": "1.005"}, "at most 2 digits after the point"),
        ({"amount": "1,00"}, "plain amount"),
        ({"amount": "99999999999999"}, "too large"),
        ({"currency": "RMB"}, "ISO currency code"),
        ({"agent": "Nobody"}, "No agent has this name or licence number."),
        ({"bank_reference": "  "}, "Please fill this in."),
        ({"bank_reference": "x" * 61}, "At most 60 signs, please."),
        ({"received_on": "21.11.2026"}, "Please enter a day such as 2026-11-23."),
        ({"received_on": ""}, "Please fill this in."),
        ({"received_on": "2026-11-24"}, "This day is still to come."),
    ],
)
def test_refuses_what_cannot_be_and_keeps_what_was_typed(fiona, house, fields, changed, sentence):
    answer = fiona.post(PATH, **(fields | changed))

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)
    assert browsing.field_value(answer.text, "note") == "November"
    assert balance(house) == 100_000


def test_takes_the_agent_from_the_address(fiona, house):
    page = fiona.page(f"{PATH}?agent={house.agent.id}")

    assert browsing.field_value(page, "agent") == "Global Link"
    assert browsing.field_value(page, "received_on") == "2026-11-22"


def test_an_auditor_does_not_even_see_the_form(ada, house, fields):
    assert ada.get(PATH).status_code == 403
    assert ada.post(PATH, **fields).status_code == 403
    assert "Top up" not in ada.words(f"/admin/agents/{house.agent.id}").replace("Top-up", "")


def test_markup_in_a_note_stays_text(fiona, house, fields):
    in_transaction(lambda: make.user(name="x"))
    _asked, answer = confirm(fiona, fields | {"note": "<img src=x>"})

    page = fiona.page(answer.location)
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page
