"""What an agent earns by selling: rules, tiers and the agent above, frozen with the order and booked at delivery."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portal.agents import parents, rules, terms
from portal.agents.commission import Conditions, Grounds, Rule, SaleKind, Terms, Tier
from portal.agents.models import Agent
from portal.core import clock
from portal.core.db import db, transaction
from portal.ledger import chart, journal, queries, verification
from portal.ledger.models import Transfer
from portal.renewals import bookkeeping, earning, fulfilment, offers, ordering, quoting
from portal.renewals.errors import QuoteChanged
from portal.renewals.models import Renewal
from portal.renewals.ordering import Ordered
from portal.renewals.states import RenewalState
from portal.renewals.verification import verify_everything
from tests import make, renewed
from tests.renewals.conftest import Counter

FIRST = Rule(Conditions(sale=SaleKind.FIRST), share_bps=1_000)
"""Ten per cent on a card's first renewal."""


def add_rule(counter: Counter, rule: Rule) -> None:
    with transaction():
        rules.add(agent_id=counter.agent.id, currency="CNY", rule=rule, actor=counter.actor)


def add_tier(counter: Counter, tier: Tier) -> None:
    with transaction():
        rules.add_tier(agent_id=counter.agent.id, currency="CNY", tier=tier, actor=counter.actor)


def put_below(counter: Counter, *, bps: int) -> Agent:
    with transaction():
        above = make.agent(name_en="Above", name_zh="上级")
        parents.set_parent(counter.agent, parent=above, override_bps=bps, actor=counter.actor)
    return above


def order(counter: Counter) -> Renewal:
    return db.session.get_one(Renewal, counter.order().id)


def order_by_link(counter: Counter, signed_quote: str) -> Ordered:
    return ordering.order(
        agent_id=counter.agent.id,
        card_id=counter.card.id,
        signed_quote=signed_quote,
        idempotency_key=str(make.key()),
        actor=counter.actor,
    )


def delivered(counter: Counter, *, base_minor: int, at: datetime, state: str = "delivered") -> None:
    """Say that a renewal of so much was delivered, without the carrier's doing."""
    renewal = order(counter)
    with transaction():
        db.session.execute(
            update(Renewal)
            .where(Renewal.id == renewal.id)
            .values(
                delivered_at=at,
                state=RenewalState(state),
                price_minor=base_minor,
                base_minor=base_minor,
                fee_minor=0,
                tax_minor=0,
                share_minor=0,
                total_minor=base_minor,
            )
        )


def test_by_the_terms_alone_nothing_more_is_written(counter: Counter) -> None:
    renewal = order(counter)

    assert (renewal.fee_minor, renewal.share_minor, renewal.override_minor) == (500, 300, 0)
    assert (renewal.commission, renewal.parent_agent_id) == (None, None)


def test_a_rule_decides_and_is_frozen_with_the_order(counter: Counter) -> None:
    add_rule(counter, Rule(Conditions(region="JP"), fee_bps=200, share_bps=800))

    renewal = order(counter)

    assert (renewal.fee_minor, renewal.share_minor, renewal.total_minor) == (200, 800, 10_200)
    grounds = Grounds.of(renewal.commission)
    assert (grounds.fee_bps, grounds.share_bps) == (200, 800)
    assert grounds.fee_rule == grounds.share_rule is not None


def test_commission_terms_changed_between_quote_and_order_refuse_the_order(counter: Counter) -> None:
    quote = counter.signed_quote()
    add_rule(counter, Rule(Conditions(region="JP"), share_bps=800))

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=quote)

    assert refused.value.parts["quote"].share_minor == 800
    assert counter.renewals() == 0


def test_a_parent_changed_between_quote_and_order_refuses_the_order(counter: Counter) -> None:
    quote = counter.signed_quote()
    above = put_below(counter, bps=50)

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=quote)

    assert refused.value.parts["quote"].override_minor == 50
    with transaction():
        parents.set_parent(counter.agent, parent=above, override_bps=60, actor=counter.actor)
    with pytest.raises(QuoteChanged):
        counter.order(signed_quote=quoting.sign(refused.value.parts["quote"]))


def test_the_first_renewal_of_a_card_is_a_first_sale_and_the_next_is_not(counter: Counter) -> None:
    add_rule(counter, FIRST)

    first, again = order(counter), order(counter)

    assert (first.share_minor, Grounds.of(first.commission).is_first) == (1_000, True)
    assert (again.share_minor, again.commission) == (300, None)


def test_a_renewal_that_was_given_back_was_no_first_sale(counter: Counter) -> None:
    add_rule(counter, FIRST)
    refused = order(counter)
    with transaction():
        refused.state = RenewalState.RETURNED

    assert order(counter).share_minor == 1_000


def test_two_orders_shown_as_first_sale_are_one_first_sale(counter: Counter) -> None:
    add_rule(counter, FIRST)
    shown_twice = counter.signed_quote(), counter.signed_quote()
    counter.order(signed_quote=shown_twice[0])

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=shown_twice[1])

    assert refused.value.parts["quote"].share_minor == 300
    assert counter.renewals() == 1


def test_an_order_that_waits_to_be_paid_is_the_first_sale(counter: Counter) -> None:
    add_rule(counter, FIRST)
    shown_twice = counter.signed_quote(), counter.signed_quote()

    with transaction():
        waiting = order_by_link(counter, shown_twice[0])

    assert db.session.get_one(Renewal, waiting.id).share_minor == 1_000
    assert order(counter).share_minor == 300
    with pytest.raises(QuoteChanged), transaction():
        order_by_link(counter, shown_twice[1])


