"""Promotions at the counter: banners on plans, and the code that a customer brings."""

from portal.core.db import db, in_transaction
from portal.promotions.models import PromotionBearer
from portal.renewals.models import Renewal
from tests import browsing
from tests.promotions import promoting


def renew(counter) -> str:
    return f"/agent/cards/{counter.card.id}/renew"


def chosen(counter, code: str = "") -> str:
    return f"{renew(counter)}?plan={counter.plan.code}&code={code}"


def test_a_campaign_stands_on_its_plans_and_in_the_price(counter):
    in_transaction(promoting.campaign)

    words = counter.words(chosen(counter))

    assert "10 % off in November" in words
    assert "Discount 10 % off in November CNY −10.00" in words
    assert "Pay CNY 94.50 from wallet" in words


def test_a_code_lowers_the_price_however_it_is_typed(counter):
    in_transaction(promoting.with_code)

    assert "Pay CNY 105.00 from wallet" in counter.words(chosen(counter))
    words = counter.words(chosen(counter, "spring-10"))
    assert "Discount code SPRING10 CNY −10.00" in words
    assert "Pay CNY 94.50 from wallet" in words


def test_the_code_is_paid_with(counter):
    promotion = in_transaction(promoting.with_code)
    page = counter.get(chosen(counter, "SPRING10")).text
    form = {name: browsing.field_value(page, name) for name in ("plan", "quote", "idempotency_key", "code")}

    answer = counter.post(renew(counter), **form)

    assert answer.location.startswith("/agent/renewals/")
    renewal = db.session.query(Renewal).one()
    assert (renewal.promotion_id, renewal.promotion_code, renewal.total_minor) == (promotion.id, "SPRING10", 9_450)


def test_a_wrong_code_is_told_and_changes_nothing(counter):
    words = counter.words(chosen(counter, "NOPE"))

    assert "No such code. Check it letter by letter." in words
    assert "Pay CNY 105.00 from wallet" in words


def test_says_why_a_code_does_nothing_here(counter):
    in_transaction(lambda: promoting.with_code("KOREA", regions=["KR"]))
    in_transaction(lambda: promoting.with_code("DEAR", least_price_minor=20_000))

    assert "This code is not for this plan." in counter.words(chosen(counter, "KOREA"))
    assert "This plan costs too little for this code." in counter.words(chosen(counter, "DEAR"))


def test_a_code_is_kept_while_regions_are_looked_through(counter):
    in_transaction(promoting.with_code)

    assert "code=SPRING10&amp;region=JP" in counter.get(f"{renew(counter)}?code=SPRING10").text


def test_the_agent_sees_what_is_left_of_its_earnings(counter):
    in_transaction(lambda: promoting.campaign(bps=300, bearer=PromotionBearer.AGENT, agent_ids=[counter.agent.id]))

    # 3.00 off: the fee is 4.85, the share 2.91, less the 3.00 that the agent bears.
    assert "you earn CNY 4.76 (CNY 3.00 discount at your cost)" in counter.words(chosen(counter))

    renewal_id = counter.place()
    words = counter.words(f"/agent/renewals/{renewal_id}")
    assert "You earn CNY 4.76 once it is delivered. (CNY 3.00 discount at your cost)" in words


def test_a_discount_of_the_operators_is_not_called_the_agents(counter):
    in_transaction(lambda: promoting.campaign(bps=300))

    assert "at your cost" not in counter.words(chosen(counter))


def test_a_code_cannot_smuggle_markup(counter):
    page = counter.get(f"{renew(counter)}?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text

    assert "<script>alert(1)" not in page
