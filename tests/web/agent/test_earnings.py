"""What alice earned, line by line with the reasons; and what bob, above her, earned on her sales."""

import html
import re
from datetime import timedelta

import pytest

from portal.accounts.models import Role
from portal.agents import parents, rules, terms
from portal.agents.commission import Conditions, Rule, SaleKind, Terms, Tier
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.ledger import journal
from portal.payments.providers.base import DisputeState
from portal.promotions.models import PromotionBearer
from portal.renewals import bookkeeping, fulfilment
from portal.renewals.models import Renewal
from portal.web.agent import earnings
from tests import browsing, make, renewed
from tests.disputed import disputed
from tests.promotions import promoting
from tests.web.agent.conftest import NOW, signed_in

PROMOTED = NOW - timedelta(days=1)


@pytest.fixture
def sold(counter):
    """A counter whose plan the stand-in carrier delivers."""
    counter.plan = in_transaction(lambda: make.plan(code=renewed.PLAN_CODE, price_minor=9_050))
    return counter


def renew(counter) -> Renewal:
    renewal = renewed.renew(counter.card, counter.plan)
    db.session.refresh(renewal)
    return renewal


def test_nothing_is_earned_yet(counter):
    assert "Nothing earned yet" in counter.words("/agent/earnings")


def test_every_line_says_why_by_the_terms_alone(sold):
    renewal = renew(sold)

    words = sold.words("/agent/earnings")

    fee = "5% of CNY 90.50 is CNY 4.53, rounded half up: by your terms, version 1."
    share = "3% of CNY 90.50 is CNY 2.72, rounded half up: by your terms, version 1."
    assert f"Commission fee {renewal.reference} {fee}" in words
    assert f"Commission from the operator {renewal.reference} {share}" in words
    assert "14 days after the delivery." in words
    assert "CNY 7.25 Below zero it is set off" in words
    assert "Commission this month CNY 7.25 from sales of CNY 95.03" in words
    assert "Commission this month CNY 7.25 from sales of CNY 95.03" in sold.words("/agent/")


def test_a_rule_and_a_tier_are_named(sold):
    rule = Rule(Conditions(region="JP", sale=SaleKind.FIRST), share_bps=1_000)
    of = {"agent_id": sold.agent.id, "currency": "CNY", "actor": make.actor()}
    wanted = Terms(fee_bps=500, fee_fixed_minor=100, fee_min_minor=1_000, share_bps=300, hold_days=30)
    in_transaction(lambda: terms.change(terms=wanted, **of))
    in_transaction(lambda: rules.add(rule=rule, **of))
    renew(sold)
    in_transaction(lambda: rules.add_tier(tier=Tier(9_000, 150), **of))
    in_transaction(lambda: rules.add_tier(tier=Tier(20_000, 300), **of))
    with clock.fixed(NOW + timedelta(minutes=1)):
        renew(sold)

    with clock.fixed(NOW + timedelta(minutes=2)):
        words = sold.words("/agent/earnings")

    assert "10% of CNY 90.50 is CNY 9.05: by the rule for Japan · first sale." in words
    assert "CNY 1.00 is added. Raised to the lowest fee, CNY 10.00." in words
    assert (
        "4.5% of CNY 90.50 is CNY 4.07, rounded half up: 3% by your terms, version 5,"
        " +1.5% because CNY 90.50 were delivered in November (the tier from CNY 90.00 on)."
    ) in words
    assert "30 days after the delivery." in words
    assert "CNY 181.00 Price less discounts" in words
    assert "+1.5% CNY 19.00 more for +3%" in words


def test_the_one_above_sees_the_sale_and_not_the_customer(app, sold):
    above = in_transaction(lambda: make.agent(name_en="Pacific Roam"))
    bob = in_transaction(lambda: make.user(role=Role.AGENT_OWNER, of=above, name="Bob"))
    in_transaction(lambda: parents.set_parent(sold.agent, parent=above, override_bps=50, actor=make.actor()))
    renewal = renew(sold)

    page = signed_in(app, bob).get("/agent/earnings").text

    words = browsing.words(page)
    why = "0.5% of CNY 90.50 is CNY 0.45, rounded half up: sold by Global Link."
    assert f"Sale of an agent below {renewal.reference} {why}" in words
    assert "Carol" not in words
    assert f"/agent/renewals/{renewal.id}" not in page
    assert "sold by Global Link" not in sold.words("/agent/earnings")


def test_what_was_taken_back_stands_beside_what_was_earned(sold):
    renewal = renew(sold)
    in_transaction(lambda: journal.post(bookkeeping.refund_in_full(fulfilment.account_of(renewal))))

    words = sold.words("/agent/earnings")

    assert words.count("Taken back because of a refund.") == 2
    assert words.count("by your terms, version 1.") == 2
    assert "CNY 0.00 Below zero" in words


def test_pages_by_keyset(sold, monkeypatch):
    monkeypatch.setattr(earnings, "SHORT_PAGE_SIZE", 1)
    renew(sold)

    page = sold.get("/agent/earnings").text

    assert "Commission fee" not in browsing.words(page)
    older = re.search(r'href="(/agent/earnings\?[^"]*older=[^"]*)"', page)
    assert older
    assert "Commission fee" in sold.words(html.unescape(older[1]))


def test_what_is_payable_says_since_when(sold):
    with clock.fixed(NOW):
        in_transaction(
            lambda: terms.change(
                agent_id=sold.agent.id, currency="CNY", terms=Terms(fee_bps=500, hold_days=0), actor=make.actor()
            )
        )
        renew(sold)

        assert "Payable since 22 Nov 2026, 0 days after the delivery." in sold.words("/agent/earnings")


def test_another_currency_is_not_found(counter):
    assert counter.get("/agent/earnings?currency=XXX").status_code == 404


def test_a_clerk_may_look(clerk):
    assert clerk.get("/agent/earnings").status_code == 200


def test_a_promotion_at_the_agents_own_cost_is_a_line_of_its_own(sold):
    in_transaction(
        lambda: promoting.campaign(bearer=PromotionBearer.AGENT, agent_ids=[sold.agent.id], starts_at=PROMOTED)
    )
    renewal = renew(sold)

    words = sold.words("/agent/earnings")

    assert f"Promotion at your own cost {renewal.reference} CNY 9.05 off the price of CNY 90.50" in words
    assert "−9.05" in words

    in_transaction(lambda: journal.post(bookkeeping.refund_in_full(fulfilment.account_of(renewal))))
    assert "Given again: the renewal was refunded in full." in sold.words("/agent/earnings")


def test_a_dispute_names_its_renewal(sold):
    renewal = renew(sold)
    dispute = disputed(renewal.id)

    words = sold.words("/agent/earnings")

    assert f"Held while the payer disputes it {renewal.reference} What you earned on it comes back" in words
    assert dispute.frozen_minor == 725

    disputed(renewal.id, DisputeState.WON)
    assert f"Dispute decided {renewal.reference} Set free again" in sold.words("/agent/earnings")
