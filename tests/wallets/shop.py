"""An agent whose card or account was kept at the sandbox with a top-up, to be charged by itself."""

from dataclasses import dataclass

import httpx

from portal.agents.models import Agent
from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import offers, saving, settling
from portal.payments import queries as payments
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentChannel
from portal.payments.providers.base import Begun, Method, Surface
from portal.wallets import arranging, paying_in, refilling
from portal.wallets import queries as wallets
from portal.wallets.arranging import Arrangement
from tests import make
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments import stage
from tests.payments.providers.receiver import Receiver
from tests.payments.providers.stages import STAGES, Stage
from tests.working import work_all


@dataclass
class Shop:
    """An agent with USD 100.00 from a top-up by a method that was kept, to be charged with as much below USD 50.00."""

    agent: Agent
    payer: Stage
    sandbox: RunningSandbox

    def spend(self, minor: int) -> None:
        in_transaction(lambda: make.spend(self.agent, minor, currency="USD"))

    def minute(self) -> None:
        in_transaction(refilling.sweep)
        work_all()

    def balance(self) -> int:
        return stage.balance(self.agent, "USD")

    def states(self) -> list[str]:
        def read() -> list[str]:
            mandate = wallets.automatic(self.agent.id, "USD")
            assert mandate is not None
            return [attempt.state.value for attempt in wallets.attempts_of(mandate.id)][::-1]

        return in_transaction(read)

    def charge(self) -> Payment:
        """Give the payment of the latest automatic top-up."""

        def read() -> Payment:
            mandate = wallets.automatic(self.agent.id, "USD")
            assert mandate is not None
            return payments.of_subject(wallets.attempts_of(mandate.id)[0].id)[0]

        return in_transaction(read)

    def charged_at_stripe(self) -> list[str]:
        """List what Stripe made of the latest automatic top-up: the states of all its payment intents."""
        reference = self.charge().reference
        listed = httpx.get(
            f"{self.sandbox.url}/stripe/v1/payment_intents?limit=100",
            headers={"Authorization": "Bearer sk_test_sandbox"},
            trust_env=False,
        ).json()["data"]
        return [intent["status"] for intent in listed if intent["metadata"].get("reference") == reference]

    def break_down(self, kind: str, **fields: object) -> None:
        self.sandbox.set_fault(kind, call="charge", carrier=self.payer.name, times=1, **fields)


def open_shop(name: str, sandbox: RunningSandbox, receiver: Receiver) -> Shop:
    """Top up by USD 100.00, have the card or account kept, and agree to automatic top-ups."""
    payer = STAGES[name](sandbox, receiver)
    agent = in_transaction(lambda: make.agent(currency="USD"))
    chosen = {payer.method: name}
    in_transaction(
        lambda: offers.offer(currency="USD", channel=PaymentChannel.AGENT, chosen=chosen, actor=make.actor())
    )
    payment = paying_in.begin(
        agent_id=agent.id,
        amount=Money(10_000, "USD"),
        choice=Choice(Method(payer.method), Surface.PAGE, "en"),
        description="Wallet top-up",
        actor=make.actor(),
        idempotency_key="k-1",
        save=True,
    )
    payer.pay(Begun(payment.provider_id or "", payment.go_to, payment.qr_text, {}))
    settling.ask(payment.id)
    (kept,) = in_transaction(lambda: saving.of_agent(agent.id))
    usd = Money(10_000, "USD")
    wanted = Arrangement(kept.id, Money(5_000, "USD"), usd, 5, Money(50_000, "USD"))
    in_transaction(
        lambda: arranging.arrange(
            agent_id=agent.id,
            wanted=wanted,
            consent="Yes.",
            description="Automatic wallet top-up",
            language="en",
            actor=make.actor(make.user(name="Alice")),
        )
    )
    shop = Shop(agent, payer, sandbox)
    assert shop.balance() == 10_000
    return shop