def test_the_same_form_sent_twice_is_one_first_sale(counter: Counter) -> None:
    add_rule(counter, FIRST)
    quote = counter.signed_quote()

    first = counter.order(signed_quote=quote, key="form-1")

    assert counter.order(signed_quote=quote, key="form-1") == first


def test_a_tier_counts_what_was_delivered_in_the_month_of_the_operators_zone(counter: Counter) -> None:
    add_tier(counter, Tier(10_000, 200))
    now = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    shanghai_midnight = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    delivered(counter, base_minor=6_000, at=shanghai_midnight)
    delivered(counter, base_minor=9_000, at=shanghai_midnight - timedelta(microseconds=1))
    delivered(counter, base_minor=9_000, at=now, state="refunded")

    assert earning.delivered_minor(counter.agent.id, "CNY", now=now) == 6_000
    assert earning.delivered_minor(counter.agent.id, "USD", now=now) == 0
    delivered(counter, base_minor=4_000, at=now)
    assert earning.delivered_minor(counter.agent.id, "CNY", now=now) == 10_000
    with clock.fixed(now + timedelta(seconds=1)):
        quote = offers.one(counter.card, counter.plan.code, now=clock.now()).quote
        assert quote.share_minor == 500
        assert (quote.grounds.tier_from_minor, quote.grounds.delivered_minor) == (10_000, 10_000)


def test_a_tier_shown_holds_for_the_quote(counter: Counter) -> None:
    add_tier(counter, Tier(6_000, 200))
    now = clock.now()
    delivered(counter, base_minor=6_000, at=now)
    quote = counter.signed_quote()
    with transaction():
        db.session.execute(update(Renewal).values(state=RenewalState.REFUNDED))

    placed = counter.order(signed_quote=quote)

    assert db.session.get_one(Renewal, placed.id).share_minor == 500


def test_a_zero_amount_renewal_earns_nothing_for_anybody(counter: Counter) -> None:
    put_below(counter, bps=50)
    with transaction():
        counter.plan = make.plan(price_minor=0, cost_minor=0)

    renewal = order(counter)

    assert (renewal.fee_minor, renewal.share_minor, renewal.override_minor, renewal.total_minor) == (0, 0, 0, 0)


def holds(account: chart.AccountRef) -> int:
    rows = queries.accounts(queries.AccountFilter(kind=account.kind)).rows
    return sum(row.balance_minor for row in rows if row.name == account.name)


@pytest.fixture
def deliverable(counter: Counter) -> Counter:
    """A counter whose plan the stand-in carrier sells."""
    with transaction():
        counter.plan = make.plan(code=renewed.PLAN_CODE)
    return counter


def test_a_parent_is_booked_when_its_sub_agent_sells(deliverable: Counter) -> None:
    above = put_below(deliverable, bps=50)

    renewal = renewed.renew(deliverable.card, deliverable.plan)

    assert (renewal.override_minor, renewal.parent_agent_id) == (50, above.id)
    assert holds(chart.commission_earned(above.id)) == 50
    assert holds(chart.commission_earned(deliverable.agent.id)) == 800
    assert holds(chart.COMMISSION_EXPENSE) == 350
    assert verification.verify() == []
    assert [found for found in verify_everything() if found.rule == "deliveries"] == []


def test_no_commission_is_paid_on_money_not_yet_received(deliverable: Counter) -> None:
    above = put_below(deliverable, bps=50)

    deliverable.order()

    assert holds(chart.commission_earned(above.id)) == 0
    assert holds(chart.commission_earned(deliverable.agent.id)) == 0


def test_a_refund_takes_share_and_override_back_to_the_unit(deliverable: Counter) -> None:
    above = put_below(deliverable, bps=55)
    renewal = renewed.renew(deliverable.card, deliverable.plan)
    account = fulfilment.account_of(renewal)
    left = bookkeeping.delivered_in_full(account)

    with transaction():
        journal.post(bookkeeping.refund_in_part(account, 3_333, left=left, number=1))

    # round(300 * 3333 / 10500) = 95 and round(55 * 3333 / 10500) = 17
    assert holds(chart.commission_earned(above.id)) == 38
    taken = db.session.scalars(select(Transfer.amount_minor).where(Transfer.kind == "refund")).all()
    assert {95, 17} <= set(taken)
    rest = bookkeeping.Left(
        revenue_minor=left.revenue_minor - taken[0],
        tax_minor=left.tax_minor - taken[1],
        fee_minor=left.fee_minor - taken[2],
        share_minor=300 - 95,
        override_minor=55 - 17,
    )
    with transaction():
        journal.post(bookkeeping.refund_in_part(account, rest.total_minor, left=rest, number=2))
    assert holds(chart.commission_earned(above.id)) == 0
    assert holds(chart.commission_earned(deliverable.agent.id)) == 0
    assert holds(chart.COMMISSION_EXPENSE) == 0


def test_a_clawback_stands_beside_what_was_earned(deliverable: Counter) -> None:
    above = put_below(deliverable, bps=50)
    renewal = renewed.renew(deliverable.card, deliverable.plan)

    with transaction():
        journal.post(bookkeeping.refund_in_full(fulfilment.account_of(renewal)))

    (account,) = queries.of_owner(above.id, kind="commission_earned")
    moved = queries.statement(account).rows
    assert [(line.kind, line.amount_minor) for line in moved] == [("refund", -50), ("deliver", 50)]


def test_terms_ended_between_quote_and_order_refuse_the_order(counter: Counter) -> None:
    with transaction():
        terms.change_default(currency="CNY", terms=Terms(fee_bps=400), actor=counter.actor)
    quote = counter.signed_quote()
    with transaction():
        terms.end_own(agent_id=counter.agent.id, currency="CNY", actor=counter.actor)

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=quote)

    assert refused.value.parts["quote"].fee_minor == 400
