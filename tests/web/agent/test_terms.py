"""An agent reads the terms that it sells under, and nobody else's."""

import pytest

from portal.agents import rules, terms
from portal.agents.commission import Conditions, Rule, SaleKind, Terms, Tier
from portal.core.db import in_transaction
from tests import browsing, make


@pytest.fixture
def revised(counter):
    """Terms of alice's own: bounds, one rule, one tier."""
    of = {"agent_id": counter.agent.id, "currency": "CNY", "actor": make.actor()}
    wanted = Terms(
        fee_bps=500, fee_fixed_minor=100, fee_min_minor=1_000, fee_max_minor=5_000, share_bps=300, hold_days=30
    )
    rule = Rule(Conditions(region="JP", sale=SaleKind.FIRST), share_bps=1_000)
    in_transaction(lambda: terms.change(terms=wanted, **of))
    in_transaction(lambda: rules.add(rule=rule, **of))
    in_transaction(lambda: rules.add_tier(tier=Tier(500_000, 50), **of))
    return counter


def test_shows_rates_bounds_hold_rules_and_tiers(revised):
    words = revised.words("/agent/terms")

    assert "your own terms, version 4" in words
    assert "Commission fee 5% + CNY 1.00" in words
    assert "Lowest fee CNY 10.00" in words
    assert "Highest fee CNY 50.00" in words
    assert "Commission 3%" in words
    assert "Payable after 30 days" in words
    assert "Japan · first sale – 10%" in words
    assert "CNY 5,000.00 +0.5%" in words


def test_earnings_and_the_wallet_lead_there(counter):
    assert "/agent/terms" in counter.get("/agent/earnings").text
    assert 'href="/agent/terms?currency=CNY"' in counter.get("/agent/wallet").text


def test_another_agent_reads_its_own(revised, bob):
    words = browsing.words(bob.get("/agent/terms").text)

    assert "Japan · first sale" not in words
    assert "CNY 5,000.00" not in words


def test_says_so_where_nothing_is_changed_by_rules_or_tiers(counter):
    words = counter.words("/agent/terms?currency=CNY")

    assert "The rates of the terms hold for every sale." in words
    assert "Your commission is the same at every volume." in words


def test_a_currency_without_terms_is_not_found(counter):
    assert counter.get("/agent/terms?currency=XXX").status_code == 404


def test_a_clerk_may_look(clerk):
    assert clerk.get("/agent/terms").status_code == 200
