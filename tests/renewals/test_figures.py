"""What an agent's month and days say that it earned: fees, shares, overrides, less what it bears itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from portal.agents import parents
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.db import in_transaction
from portal.promotions.models import PromotionBearer
from portal.renewals import figures
from tests import make, renewed
from tests.promotions import promoting
from tests.renewals.conftest import Counter

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
