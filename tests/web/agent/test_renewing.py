import re

import pytest
from flask import Flask
from sqlalchemy import select

from portal.agents.models import AgentStatus
from portal.cards.models import CardState
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.renewals.models import Renewal
from portal.renewals.pricing import QUOTE_LIFETIME
from tests import browsing, make
from tests.web.agent.conftest import NOW, Counter


def address(counter: Counter) -> str:
    return f"/agent/cards/{counter.card.id}/renew"


def quoted(counter: Counter, plan: str = "JP-10G-30D") -> dict[str, str]:
    """Choose a plan, and give what the pay button would send."""
    page = counter.get(f"{address(counter)}?plan={plan}").text
    return {name: browsing.field_value(page, name) for name in ("plan", "quote", "idempotency_key")}


def pay(counter: Counter, form: dict[str, str]):
    return counter.post(address(counter), **form)


def test_shows_the_plans_and_no_price_before_one_is_chosen(counter):
    words = counter.words(address(counter))

    assert "10 GB · 30 days" in words
    assert "CNY 100.00" in words
    assert "Choose a plan" in words
    assert "Pay CNY" not in words


def test_shows_the_quote_line_by_line_with_the_exact_sum_on_the_button(counter):
    words = counter.words(f"{address(counter)}?plan=JP-10G-30D")

    assert "Japan 10 GB / 30 days CNY 100.00" in words
    assert "Commission fee 5% of 100.00 CNY 5.00" in words
    assert "Total CNY 105.00" in words
    assert "Includes 5.66 tax (6%)." in words
    assert "Price held until 14:33." in words
    assert "Pay CNY 105.00 from wallet" in words
    assert "Wallet after: CNY 895.00" in words
    assert "you earn CNY 8.00" in words


def test_gives_htmx_the_quote_alone(counter):
    answer = counter.get_piece(f"{address(counter)}?plan=JP-10G-30D", target="quote")

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Pay CNY\xa0105.00 from wallet" in answer.text


def test_starts_with_the_plan_that_the_card_is_on(counter):
    in_transaction(lambda: setattr(db.session.merge(counter.card), "plan_version_id", counter.plan.id))

    words = counter.words(address(counter))

    assert "same as now" in words
    assert "Pay CNY 105.00 from wallet" in words


def test_pays_once_and_leads_to_the_renewal(counter):
    answer = pay(counter, quoted(counter))

    renewal = db.session.scalars(select(Renewal)).one()
    assert (answer.status_code, answer.location) == (303, f"/agent/renewals/{renewal.id}")
    assert (renewal.total_minor, renewal.placed_by_name) == (10_500, "Alice")
    assert counter.wallet_minor() == 89_500


def test_the_same_form_sent_twice_makes_one_renewal(counter):
    form = quoted(counter)

    first, second = pay(counter, form), pay(counter, form)

    assert first.location == second.location
    assert counter.renewals() == 1
    assert counter.wallet_minor() == 89_500


def test_two_tabs_opened_before_paying_make_one_renewal(counter):
    first, second = quoted(counter), quoted(counter)

    assert pay(counter, first).location == pay(counter, second).location
    assert counter.renewals() == 1


def test_two_tabs_with_different_plans_make_one_renewal_and_ask_again(counter):
    in_transaction(lambda: make.plan(code="JP-5G-30D", price_minor=8_300, data_mb=5120))
    first, second = quoted(counter), quoted(counter, "JP-5G-30D")
    pay(counter, first)

    answer = pay(counter, second)

    assert answer.status_code == 409
    assert "used for another renewal" in answer.text
    assert counter.renewals() == 1


def test_a_page_opened_after_paying_makes_another_renewal(counter):
    pay(counter, quoted(counter))
    pay(counter, quoted(counter))

    assert counter.renewals() == 2


def test_works_without_javascript_by_posting_the_choice(counter):
    answer = counter.post(address(counter), plan="JP-10G-30D")

    assert answer.status_code == 200
    assert browsing.field_value(answer.text, "quote")
    assert counter.renewals() == 0


def test_a_price_that_changed_meanwhile_is_shown_again_and_nothing_is_paid(counter):
    form = quoted(counter)
    in_transaction(lambda: make.new_version(db.session.get_one(PlanVersion, counter.plan.id), price_minor=12_000))

    answer = pay(counter, form)

    words = browsing.words(answer.text)
    assert answer.status_code == 409
    assert "The price has changed since it was shown" in words
    assert "Nothing was paid." in words
    assert "Pay CNY 126.00 from wallet" in words
    assert (counter.renewals(), counter.wallet_minor()) == (0, 100_000)


def test_the_new_price_can_be_paid_at_once(counter):
    form = quoted(counter)
    in_transaction(lambda: make.new_version(db.session.get_one(PlanVersion, counter.plan.id), price_minor=12_000))
    page = pay(counter, form).text

    pay(counter, {name: browsing.field_value(page, name) for name in form})

    assert counter.wallet_minor() == 87_400


def test_an_expired_quote_is_shown_again(counter):
    form = quoted(counter)

    with clock.fixed(NOW + QUOTE_LIFETIME):
        answer = pay(counter, form)

    assert answer.status_code == 409
    assert "Pay CNY\xa0105.00 from wallet" in answer.text
    assert counter.renewals() == 0


@pytest.mark.parametrize("quote", ["x", "e30.x", "WyJhIl0.sig", "1" * 5000])
def test_a_quote_that_is_none_of_ours_pays_nothing(counter, quote):
    answer = pay(counter, quoted(counter) | {"quote": quote})

    assert answer.status_code == 409
    assert "Nothing was paid." in answer.text
    assert counter.renewals() == 0


