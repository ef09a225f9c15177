"""`flask ledger verify` finds a count of a promotion, or a use, that is not true."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import db, transaction
from portal.promotions import redeeming
from portal.renewals import offers, verification
from tests.promotions import promoting
from tests.renewals.conftest import Counter, open_counter


@pytest.fixture
def counter(session: Session) -> Counter:
    opened = open_counter()
    with transaction():
        promoting.with_code("SPRING10", max_uses=3, total_limit=3, per_customer_limit=3)
    for _ in range(2):
        opened.order(signed_quote=offers.one(opened.card, opened.plan.code, now=clock.now(), code="SPRING10").signed)
    return opened


def whats() -> list[tuple[str, str]]:
    return [(finding.rule, finding.what) for finding in verification.verify_everything()]


def altering(sql: str) -> Callable[[], object]:
    return lambda: db.session.execute(text(sql))


def test_finds_nothing_where_all_is_true(counter: Counter) -> None:
    assert whats() == []


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE promotion_counters SET used = 0 WHERE number = 1", "counted 0 uses of 1"),
        ("UPDATE promotion_counters SET most = 2 WHERE number = 1", "counters allow 4 uses of 3"),
        ("UPDATE promotion_codes SET used = 3", "counted 3 uses of 2"),
        ("UPDATE promotion_customers SET used = 0", "counted 0 uses of 2"),
    ],
)
def test_finds_a_count_that_is_not_true(counter: Counter, sql: str, what: str) -> None:
    with transaction():
        altering(sql)()

    assert whats() == [("promotions", what)]


def test_finds_a_use_that_no_counter_counted(counter: Counter) -> None:
    with transaction():
        altering("UPDATE promotion_redemptions SET counter = NULL WHERE counter = 1")()

    assert sorted(whats()) == [("promotions", "counted 0 uses of 1"), ("promotions", "counted 1 uses of 0")]


def test_finds_an_order_that_redeemed_nothing(counter: Counter) -> None:
    with transaction():
        altering("UPDATE promotion_redemptions SET discount_minor = 900")()

    assert whats() == [("promotions", "a redemption that is not what the renewal says, paid")] * 2


def test_finds_a_use_given_back_while_its_order_stands(counter: Counter) -> None:
    with transaction():
        renewal_id = db.session.execute(text("SELECT renewal_id FROM promotion_redemptions LIMIT 1")).scalar_one()
        redeeming.give_back(renewal_id)

    assert whats() == [("promotions", "a redemption that is not what the renewal says, paid")]
