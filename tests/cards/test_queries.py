from datetime import UTC, date, datetime, timedelta

import pytest

from portal.cards import concealing, queries
from portal.cards.models import CardState
from portal.cards.queries import CardFilter, Expiring
from portal.core import clock, pages
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.ids import new_id
from tests import make

EID = "89865707049996228303883685957408"
CODE = "LPA:1$rsp.truphone.com$QRF-BETTERROAMING-PMRDGIR2EARDEIT5"

# Ten in the morning of 23 November in Shanghai; its day ends at 16:00 UTC.
MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY_ENDS = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture
def morning(app):
    with clock.fixed(MORNING):
        yield


def test_another_agents_card_is_not_found(app):
    alice, bob = make.agent(), make.agent()
    card = make.card(make.customer(alice))

    assert queries.for_agent(alice.id, card.id) is card
    assert queries.by_id(card.id) is card
    for agent_id, card_id in ((bob.id, card.id), (alice.id, new_id())):
        with pytest.raises(NotFound):
            queries.for_agent(agent_id, card_id)
    with pytest.raises(NotFound):
        queries.by_id(new_id())


@pytest.mark.parametrize(
    "text",
    [
        "89852000263318806140",
        "8985 2000 2633 1880 6140",
        "6140",
        "6140F",
        "喆",
        "zhe@",
        "13800138001",
        "出差",
        EID,
        "8986 5707 0499 9622 8303 8836 8595 7408",
        CODE,
        CODE.removeprefix("LPA:"),
    ],
)
def test_finds_a_card_by_what_people_know_of_it(app, text):
    alice = make.agent()
    zhe = make.customer(alice, name="张喆", email="zhe@customers.example")
    zhe.phone = "+8613800138001"
    card = make.card(zhe, iccid="89852000263318806140")
    card.label = "出差"
    card.eid_hash = concealing.conceal(EID).hash
    card.activation_code_hash = concealing.conceal(CODE).hash
    db.session.flush()
    make.card(make.customer(alice, name="Carol"), iccid="8997212330099025334")

    assert list(queries.matching(alice.id, CardFilter(text=text)).rows) == [card]
    assert list(queries.matching(make.agent().id, CardFilter(text=text)).rows) == []


@pytest.mark.parametrize("text", ["%", "_", "\x00", EID[:-1], "BETTERROAMING", "' OR 1=1 --"])
def test_finds_nothing_by_patterns_or_parts_of_secrets(app, text):
    alice = make.agent()
    card = make.card(make.customer(alice, name="Carol"), iccid="8997212330099025334")
    card.eid_hash = concealing.conceal(EID).hash
    card.activation_code_hash = concealing.conceal(CODE).hash
    db.session.flush()

    assert list(queries.matching(alice.id, CardFilter(text=text)).rows) == ([card] if text == "\x00" else [])


def test_shows_removed_cards_only_when_asked(app):
    alice = make.agent()
    carol = make.customer(alice)
    by_state = {state: make.card(carol, state=state) for state in CardState}

    assert set(queries.matching(alice.id, CardFilter()).rows) == {
        by_state[CardState.ACTIVE],
        by_state[CardState.SUSPENDED],
    }
    for state, card in by_state.items():
        assert list(queries.matching(alice.id, CardFilter(state=state)).rows) == [card]
    assert len(queries.of_customer(carol.id)) == 2


def test_counts_days_until_expiry_in_the_zone_of_the_portal(morning):
    alice = make.agent()
    carol = make.customer(alice)
    make.card(carol, valid_until=MORNING)  # expired
    today = make.card(carol, valid_until=DAY_ENDS - timedelta(seconds=1))
    tomorrow = make.card(carol, valid_until=DAY_ENDS)
    make.card(carol, valid_until=None)
    make.card(carol, valid_until=DAY_ENDS, state=CardState.REMOVED)

    def within(days: int) -> list:
        return list(queries.matching(alice.id, CardFilter(expires_within_days=days)).rows)

    assert within(0) == [today]
    assert within(1) == [today, tomorrow]
    assert within(10**9) == [today, tomorrow]
    assert within(-5) == [today]


