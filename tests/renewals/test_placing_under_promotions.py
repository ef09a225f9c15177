"""An agent places a renewal that a promotion makes cheaper: redeemed with the order, given back once when it fails."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, transaction
from portal.core.errors import InvalidInput
from portal.ledger.errors import NotCovered
from portal.promotions import beginning, redeeming
from portal.promotions.discounting import PromotionKind
from portal.promotions.errors import PromotionUsedByCustomer, PromotionUsedUp
from portal.promotions.models import (
    PromotionBearer,
    PromotionCode,
    PromotionCustomer,
    PromotionRedemption,
)
from portal.renewals import bookkeeping, fulfilment, offers
from portal.renewals.errors import QuoteChanged
from portal.renewals.models import Renewal
from portal.renewals.placing import Placed
from tests import make
from tests.promotions import promoting
from tests.renewals.conftest import Counter


def quote(counter: Counter, code: str = "") -> str:
    return offers.one(counter.card, counter.plan.code, now=clock.now(), code=code).signed


def order(counter: Counter, code: str = "", *, key: str | None = None) -> Placed:
    return counter.order(signed_quote=quote(counter, code), key=key)


def redemptions() -> list[PromotionRedemption]:
    return list(db.session.scalars(select(PromotionRedemption).order_by(PromotionRedemption.id)))


def test_pays_the_price_less_the_discount(counter: Counter) -> None:
    with transaction():
        promotion = promoting.campaign()

    placed = order(counter)

    renewal = db.session.get_one(Renewal, placed.id)
    assert (renewal.price_minor, renewal.discount_minor, renewal.base_minor) == (10_000, 1_000, 9_000)
    assert (renewal.tax_minor, renewal.fee_minor, renewal.share_minor, renewal.total_minor) == (509, 450, 270, 9_450)
    assert (renewal.promotion_id, renewal.promotion_code) == (promotion.id, None)
    assert renewal.promotion_bearer is PromotionBearer.OPERATOR
    assert counter.wallet_minor() == 100_000 - 9_450


def test_writes_who_redeemed_what(counter: Counter) -> None:
    with transaction():
        promotion = promoting.with_code("SPRING10", max_uses=5)

    placed = order(counter, "spring-10")

    (redemption,) = redemptions()
    assert (redemption.promotion_id, redemption.renewal_id) == (promotion.id, placed.id)
    assert (redemption.agent_id, redemption.customer_id) == (counter.agent.id, counter.customer.id)
    assert (redemption.discount_minor, redemption.currency, redemption.given_back_at) == (1_000, "CNY", None)
    code = db.session.get_one(PromotionCode, redemption.code_id, populate_existing=True)
    assert (code.code, code.used) == ("SPRING10", 1)
    assert db.session.get_one(Renewal, placed.id).promotion_code == "SPRING10"


def test_an_order_without_a_promotion_redeems_nothing(counter: Counter) -> None:
    with transaction():
        promoting.with_code()

    placed = order(counter)

    assert placed.total.minor == 10_500
    assert redemptions() == []


def test_the_same_form_sent_twice_redeems_once(counter: Counter) -> None:
    with transaction():
        promotion = promoting.campaign(total_limit=1)
    signed = quote(counter)

    first = counter.order(signed_quote=signed, key="form-1")
    again = counter.order(signed_quote=signed, key="form-1")

    assert again == first
    assert promoting.counted(promotion) == 1


def test_refuses_when_the_promotion_was_used_up_meanwhile(counter: Counter) -> None:
    with transaction():
        promotion = promoting.campaign(total_limit=1)
    shown = [quote(counter), quote(counter)]
    counter.order(signed_quote=shown[0])

    with pytest.raises(PromotionUsedUp):
        counter.order(signed_quote=shown[1])

    assert promoting.counted(promotion) == 1
    assert counter.wallet_minor() == 100_000 - 9_450
    assert counter.renewals() == 1


def test_refuses_a_code_that_was_used_meanwhile(counter: Counter) -> None:
    with transaction():
        promoting.with_code("ONCE", max_uses=1)
    shown = [quote(counter, "ONCE"), quote(counter, "ONCE")]
    counter.order(signed_quote=shown[0])

    with pytest.raises(PromotionUsedUp):
        counter.order(signed_quote=shown[1])

    assert counter.renewals() == 1


def test_a_used_up_promotion_is_not_shown(counter: Counter) -> None:
    with transaction():
        promoting.campaign(total_limit=1)
    order(counter)

    assert order(counter).total.minor == 10_500


def test_refuses_the_customer_who_used_it_as_often_as_one_may(counter: Counter) -> None:
    with transaction():
        promoting.campaign(per_customer_limit=2)
    shown = [quote(counter) for _ in range(3)]
    counter.order(signed_quote=shown[0])
    counter.order(signed_quote=shown[1])

    with pytest.raises(PromotionUsedByCustomer):
        counter.order(signed_quote=shown[2])

    assert order(counter).total.minor == 10_500


def test_gives_new_customers_their_discount_once(counter: Counter) -> None:
    with transaction():
        promoting.campaign(is_first_time_only=True)
        promoting.campaign(is_first_time_only=True, bps=900)
    first, second = quote(counter), quote(counter)

    counter.order(signed_quote=first)

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=second)
    assert refused.value.parts["quote"].total_minor == 10_500
    assert order(counter).total.minor == 10_500


@pytest.mark.parametrize("code", ["NOPE", "x", "'; DROP TABLE promotions; --", "優惠", "A" * 500])
def test_does_not_know_other_codes(counter: Counter, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        quote(counter, code)

    assert refused.value.parts == {"field": "code", "reason": "promotion_code_unknown"}


def test_refuses_once_the_promotion_was_ended_and_brings_the_full_price(counter: Counter) -> None:
    with transaction():
        promotion = promoting.campaign()
    shown = quote(counter)
    with transaction():
        beginning.end(promotion.id, actor=counter.actor)

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=shown)

    assert refused.value.parts["quote"].total_minor == 10_500
    assert redemptions() == []


def test_refuses_once_its_window_closed(counter: Counter) -> None:
    now = clock.now()
    with transaction():
        promoting.campaign(ends_at=now + timedelta(minutes=5))
    with clock.fixed(now):
        shown = quote(counter)

    with clock.fixed(now + timedelta(minutes=5)), pytest.raises(QuoteChanged):
        counter.order(signed_quote=shown)


def test_a_price_shown_before_a_campaign_began_still_holds(counter: Counter) -> None:
    shown = quote(counter)
    with transaction():
        promoting.campaign()

    assert counter.order(signed_quote=shown).total.minor == 10_500


def test_redeems_nothing_when_the_wallet_does_not_cover_it(counter: Counter) -> None:
    with transaction():
        promotion = promoting.campaign(total_limit=3)
        make.spend(counter.agent, 100_000 - 9_449)

    with pytest.raises(NotCovered):
        order(counter)

    assert promoting.counted(promotion) == 0
    assert redemptions() == []


def test_sells_the_bigger_plan_at_the_price_of_the_smaller(counter: Counter) -> None:
    with transaction():
        smaller = make.plan(price_minor=6_800, data_mb=5_120)
        promoting.campaign(
            kind=PromotionKind.BONUS_DATA,
            bps=0,
            plan_ids=[counter.plan.plan_id],
            priced_as_plan_id=smaller.plan_id,
        )
    shown = quote(counter)

    placed = counter.order(signed_quote=shown)

    renewal = db.session.get_one(Renewal, placed.id)
    assert (renewal.price_minor, renewal.discount_minor, renewal.base_minor) == (10_000, 3_200, 6_800)
    assert renewal.plan_version_id == counter.plan.id


def test_a_bonus_changes_when_the_smaller_plans_price_does(counter: Counter) -> None:
    with transaction():
        smaller = make.plan(price_minor=6_800, data_mb=5_120)
        promoting.campaign(
            kind=PromotionKind.BONUS_DATA,
            bps=0,
            plan_ids=[counter.plan.plan_id],
            priced_as_plan_id=smaller.plan_id,
        )
    shown = quote(counter)
    with transaction():
        make.new_version(smaller, price_minor=7_000)

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=shown)

    assert refused.value.parts["quote"].total_minor == 7_350


def test_is_given_back_once_when_the_carrier_refuses(counter: Counter) -> None:
    with transaction():
        promotion = promoting.with_code("ONCE", max_uses=1, total_limit=1, per_customer_limit=1)
    placed = order(counter, "ONCE")

    with transaction():
        assert redeeming.give_back(placed.id)
    with transaction():
        assert not redeeming.give_back(placed.id)

    assert promoting.counted(promotion) == 0
    (code,) = db.session.scalars(select(PromotionCode).execution_options(populate_existing=True))
    (customer,) = db.session.scalars(select(PromotionCustomer).execution_options(populate_existing=True))
    assert (code.used, customer.used) == (0, 0)
    assert order(counter, "ONCE").total.minor == 9_450


def test_there_is_nothing_to_give_back_without_one(counter: Counter) -> None:
    placed = order(counter)

    with transaction():
        assert not redeeming.give_back(placed.id)


def test_the_agent_bears_what_it_offers(counter: Counter) -> None:
    with transaction():
        promoting.campaign(bearer=PromotionBearer.AGENT, agent_ids=[counter.agent.id])
    placed = order(counter)

    renewal = db.session.get_one(Renewal, placed.id)
    lines = {
        (line.debit.kind, line.credit.kind): line.amount_minor
        for line in bookkeeping.deliver(fulfilment.account_of(renewal)).lines
    }

    assert lines[("commission_earned", "revenue")] == 1_000
    assert ("promotions", "revenue") not in lines
    assert lines[("escrow", "commission_earned")] == 450
    assert lines[("commission_expense", "commission_earned")] == 270
