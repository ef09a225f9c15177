"""What an agent's month and days say that it earned: fees, shares, overrides, less what it bears itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from portal.agents import parents
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.ledger import journal
from portal.promotions.models import PromotionBearer
from portal.renewals import bookkeeping, figures, fulfilment
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from tests import make, renewed
from tests.promotions import promoting
from tests.refunds.conftest import StandIn, carrier, open_office
from tests.renewals.conftest import Counter

assert carrier

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)


@pytest.fixture
def plan(counter: Counter) -> PlanVersion:
    return in_transaction(lambda: make.plan(code=renewed.PLAN_CODE))


def earned(agent_id: UUID) -> tuple[int, int, int]:
    """Give what the month, the last day and all agents earned, in minor units."""
    with clock.fixed(NOW + timedelta(minutes=1)):
        of_agent = figures.agent_figures(agent_id, "CNY").commission.minor
        today = figures.agent_days(agent_id, "CNY", days=2)[-1].commission_minor
        return of_agent, today, figures.operator_days("CNY", days=2)[-1].commission_minor


def test_a_discount_that_the_agent_bears_is_taken_off(counter: Counter, plan: PlanVersion) -> None:
    with clock.fixed(NOW):
        in_transaction(lambda: promoting.campaign(bearer=PromotionBearer.AGENT, agent_ids=[counter.agent.id], bps=500))
        renewed.renew(counter.card, plan)

        # Of 95.00: fee 4.75, share 2.85, less 5.00.
        assert earned(counter.agent.id) == (260, 260, 260)


def test_a_discount_that_the_operator_bears_is_not(counter: Counter, plan: PlanVersion) -> None:
    with clock.fixed(NOW):
        in_transaction(lambda: promoting.campaign(bps=500))
        renewed.renew(counter.card, plan)

        assert earned(counter.agent.id) == (760, 760, 760)


def test_the_one_above_earns_its_override_and_sold_nothing(counter: Counter, plan: PlanVersion) -> None:
    above = in_transaction(lambda: make.agent(name_en="Pacific Roam"))
    in_transaction(lambda: parents.set_parent(counter.agent, parent=above, override_bps=50, actor=make.actor()))
    with clock.fixed(NOW):
        renewed.renew(counter.card, plan)

        assert earned(above.id) == (50, 50, 850)
        assert earned(counter.agent.id) == (800, 800, 850)
        month = figures.agent_figures(above.id, "CNY")
        assert (month.renewals, month.sales.minor) == (0, 0)
        assert figures.agent_days(above.id, "CNY", days=1)[0].renewals == 0


def test_a_refund_is_taken_off_on_its_own_day_as_the_books_took_it(app: Flask, carrier: StandIn) -> None:
    with clock.fixed(NOW):
        office = open_office(carrier)
    agent_id = office.counter.agent.id
    with clock.fixed(NOW + timedelta(days=1)):
        refund = office.refunded(3_000)

        # 1.43 of the fee of 5.00, and 0.86 of the share of 3.00: round(3.00 * 30.00 / 105.00).
        assert (refund.fee_minor, refund.share_minor) == (143, 86)
        month = figures.agent_figures(agent_id, "CNY")
        assert (month.renewals, month.sales.minor, month.refunded.minor, month.commission.minor) == (
            1,
            7_500,
            3_000,
            571,
        )
        days = figures.agent_days(agent_id, "CNY", days=2)
        assert [(day.sales_minor, day.commission_minor) for day in days] == [(10_500, 800), (-3_000, -229)]


def test_a_refund_of_last_months_delivery_is_taken_off_this_month(app: Flask, carrier: StandIn) -> None:
    with clock.fixed(NOW):
        office = open_office(carrier)
    with clock.fixed(NOW + timedelta(days=10)):
        office.refunded()

        month = figures.agent_figures(office.counter.agent.id, "CNY")
        assert (month.renewals, month.sales.minor, month.commission.minor) == (0, -10_500, -800)


def test_a_refund_in_full_gives_back_the_discount_that_the_agent_bore(counter: Counter, plan: PlanVersion) -> None:
    with clock.fixed(NOW):
        in_transaction(lambda: promoting.campaign(bearer=PromotionBearer.AGENT, agent_ids=[counter.agent.id], bps=500))
        renewal = renewed.renew(counter.card, plan)
        in_transaction(lambda: journal.post(bookkeeping.refund_in_full(fulfilment.account_of(renewal))))
        in_transaction(lambda: _stands(renewal, RenewalState.REFUNDED))

        month = figures.agent_figures(counter.agent.id, "CNY")
        assert (month.sales.minor, month.commission.minor) == (0, 0)


def test_the_one_above_loses_its_override_with_the_refund(counter: Counter, plan: PlanVersion) -> None:
    above = in_transaction(lambda: make.agent(name_en="Pacific Roam"))
    in_transaction(lambda: parents.set_parent(counter.agent, parent=above, override_bps=50, actor=make.actor()))
    with clock.fixed(NOW):
        renewal = renewed.renew(counter.card, plan)
        in_transaction(lambda: journal.post(bookkeeping.refund_in_full(fulfilment.account_of(renewal))))
        in_transaction(lambda: _stands(renewal, RenewalState.REFUNDED))

        assert figures.agent_figures(above.id, "CNY").commission.minor == 0
        assert figures.agent_figures(above.id, "CNY").refunded.minor == 0


def _stands(renewal: Renewal, state: RenewalState) -> None:
    db.session.get_one(Renewal, renewal.id).state = state
    db.session.flush()