def test_pages_through_expiring_cards_the_soonest_first(morning, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    alice = make.agent()
    carol = make.customer(alice)
    wanted = CardFilter(expires_within_days=30)
    # Two of them at the very same instant: the id decides.
    hours = [5, 1, 3, 3, 8]
    made = [make.card(carol, valid_until=DAY_ENDS + timedelta(hours=hour, microseconds=7)) for hour in hours]
    a, b, c, d, e = sorted(made, key=lambda card: (card.valid_until, card.id))

    first = queries.matching(alice.id, wanted)
    second = queries.matching(alice.id, wanted, older=first.older)
    third = queries.matching(alice.id, wanted, older=second.older)
    back = queries.matching(alice.id, wanted, newer=third.newer)

    assert [list(page.rows) for page in (first, second, third, back)] == [[a, b], [c, d], [e], [c, d]]
    assert first.newer is None
    assert third.older is None


@pytest.mark.parametrize("key", ["x", "20261123T020000000000", "20261399T999999.x", "../..", "\x00"])
def test_a_key_that_is_none_of_ours_gives_the_first_page(morning, key):
    alice = make.agent()
    card = make.card(make.customer(alice), valid_until=DAY_ENDS)

    for wanted in (CardFilter(), CardFilter(expires_within_days=7)):
        for way in ({"older": key}, {"newer": key}):
            page = queries.matching(alice.id, wanted, **way)
            assert list(page.rows) == [card]
            assert (page.newer, page.older) == (None, None)


def test_pages_the_newest_first_without_a_filter_on_expiry(app, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    alice = make.agent()
    carol = make.customer(alice)
    c, b, a = sorted((make.card(carol) for _ in range(3)), key=lambda card: card.id)

    first = queries.matching(alice.id, CardFilter())
    second = queries.matching(alice.id, CardFilter(), older=first.older)

    assert [list(page.rows) for page in (first, second)] == [[a, b], [c]]


def test_counts_cards_that_expire_soon(morning):
    alice = make.agent()
    carol = make.customer(alice)
    for days in (0, 3, 4, 7, 8, 14, 15):
        make.card(carol, valid_until=MORNING + timedelta(days=days, hours=1))
    make.card(make.customer(make.agent()), valid_until=MORNING + timedelta(hours=1))

    assert queries.expiring(alice.id) == Expiring(within_3_days=2, within_7_days=4, within_14_days=6)


def test_counts_cards_by_the_day_they_expire(morning):
    alice = make.agent()
    carol = make.customer(alice)
    for at in (DAY_ENDS - timedelta(hours=1), DAY_ENDS, DAY_ENDS + timedelta(hours=1)):
        make.card(carol, valid_until=at)

    assert queries.expiring_by_day(alice.id, days=2) == [
        (date(2026, 11, 23), 1),
        (date(2026, 11, 24), 2),
        (date(2026, 11, 25), 0),
    ]


def test_lists_what_runs_out(morning):
    alice = make.agent()
    carol = make.customer(alice)
    soon = make.card(carol, valid_until=MORNING + timedelta(days=2), data_left_mb=9000)
    nearly_used_up = make.card(carol, valid_until=MORNING + timedelta(days=60), data_left_mb=1024)
    make.card(carol, valid_until=MORNING + timedelta(days=60), data_left_mb=1025)
    make.card(carol, valid_until=MORNING - timedelta(days=1), data_left_mb=9000)
    make.card(carol, valid_until=MORNING + timedelta(days=1), state=CardState.SUSPENDED)

    assert list(queries.running_out(alice.id)) == [soon, nearly_used_up]
    assert list(queries.running_out(alice.id, limit=1)) == [soon]


def test_lists_one_persons_cards_at_every_agent(app):
    at_alice = make.customer(make.agent(), email="carol@customers.example")
    at_bob = make.customer(make.agent(), email="carol@customers.example")
    later = make.card(at_alice, valid_until=MORNING + timedelta(days=2))
    sooner = make.card(at_bob, valid_until=MORNING + timedelta(days=1))
    unknown = make.card(at_bob, valid_until=None)
    make.card(at_bob, state=CardState.REMOVED)

    assert list(queries.for_customers([at_alice.id, at_bob.id])) == [sooner, later, unknown]
    assert list(queries.for_customers([])) == []
