"""Many orders at once under one promotion: it is used exactly as often as it may be."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.ledger import chart
from portal.promotions import redeeming
from portal.promotions.models import PromotionCode, PromotionRedemption
from portal.renewals import offers, verification
from tests.beside import all_at_once
from tests.functions import allow_meeting, define, rewritten
from tests.promotions import promoting
from tests.renewals.conftest import Counter as SalesCounter
from tests.renewals.conftest import open_counter

pytestmark = pytest.mark.slow

MUCH_MONEY = 1_000_000


def shop(code: str = "") -> tuple[SalesCounter, str]:
    counter = open_counter(money_minor=MUCH_MONEY)
    in_transaction(lambda: chart.open_accounts([chart.ESCROW], "CNY"))  # as after the first renewal ever
    quote = offers.one(counter.card, counter.plan.code, now=clock.now(), code=code).signed
    db.session.remove()  # nothing of ours stays open beside the orders, or is read again by them
    return counter, quote


def endings(placed: list[object]) -> dict[str, int]:
    return dict(Counter(type(ending).__name__ for ending in placed))


def redemptions() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(PromotionRedemption)) or 0


def redeem_one_use_code_by_20(app: Flask) -> tuple[list[SalesCounter], dict[str, int]]:
    in_transaction(lambda: promoting.with_code("ONCE", max_uses=1))
    shops = [shop("ONCE") for _ in range(4)]
    turns = iter(range(20))

    def order() -> object:
        counter, quote = shops[next(turns) % 4]
        return counter.order(signed_quote=quote)

    return [counter for counter, _ in shops], endings(all_at_once(app, order, times=20))


def test_a_one_use_code_redeemed_by_20_at_once_is_used_once(own_app: Flask) -> None:
    counters, placed = redeem_one_use_code_by_20(own_app)

    assert placed == {"Placed": 1, "PromotionUsedUp": 19}
    assert redemptions() == 1
    assert sum(MUCH_MONEY - counter.wallet_minor() for counter in counters) == 9_450
    assert counters[0].renewals() == 1


def test_without_the_check_all_20_redeem_it(own_app: Flask) -> None:
    define("ALTER TABLE promotion_codes DROP CONSTRAINT ck_promotion_codes_within_limit")

    _, placed = redeem_one_use_code_by_20(own_app)

    assert placed == {"Placed": 20}
    assert redemptions() == 20


def use_up(app: Flask, *, total_limit: int = 5, times: int = 12) -> dict[str, int]:
    in_transaction(lambda: promoting.campaign(total_limit=total_limit))
    shops = [shop() for _ in range(6)]
    turns = count()

    def order() -> object:
        counter, quote = shops[next(turns) % len(shops)]
        return counter.order(signed_quote=quote)

    return endings(all_at_once(app, order, times=times))


@pytest.mark.parametrize(("total_limit", "times"), [(5, 12), (7, 60), (40, 60)])
def test_a_campaign_is_used_as_often_as_it_may_be(own_app: Flask, total_limit: int, times: int) -> None:
    ended = use_up(own_app, total_limit=total_limit, times=times)

    assert ended == {"Placed": total_limit, "PromotionUsedUp": times - total_limit}
    assert redemptions() == total_limit
    assert verification.verify_everything() == []


def test_without_the_check_and_the_look_a_campaign_is_used_beyond_its_limit(own_app: Flask) -> None:
    define("ALTER TABLE promotion_counters DROP CONSTRAINT ck_promotion_counters_within_limit")
    define(rewritten("redeem_promotion", " AND used < most", ""))

    assert use_up(own_app) == {"Placed": 12}


def order_while_the_last_use_is_held(app: Flask) -> str:
    """Order while others hold the last two uses, of whom one then lets go of its own; tell how it ended."""
    in_transaction(lambda: promoting.campaign(total_limit=2))
    counter, quote = shop()
    with db.engine.connect() as one, db.engine.connect() as other, ThreadPoolExecutor(1) as pool:
        for holder, number in ((one, 1), (other, 2)):
            holder.execute(text(f"UPDATE promotion_counters SET used = used + 1 WHERE number = {number}"))
        ordered = pool.submit(all_at_once, app, lambda: counter.order(signed_quote=quote), times=1)
        while not (ordered.done() or waits_for_a_lock()):
            time.sleep(0.01)
        one.commit()
        other.rollback()
        return type(ordered.result()[0]).__name__


def waits_for_a_lock() -> bool:
    asked = text("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')")
    with db.engine.connect() as looking:
        return bool(looking.scalar(asked))


def test_the_last_use_is_found_when_who_held_it_lets_go(own_app: Flask) -> None:
    assert order_while_the_last_use_is_held(own_app) == "Placed"


def test_without_the_wait_it_is_refused_while_it_is_free(own_app: Flask) -> None:
    define(rewritten("redeem_promotion", "LIMIT 1 FOR NO KEY UPDATE;", "LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;"))

    assert order_while_the_last_use_is_held(own_app) == "PromotionUsedUp"


def test_who_comes_while_others_order_does_not_wait_for_them(own_app: Flask) -> None:
    in_transaction(lambda: promoting.campaign(total_limit=5))
    counter, quote = shop()
    with db.engine.connect() as holder:
        holder.execute(text("UPDATE promotion_counters SET used = used + 1 WHERE number < 5"))

        assert endings(all_at_once(own_app, lambda: counter.order(signed_quote=quote), times=1)) == {"Placed": 1}


def use_by_one_customer(app: Flask) -> dict[str, int]:
    in_transaction(lambda: promoting.campaign(per_customer_limit=2))
    counter, quote = shop()
    return endings(all_at_once(app, lambda: counter.order(signed_quote=quote), times=8))


def test_one_customer_uses_it_as_often_as_one_may(own_app: Flask) -> None:
    assert use_by_one_customer(own_app) == {"Placed": 2, "PromotionUsedByCustomer": 6}


def test_without_the_check_one_customer_uses_it_at_will(own_app: Flask) -> None:
    define("ALTER TABLE promotion_customers DROP CONSTRAINT ck_promotion_customers_within_limit")

    assert use_by_one_customer(own_app) == {"Placed": 8}


def buy_for_the_first_time_thrice(app: Flask) -> dict[str, int]:
    counter, _ = shop()
    quotes = []
    for bps in (1_000, 1_100, 1_200):  # each is better than those before, so each quote names another
        in_transaction(lambda rate=bps: promoting.campaign(is_first_time_only=True, bps=rate))
        quotes.append(counter.signed_quote())
        db.session.rollback()
    turns = iter(range(3))
    return endings(all_at_once(app, lambda: counter.order(signed_quote=quotes[next(turns)]), times=3))


LOCK = "PERFORM FROM customers WHERE id = person FOR NO KEY UPDATE;"
LOOKED = "    RETURN found_one.bearer;"


def test_promotions_for_new_customers_make_one_first_renewal(own_app: Flask) -> None:
    allow_meeting()
    define(rewritten("promotion_in_force", LOCK, f"PERFORM meet(3); {LOCK}"))

    assert buy_for_the_first_time_thrice(own_app) == {"Placed": 1, "QuoteChanged": 2}


def test_without_the_lock_a_customer_buys_for_the_first_time_thrice(own_app: Flask) -> None:
    allow_meeting()
    define(rewritten("promotion_in_force", LOCK, "").replace(LOOKED, f"    PERFORM meet(3);\n{LOOKED}"))

    assert buy_for_the_first_time_thrice(own_app) == {"Placed": 3}


def buy_for_the_first_time_from_three(app: Flask) -> dict[str, int]:
    """Have one person, whom three agents know by the same address, buy from all of them at once."""
    in_transaction(lambda: promoting.campaign(is_first_time_only=True))
    shops = [open_counter(money_minor=MUCH_MONEY) for _ in range(3)]
    in_transaction(lambda: chart.open_accounts([chart.ESCROW], "CNY"))
    for one in shops:
        in_transaction(lambda customer=one.customer: setattr(db.session.merge(customer), "email", "carol@home.example"))
    quotes = [(one, one.signed_quote()) for one in shops]
    db.session.rollback()
    turns = iter(quotes)

    def order() -> object:
        counter, quote = next(turns)
        return counter.order(signed_quote=quote)

    return endings(all_at_once(app, order, times=3))


def test_a_person_buys_for_the_first_time_from_one_of_three_agents(own_app: Flask) -> None:
    allow_meeting()
    define(rewritten("promotion_in_force", LOCK, f"PERFORM meet(3); {LOCK}"))

    assert buy_for_the_first_time_from_three(own_app) == {"Placed": 1, "QuoteChanged": 2}


def test_counted_by_customer_a_person_uses_it_at_each_of_three_agents(own_app: Flask) -> None:
    define(rewritten("redeem_promotion", "person_id INTO STRICT person", "id INTO STRICT person"))
    define(rewritten("promotion_in_force", "found_one.is_first_time_only", "false"))

    assert buy_for_the_first_time_from_three(own_app) == {"Placed": 3}


def give_one_of_three_back(app: Flask, *, times: int) -> tuple[list[bool], int]:
    """Ask so often at once; tell who gave it back, and how often the code counts as used then."""
    in_transaction(lambda: promoting.with_code("FIVE", max_uses=5))
    counter, quote = shop("FIVE")
    placed = [counter.order(signed_quote=quote) for _ in range(3)]

    given = all_at_once(app, lambda: in_transaction(lambda: redeeming.give_back(placed[0].id)), times=times)

    db.session.rollback()
    return sorted(given), db.session.scalars(select(PromotionCode)).one().used


def test_is_given_back_once_however_many_ask(own_app: Flask) -> None:
    assert give_one_of_three_back(own_app, times=8) == ([False] * 7 + [True], 2)


def test_without_its_mark_it_is_given_back_twice(own_app: Flask) -> None:
    define(rewritten("give_back_promotion", " AND given_back_at IS NULL", ""))

    assert give_one_of_three_back(own_app, times=2) == ([True, True], 1)
