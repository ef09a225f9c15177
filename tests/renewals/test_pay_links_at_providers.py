"""A pay link from its page to the renewed card, and back to the payer, with real traffic to every stand-in provider."""

import pytest
from flask.testing import FlaskClient

from portal.agents.models import Agent
from portal.core import settings
from portal.core.db import db, in_transaction, transaction
from portal.core.outbox import TryLater
from portal.demo.stand_in import StandIns
from portal.ledger import chart
from portal.payments import announcing, registry, settling
from portal.payments import offers as offers_online
from portal.payments.models import PaymentChannel, PaymentState
from portal.payments.providers.base import Begun
from portal.renewals import fulfilment, links, verification
from portal.renewals.states import RenewalState
from tests import browsing, make, renewed
from tests.carriers.sandbox_process import RunningSandbox
from tests.ledger.books import net
from tests.payments.providers.conftest import receiver, sandbox, sandbox_process  # noqa: F401 - fixtures
from tests.payments.providers.receiver import Receiver
from tests.payments.providers.stages import STAGES, Stage
from tests.payments.providers.wallet_stages import WALLET_STAGES
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import Counter, open_counter
from tests.renewals.online import Waiting

pytestmark = pytest.mark.slow

EVERY_STAGE = STAGES | WALLET_STAGES
PHONE = "Mozilla/5.0 (iPhone) Mobile/15E148"


@pytest.fixture(params=EVERY_STAGE)
def stage(
    request: pytest.FixtureRequest,
    sandbox: RunningSandbox,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    made = EVERY_STAGE[request.param](sandbox, receiver)
    provider = made.provider()
    monkeypatch.setattr(registry, "get", lambda _name: provider)
    monkeypatch.setattr(registry, "usable", lambda: {made.name: provider})
    monkeypatch.setattr(announcing, "before_the_first", lambda _provider: None)
    monkeypatch.setattr(registry, "notify_url", lambda _name: receiver.url)
    return made


@pytest.fixture
def waiting(client: FlaskClient, stage: Stage) -> Waiting:
    """Carol is to pay 105.00, in a currency that the provider takes."""
    counter = open_counter()
    with transaction():
        _in_currency(counter, stage.currency)
        offers_online.offer(
            currency=stage.currency,
            channel=PaymentChannel.WEBSITE,
            chosen={stage.method: stage.name},
            actor=make.actor(),
        )
    client.set_cookie("language", "en")
    return Waiting(counter, online.order(counter), StubProvider())


def _in_currency(counter: Counter, currency: str) -> None:
    counter.plan = make.plan(code=renewed.PLAN_CODE, currency=currency)
    if currency != "CNY":
        make.terms(db.session.get_one(Agent, counter.agent.id), currency=currency)


def pay(client: FlaskClient, waiting: Waiting, stage: Stage, choice: str = "pay") -> None:
    """Choose the method on the pay page, follow it to the provider's page, and press a button there."""
    address = f"/pay/{waiting.ordered.code}"
    token = browsing.csrf_token(client.get(address).text)
    # WeChat Pay has a page of its own on phones only; elsewhere it is a code to scan.
    agent = PHONE if stage.surface.value == "mobile" else "Mozilla/5.0 (X11; Linux x86_64)"
    answer = client.post(
        address,
        data={"csrf_token": token, "method": stage.method.value},
        headers={"User-Agent": agent},
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
    )
    assert answer.status_code == 303, browsing.words(answer.text)
    payment = links.latest_payment(waiting.ordered.id)
    assert payment is not None
    assert client.get(answer.location).status_code == 200
    stage.pay(Begun(payment.provider_id or "", payment.go_to, payment.qr_text, {}), choice)
    settling.ask(payment.id)


def deliver(waiting: Waiting) -> None:
    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)


def test_is_paid_and_delivered(client: FlaskClient, waiting: Waiting, stage: Stage) -> None:
    pay(client, waiting, stage)

    assert waiting.renewal.state is RenewalState.PAID
    assert waiting.renewal.source == f"clearing:{stage.name}"
    deliver(waiting)
    assert waiting.renewal.state is RenewalState.DELIVERED
    assert "Your card is renewed" in browsing.words(client.get(f"/pay/{waiting.ordered.code}").text)
    assert in_transaction(verification.verify_everything) == []


def test_what_the_carrier_refuses_is_given_back_by_the_provider(
    client: FlaskClient, waiting: Waiting, stage: Stage
) -> None:
    pay(client, waiting, stage)
    with transaction():
        waiting.counter.plan.plan.code = "SOLD-NOWHERE"
    deliver(waiting)

    for _ in range(3):  # some have not finished when they are first asked
        try:
            online.carry_out_refunds()
        except TryLater:
            continue

    assert waiting.renewal.state is RenewalState.RETURNED
    assert (net(chart.ESCROW, currency=stage.currency), net(chart.clearing(stage.name), currency=stage.currency)) == (
        0,
        0,
    )
    assert in_transaction(verification.verify_everything) == []


def test_what_the_payer_declines_moves_nothing(client: FlaskClient, waiting: Waiting, stage: Stage) -> None:
    pay(client, waiting, stage, "decline")

    payment = links.latest_payment(waiting.ordered.id)
    assert payment is not None
    assert payment.state in (PaymentState.BEGUN, PaymentState.DECLINED, PaymentState.EXPIRED)
    assert waiting.renewal.state is RenewalState.AWAITING_PAYMENT
    assert online.transfers(waiting.ordered.id) == []
