import html
import re
from datetime import timedelta

import pytest

from portal.cards.models import CardState
from portal.core.db import in_transaction
from tests import browsing, make
from tests.web.agent.conftest import NOW


@pytest.fixture
def family(counter):
    """Two more cards: one of another customer that lasts a month, one suspended."""

    def made():
        lasting = make.card(
            make.customer(counter.agent, name="王芳婳"),
            iccid="8943108170000828413",
            valid_until=NOW + timedelta(days=30),
        )
        suspended = make.card(counter.customer, iccid="8997212330099025334", state=CardState.SUSPENDED)
        suspended.label = "Tokyo trip"
        return lasting, suspended

    return in_transaction(made)


def test_lists_the_agents_cards(counter, family):
    words = counter.words("/agent/cards/")

    assert "8985 2000 2633 1880 6140" in words
    assert "王芳婳" in words
    assert "suspended" in words


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("q=王芳婳", "8943 1081", "8985 2000"),
        ("q=8985 2000", "8985 2000", "8943 1081"),
        ("q=tokyo", "8997 2123", "8985 2000"),
        ("state=suspended", "8997 2123", "8985 2000"),
        ("expires=3", "8985 2000", "8943 1081"),
    ],
)
def test_finds_cards_by_text_state_and_days_left(counter, family, query, shown, hidden):
    words = counter.words(f"/agent/cards/?{query}")

    assert shown in words
    assert hidden not in words


def test_keeps_the_filter_in_its_fields(counter):
    page = counter.get("/agent/cards/?q=carol&expires=5&state=active").text

    assert 'value="carol"' in page
    assert '<option value="5" selected>' in page


def test_says_when_nothing_matches(counter):
    assert "No card matches" in counter.words("/agent/cards/?q=nobody")


def test_offers_the_first_step_when_there_is_no_card(bob):
    page = browsing.words(bob.get("/agent/cards/").text)

    assert "No card registered yet" in page
    assert "Register the first one" in page


@pytest.mark.parametrize(
    "odd",
    ["expires=-1", "expires=abc", "expires=٣", "expires=99999999999", "state=lost", "older=x", "newer=x", "q=%25"],
)
def test_takes_odd_filters_for_none(counter, odd):
    assert counter.get(f"/agent/cards/?{odd}").status_code == 200


def test_pages_by_keyset(counter):
    in_transaction(lambda: [make.card(counter.customer) for _ in range(60)])

    first = counter.get("/agent/cards/")
    older = html.unescape(re.search(r'rel="next"\s+href="([^"]+)"', first.text)[1])

    assert first.text.count('/renew"') == 50
    assert counter.get(older).text.count('/renew"') == 11


def test_shows_html_in_a_name_as_text(counter):
    in_transaction(lambda: make.card(make.customer(counter.agent, name="<script>alert(1)</script>")))

    assert "<script>alert(1)" not in counter.get("/agent/cards/").text


def test_hides_a_rivals_cards(counter, bob):
    assert "8985 2000" not in browsing.words(bob.get("/agent/cards/?q=8985").text)


def test_offers_to_reset_the_filter_only_where_there_is_one(counter):
    assert 'href="/agent/cards/">Reset' not in counter.get("/agent/cards/?q=&state=").text
    assert 'href="/agent/cards/">Reset' in counter.get("/agent/cards/?q=carol").text
