"""An agent whose card was kept with a top-up of CNY 1,000.00, and what is settled for a wallet that runs low."""

from uuid import UUID

from portal.agents.models import Agent
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.payments import saving, settling
from portal.payments.models import SavedMethod
from portal.payments.providers import base
from portal.wallets import arranging, refilling, thresholds
from portal.wallets import queries as wallets
from portal.wallets.arranging import Arrangement
from portal.wallets.models import AutomaticTopUp, TopUpAttempt
from tests import make
from tests.payments import stage
from tests.payments.stub import StubProvider

CARD = base.SavedMethod("pm_secret", "cus_secret", "Visa ...4242", "2028-04")

CONSENT = "LEB may charge Visa ...4242 with CNY 1,000.00 whenever less than CNY 500.00 can be spent."


def agent_with_card(stub: StubProvider) -> Agent:
    """Make an agent with CNY 1,000.00 in the wallet and a saved card."""
    made = stage.agent()
    payment = stage.top_up(made, save=True)
    stub.settle(payment.reference, Money(100_000, "CNY"), saved=CARD)
    settling.ask(payment.id)
    return made


def card_of(agent: Agent) -> SavedMethod:
    return in_transaction(lambda: saving.of_agent(agent.id)[0])


def wanted(
    agent: Agent, *, threshold: int = 50_000, amount: int = 100_000, times: int = 3, most: int = 300_000
) -> Arrangement:
    """Agree to CNY 1,000.00 below CNY 500.00, at most three times and CNY 3,000.00 a day."""
    return Arrangement(card_of(agent).id, Money(threshold, "CNY"), Money(amount, "CNY"), times, Money(most, "CNY"))


def arrange(agent: Agent, **changes: int) -> AutomaticTopUp:
    """Switch automatic top-ups on."""
    agreed = wanted(agent, **changes)

    def act() -> AutomaticTopUp:
        return arranging.arrange(
            agent_id=agent.id,
            wanted=agreed,
            consent=CONSENT,
            description="Automatic wallet top-up",
            language="en",
            actor=make.actor(make.user(name="Alice")),
        )

    return in_transaction(act)


def spend(agent: Agent, minor: int) -> None:
    in_transaction(lambda: make.spend(agent, minor))


def sweep() -> None:
    """Do what the clock does once a minute."""
    in_transaction(thresholds.sweep)
    in_transaction(refilling.sweep)


def mandate_of(agent: Agent) -> AutomaticTopUp:
    def read() -> AutomaticTopUp:
        found = wallets.automatic(agent.id, "CNY")
        assert found is not None
        return found

    return in_transaction(read)


def attempts(agent: Agent) -> list[TopUpAttempt]:
    """List the automatic top-ups, the oldest first."""
    return in_transaction(lambda: wallets.attempts_of(mandate_of_id(agent)))[::-1]


def mandate_of_id(agent: Agent) -> UUID:
    found = wallets.automatic(agent.id, "CNY")
    assert found is not None
    db.session.expire_all()
    return found.id


def states(agent: Agent) -> list[str]:
    return [attempt.state.value for attempt in attempts(agent)]