@pytest.mark.parametrize("key", ["", " ", "x" * 65, "键", "a b"])
def test_a_form_without_a_proper_key_pays_nothing(counter, key):
    answer = pay(counter, quoted(counter) | {"idempotency_key": key})

    assert answer.status_code == 422
    assert "The form was not complete." in answer.text
    assert counter.renewals() == 0


def test_a_key_used_for_another_order_pays_nothing(counter):
    in_transaction(lambda: make.plan(code="JP-5G-30D", price_minor=8_300, data_mb=5120))
    form = quoted(counter)
    pay(counter, form)

    answer = pay(counter, quoted(counter, "JP-5G-30D") | {"idempotency_key": form["idempotency_key"]})

    assert answer.status_code == 409
    assert "used for another renewal" in answer.text
    assert counter.renewals() == 1


def test_a_quote_of_another_card_is_worthless_here(counter):
    other = in_transaction(lambda: make.card(counter.customer))
    form = quoted(counter)

    answer = counter.post(f"/agent/cards/{other.id}/renew", **form)

    assert answer.status_code == 409
    assert counter.renewals() == 0


def test_says_how_much_is_missing_and_how_to_top_up(counter):
    in_transaction(lambda: make.spend(counter.agent, 95_000))

    page = counter.get(f"{address(counter)}?plan=JP-10G-30D").text

    words = browsing.words(page)
    assert "CNY 55.00 is missing" in words
    assert "The wallet holds CNY 50.00" in words
    assert "#top-up" in page
    assert 'name="quote"' not in page


def test_pays_on_credit_up_to_the_limit(counter):
    in_transaction(lambda: make.spend(counter.agent, 95_000))
    in_transaction(lambda: make.credit_limit(counter.agent, 5_500))

    answer = pay(counter, quoted(counter))

    assert answer.status_code == 303
    assert counter.wallet_minor() == -5_500


def test_a_wallet_emptied_meanwhile_pays_nothing(counter):
    form = quoted(counter)
    in_transaction(lambda: make.spend(counter.agent, 95_000))

    answer = pay(counter, form)

    assert answer.status_code == 409
    assert "The wallet does not cover this renewal. Nothing was paid." in answer.text
    assert "CNY\xa055.00 is missing" in answer.text
    assert (counter.renewals(), counter.wallet_minor()) == (0, 5_000)


@pytest.mark.parametrize("state", [CardState.SUSPENDED, CardState.REMOVED])
def test_a_card_that_is_not_active_leads_back_to_its_page(counter, state):
    form = quoted(counter)
    in_transaction(lambda: setattr(db.session.merge(counter.card), "state", state))

    shown, paid = counter.get(address(counter)), pay(counter, form)

    assert (shown.status_code, shown.location) == (303, f"/agent/cards/{counter.card.id}")
    assert (paid.status_code, paid.location) == (303, f"/agent/cards/{counter.card.id}")
    assert counter.renewals() == 0


def test_an_agent_suspended_meanwhile_pays_nothing(counter):
    form = quoted(counter)
    in_transaction(lambda: setattr(db.session.merge(counter.agent), "status", AgentStatus.SUSPENDED))

    answer = pay(counter, form)

    assert answer.status_code == 403
    assert counter.renewals() == 0


@pytest.mark.parametrize("plan", ["NO-SUCH-PLAN", "KR-5G-30D", "WEST-1G"])
def test_a_plan_that_does_not_fit_is_not_offered(counter, plan):
    in_transaction(
        lambda: (make.plan(code="KR-5G-30D", currency="JPY"), make.plan(code="WEST-1G", carrier="sandbox-west"))
    )

    answer = counter.post(address(counter), plan=plan)

    assert answer.status_code == 422
    assert "Please choose one of the plans that fit this card." in answer.text


def test_amounts_in_the_form_mean_nothing(counter):
    pay(counter, quoted(counter) | {"total": "1", "total_minor": "1", "price": "0", "agent_id": "x", "fee_bps": "0"})

    assert counter.wallet_minor() == 89_500


def test_a_rival_cannot_pay_from_alices_wallet(counter, bob):
    form = quoted(counter)
    token = browsing.csrf_token(bob.get("/agent/").text)

    answer = bob.post(address(counter), data={"csrf_token": token, **form})

    assert answer.status_code == 404
    assert counter.renewals() == 0


def test_a_form_without_token_pays_nothing_and_offers_to_send_again(counter):
    answer = counter.browser.post(address(counter), data=quoted(counter))

    assert answer.status_code == 400
    assert counter.renewals() == 0


def test_groups_plans_by_region_and_term(counter):
    def more():
        long = make.plan(code="JP-50G-180D", data_mb=51_200, validity_days=180)
        long.term = "long"
        asia = make.plan(code="ASIA-5G", data_mb=5120)
        asia.regions = ["HK", "JP", "KR", "SG", "TH"]

    in_transaction(more)

    words = counter.words(f"{address(counter)}?region=JP")
    assert "Japan 5 regions" in words
    assert "Short term Long term" in words
    assert "50 GB · 180 days" not in words
    assert "50 GB · 180 days" in counter.words(f"{address(counter)}?region=JP&term=long")
    assert "5 GB · 30 days" in counter.words(f"{address(counter)}?region=HK.JP.KR.SG.TH")


@pytest.mark.parametrize("odd", ["region=XX", "term=never", "plan=%F0%9F%92%A9", "region=JP&term=long"])
def test_takes_odd_choices_for_none(counter, odd):
    assert "10 GB · 30 days" in counter.words(f"{address(counter)}?{odd}")


def test_the_button_is_in_chinese_for_chinese_readers(app: Flask, counter):
    counter.browser.set_cookie("language", "zh")

    page = counter.get(f"{address(counter)}?plan=JP-10G-30D").text

    assert "日本 10GB/30天" in page
    assert re.search(r"CNY\s105\.00", page)
