from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.carriers import registry
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.payouts import closing, rendering
from portal.payouts.models import Payout, PayoutState, Statement, StatementMonth
from portal.renewals import fulfilment
from tests import browsing, make
from tests.web.admin.conftest import StandIn
from tests.web.agent.conftest import NOW

PATH = "/agent/payouts/"


@pytest.fixture
def earned(counter, monkeypatch):
    """CNY 8.00 that are payable."""
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", StandIn())
    with clock.fixed(NOW - timedelta(days=40)):
        fulfilment.fulfil(counter.place())
    return counter


def name_account(counter, **changed):
    fields = {"currency": "CNY", "holder": "Global Link Ltd", "bank": "ICBC", "number": "6222021001112223334"}
    return counter.post("/agent/payouts/account", **(fields | {"bic": ""} | changed))


def payouts():
    return list(db.session.scalars(select(Payout).order_by(Payout.id)))


def test_shows_what_is_payable_with_the_sum_on_the_button(earned):
    words = earned.words(PATH)

    assert "Payable CNY 8.00" in words
    assert "Move CNY 8.00 to the wallet" in words
    assert browsing.field_value(earned.get(PATH).text, "amount") == "8.00"
    assert "Add a bank account to be paid by bank" in words
    assert words.count("Add a bank account") == 1


def test_says_what_will_be_here_before_anything_is_earned(counter):
    assert "Payable CNY 0.00" in counter.words(PATH)
    assert "Move" not in counter.words(PATH)


def test_moves_the_sum_on_the_button_to_the_wallet_once(earned):
    before = earned.wallet_minor()
    page = earned.get(PATH).text
    fields = {name: browsing.field_value(page, name) for name in ("currency", "amount", "idempotency_key")}

    first = earned.post(f"{PATH}to-wallet", **fields)
    again = earned.post(f"{PATH}to-wallet", **fields)

    assert (first.status_code, again.status_code) == (303, 303)
    assert earned.wallet_minor() - before == 800
    assert "Commission moved to the wallet +8.00" in earned.words("/agent/wallet")


def test_asks_for_a_payout_and_takes_it_back(earned):
    name_account(earned)
    assert "Pay out CNY 8.00 by bank" in earned.words(PATH)

    earned.post(PATH, currency="CNY", amount="8.00", idempotency_key="k")
    (asked,) = payouts()
    assert "asked for" in earned.words(PATH)
    assert "ICBC •••• 3334" in earned.words(PATH)
    earned.post(f"{PATH}{asked.id}/cancel")

    assert db.session.get(Payout, asked.id, populate_existing=True).state is PayoutState.CANCELLED


def test_takes_a_part_with_its_sum_on_the_buttons(earned):
    name_account(earned)
    page = earned.get(f"{PATH}?currency=CNY&amount=5.00").text
    words = browsing.words(page)
    assert "Move CNY 5.00 to the wallet" in words
    assert "Pay out CNY 5.00 by bank" in words
    before = earned.wallet_minor()

    fields = {name: browsing.field_value(page, name) for name in ("currency", "amount", "idempotency_key")}
    earned.post(f"{PATH}to-wallet", **fields)

    assert earned.wallet_minor() - before == 500
    assert "Move CNY 3.00 to the wallet" in earned.words(PATH)


@pytest.mark.parametrize("amount", ["8.01", "0", "-1", "1e3", "x"])
def test_a_part_that_cannot_be_taken_stays_beside_its_fault_and_no_button_takes_anything(earned, amount):
    name_account(earned)
    page = earned.get(f"{PATH}?currency=CNY&amount={amount}").text

    assert 'aria-invalid="true"' in page
    assert f'value="{amount}"' in page
    assert "Move CNY" not in browsing.words(page)
    assert "Pay out CNY" not in browsing.words(page)


@pytest.mark.parametrize("way", ["", "to-wallet"])
@pytest.mark.parametrize("typed", ["5", "8.01", "x", ""])
def test_an_amount_that_no_button_named_moves_nothing(earned, way, typed):
    name_account(earned)
    before = earned.wallet_minor()

    answer = earned.post(PATH + way, currency="CNY", sum="8.00", amount=typed, idempotency_key="k")

    assert answer.location == f"{PATH}?currency=CNY&amount={typed}"
    assert "Nothing was moved." in earned.words(answer.location)
    assert payouts() == []
    assert earned.wallet_minor() == before


@pytest.mark.parametrize(
    ("amount", "status"), [("8.01", 409), ("0", 422), ("-1", 422), ("1e3", 422), ("８", 422), ("8.001", 422), ("", 422)]
)
def test_refuses_what_is_not_payable(earned, amount, status):
    answer = earned.post(f"{PATH}to-wallet", currency="CNY", amount=amount, idempotency_key="k")

    assert answer.status_code == status
    assert payouts() == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"holder": " "}, "Please fill this in."),
        ({"number": "DE89370400440532013001"}, "This IBAN is not right."),
        ({"number": "12"}, "5 to 34 letters and digits"),
        ({"bic": "NOPE"}, "8 or 11 letters and digits"),
    ],
)
def test_refuses_an_account_that_cannot_be(earned, changed, sentence):
    answer = name_account(earned, **changed)

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)


def test_the_number_is_never_shown_again_nor_written_into_the_audit_log(earned):
    name_account(earned)

    page = earned.get("/agent/payouts/account?currency=CNY").text
    assert "6222021001112223334" not in page
    assert "payouts.keep_bank_account" in earned.acts()


@pytest.fixture
def statement(earned):
    def made():
        closing.begin(clock.today("Asia/Shanghai").replace(month=10, day=1))

    in_transaction(made)
    month = db.session.scalars(select(StatementMonth)).one()
    closing.close(month.id)
    return db.session.scalars(select(Statement)).one()


def test_gives_the_monthly_statement_once_it_is_made(earned, statement):
    assert "2026-10 being made" in earned.words(PATH)
    assert earned.get(f"{PATH}statements/{statement.id}.pdf").status_code == 409

    rendering.render(statement.id)

    answer = earned.get(f"{PATH}statements/{statement.id}.pdf")
    assert answer.mimetype == "application/pdf"
    assert 'filename="statement-2026-10.pdf"' in answer.headers["Content-Disposition"]
    assert earned.get(f"{PATH}statements/{statement.id}.xlsx").data.startswith(b"PK")
    assert earned.get(f"{PATH}statements/{statement.id}.exe").status_code == 404


def test_another_agents_payout_and_statement_look_like_none(earned, statement, bob):
    name_account(earned)
    earned.post(PATH, currency="CNY", amount="8.00", idempotency_key="k")
    (asked,) = payouts()

    assert bob.get(f"{PATH}statements/{statement.id}.pdf").status_code == 404
    token = browsing.csrf_token(bob.get("/agent/clerks/").text)
    assert bob.post(f"{PATH}{asked.id}/cancel", data={"csrf_token": token}).status_code == 404


def test_a_clerk_does_not_take_the_commission(clerk, counter):
    assert clerk.get(PATH).status_code == 403
    assert clerk.post(f"{PATH}to-wallet").status_code in (400, 403)


def test_a_payout_of_another_agent_is_not_asked_for_by_a_smuggled_field(earned):
    rival = in_transaction(lambda: make.agent(name_en="Pacific Roam"))
    earned.post(f"{PATH}to-wallet", currency="CNY", amount="8", idempotency_key="k", agent_id=str(rival.id))

    assert [payout.agent_id for payout in payouts()] == [earned.agent.id]
