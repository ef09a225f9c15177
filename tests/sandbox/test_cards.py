from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal.sandbox import cards, plans
from portal.sandbox.cards import Card
from portal.sandbox.plans import Plan

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = Plan("JP-5G-30D", 5120, 30)
UNLIMITED = Plan("JP-UNL-7D", None, 7)


def make_card(*, left: int | None = 1000, total: int | None = 3072, days: int = 10, suspended: bool = False) -> Card:
    return Card("8997212330099025334", "JP-3G-15D", total, left, NOW + timedelta(days=days), suspended, NOW)


def test_adopts_a_card_in_the_same_state_each_time() -> None:
    sold = plans.read(plans.DEMO_CATALOGUE)["sandbox-east"]

    first = cards.adopt("sandbox-east", "8997212330099025334", plans=sold, now=NOW)

    assert first == cards.adopt("sandbox-east", "8997212330099025334", plans=sold, now=NOW)
    assert first != cards.adopt("sandbox-east", "8943108170000828413", plans=sold, now=NOW)


def test_adopts_cards_that_can_all_be_renewed_and_of_which_some_have_lapsed() -> None:
    sold = plans.read(plans.DEMO_CATALOGUE)["sandbox-west"]
    adopted = [cards.adopt("sandbox-west", str(8_900_000 + number), plans=sold, now=NOW) for number in range(500)]

    assert all(cards.refusal(card, PLAN, now=NOW) is None for card in adopted)
    assert 20 < sum(card.valid_until < NOW for card in adopted) < 100
    assert all(card.data_left_mb is None or 0 < card.data_left_mb < card.data_total_mb for card in adopted)


def test_adds_days_and_data_to_a_card_that_still_runs() -> None:
    renewed = cards.renew(make_card(), PLAN, now=NOW)

    assert renewed.valid_until == NOW + timedelta(days=40)
    assert (renewed.data_total_mb, renewed.data_left_mb) == (8192, 6120)


def test_begins_anew_with_a_card_that_has_lapsed() -> None:
    renewed = cards.renew(make_card(days=-3), PLAN, now=NOW)

    assert renewed.valid_until == NOW + timedelta(days=30)
    assert (renewed.data_total_mb, renewed.data_left_mb) == (5120, 5120)


def test_makes_a_card_unlimited_and_limited_again() -> None:
    unlimited = cards.renew(make_card(), UNLIMITED, now=NOW)
    limited = cards.renew(unlimited, PLAN, now=NOW)

    assert (unlimited.data_total_mb, unlimited.data_left_mb) == (None, None)
    assert (limited.data_total_mb, limited.data_left_mb) == (5120, 5120)


def test_refuses_what_a_carrier_refuses() -> None:
    assert cards.refusal(make_card(), None, now=NOW) == "plan_not_found"
    assert cards.refusal(make_card(suspended=True), PLAN, now=NOW) == "card_suspended"
    assert cards.refusal(make_card(days=-91), PLAN, now=NOW) == "card_expired_too_long"
    assert cards.refusal(make_card(days=-90), PLAN, now=NOW) is None


def test_uses_data_up_slowly_and_not_beyond_the_validity() -> None:
    card = make_card(left=3000, total=3000, days=10)

    assert cards.used(card, now=NOW + timedelta(days=1)).data_left_mb == 2900
    assert cards.used(card, now=NOW + timedelta(days=50)).data_left_mb == 2000
    assert cards.used(make_card(left=5), now=NOW + timedelta(days=5)).data_left_mb == 0
    assert cards.used(make_card(left=None, total=None), now=NOW + timedelta(days=5)).data_left_mb is None


def test_a_plan_stays_sold_once_more_than_a_tenth_of_its_data_is_used():
    before = {"data_left_mb": 1_000, "valid_until": "2026-11-23T00:00:00+00:00"}
    after = {"data_left_mb": 11_240, "valid_until": "2026-12-23T00:00:00+00:00"}
    renewed = Card("8901", "JP-10G-30D", 20_480, 11_240, datetime(2026, 12, 23, tzinfo=UTC), False, NOW)

    assert cards.stays_sold(renewed, before, after) is None
    assert cards.stays_sold(replace(renewed, data_left_mb=10_216), before, after) is None
    assert cards.stays_sold(replace(renewed, data_left_mb=10_215), before, after) == "plan_used"
    later = replace(renewed, valid_until=datetime(2027, 1, 22, tzinfo=UTC))
    assert cards.stays_sold(later, before, after) == "renewed_since"
