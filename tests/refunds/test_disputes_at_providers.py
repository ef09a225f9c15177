"""A dispute from the payer's bank to its end, told by the stand-in providers' own signed webhooks over HTTP."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.models import Role
from portal.core import clock, settings
from portal.core.db import db, in_transaction, transaction
from portal.core.money import Money
from portal.demo.stand_in import StandIns
from portal.ledger import chart
from portal.payments import announcing, registry, settling
from portal.payments import offers as offers_online
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentChannel
from portal.payments.providers.base import Begun, DisputeState
from portal.receipts import numbering
from portal.receipts import queries as receipts
from portal.refunds import disputing, queries
from portal.refunds.models import Dispute
from portal.renewals import fulfilment, verification
from portal.renewals.states import RenewalState
from tests import browsing, make, renewed
from tests.carriers.sandbox_process import RunningSandbox
from tests.ledger.books import net
from tests.payments.providers.conftest import receiver, sandbox, sandbox_process
from tests.payments.providers.receiver import Post, Receiver
from tests.payments.providers.stages import STAGES, Stage
from tests.payments.stub import StubProvider
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting
from tests.working import work_all

__all__ = ["receiver", "sandbox", "sandbox_process"]

pytestmark = pytest.mark.slow


@pytest.fixture(params=STAGES)
def stage(
    request: pytest.FixtureRequest, sandbox: RunningSandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    """Stripe, then PayPal: the two that tell of disputes."""
    made = STAGES[request.param](sandbox, receiver)
    provider = made.provider()
    monkeypatch.setattr(registry, "get", lambda _name: provider)
    monkeypatch.setattr(registry, "usable", lambda: {made.name: provider})
    monkeypatch.setattr(announcing, "before_the_first", lambda _provider: None)
    monkeypatch.setattr(registry, "notify_url", lambda _name: receiver.url)
    return made


@pytest.fixture
def waiting(client: FlaskClient, stage: Stage) -> Waiting:
    """Carol is to pay USD 105.00."""
    counter = open_counter()
    with transaction():
        counter.plan = make.plan(code=renewed.PLAN_CODE, currency=stage.currency)
        make.terms(counter.agent, currency=stage.currency)
        offers_online.offer(
            currency=stage.currency,
            channel=PaymentChannel.WEBSITE,
            chosen={stage.method: stage.name},
            actor=make.actor(),
        )
    return Waiting(counter, online.order(counter), StubProvider())


def pay(waiting: Waiting, stage: Stage) -> Payment:
    payment = waiting.begin(Choice(stage.method, stage.surface, "en"))
    stage.pay(Begun(payment.provider_id or "", payment.go_to, payment.qr_text, {}))
    settling.ask(payment.id)
    return online.now(payment)


@pytest.fixture
def paid(waiting: Waiting, stage: Stage) -> Payment:
    """She paid it, her card is renewed, and the receipt has its number."""
    payment = pay(waiting, stage)
    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)
    receipt = receipts.of_renewal(waiting.ordered.id)
    assert receipt is not None
    in_transaction(lambda: numbering.number(receipt.id))
    return payment


def act(client: FlaskClient, stage: Stage, what: str, thing: str) -> None:
    """Have the payer's bank do something, and bring the signed webhooks that tell of it to the portal, each twice."""
    seen = len(stage.receiver.posts)
    stage.at_the_control_page(what, thing)
    # A webhook about the payment itself may come just now as well.
    stage.receiver.wait_for(lambda post: post in stage.receiver.posts[seen:] and is_of_a_dispute(post))
    for post in stage.receiver.posts[seen:] * 2:
        answer = client.post(f"/hooks/{stage.name}", data=post.body, headers=post.headers)
        assert answer.status_code == 200
    work_all()


def is_of_a_dispute(post: Post) -> bool:
    event = json.loads(post.body)
    return "dispute" in str(event.get("type") or event.get("event_type")).lower()


def act_unheard(stage: Stage, what: str, thing: str) -> None:
    """Have the payer's bank do something, and lose the webhooks that tell of it; then let a day pass."""
    stage.at_the_control_page(what, thing)
    with clock.fixed(clock.now() + timedelta(days=1)):
        in_transaction(disputing.sweep)
        work_all()


def the_dispute() -> Dispute:
    return in_transaction(lambda: db.session.scalars(select(Dispute).execution_options(populate_existing=True)).one())


def held(stage: Stage, waiting: Waiting) -> dict[str, int]:
    """Give what stands at the provider, in dispute, frozen of alice's, and hers to take, in cents."""
    agent_id = waiting.counter.agent.id
    accounts = {
        "clearing": chart.clearing(stage.name),
        "disputed": chart.disputed(stage.name),
        "frozen": chart.frozen(agent_id),
        "earned": chart.commission_earned(agent_id),
    }
    sign = {"clearing": -1, "disputed": -1}
    return {name: sign.get(name, 1) * net(account, currency=stage.currency) for name, account in accounts.items()}


def test_a_dispute_freezes_the_amount_until_it_is_won(
    client: FlaskClient, waiting: Waiting, paid: Payment, stage: Stage
) -> None:
    act(client, stage, "dispute", paid.reference)

    assert the_dispute().state is DisputeState.OPEN
    assert held(stage, waiting) == {"clearing": 0, "disputed": 10_500, "frozen": 800, "earned": 0}
    assert queries.refundable(waiting.renewal) == Money(0, stage.currency)
    assert in_transaction(verification.verify_everything) == []

    act(client, stage, "win", the_dispute().provider_id)

    assert the_dispute().state is DisputeState.WON
    assert held(stage, waiting) == {"clearing": 10_500, "disputed": 0, "frozen": 0, "earned": 800}
    assert waiting.renewal.state is RenewalState.DELIVERED
    assert in_transaction(verification.verify_everything) == []


@pytest.mark.parametrize(
    ("decision", "state", "clearing"), [("win", DisputeState.WON, 10_500), ("lose", DisputeState.LOST, 0)]
)
def test_a_decision_whose_webhook_was_lost_is_asked_for(
    client: FlaskClient,
    waiting: Waiting,
    paid: Payment,
    stage: Stage,
    decision: str,
    state: DisputeState,
    clearing: int,
) -> None:
    act(client, stage, "dispute", paid.reference)

    act_unheard(stage, decision, the_dispute().provider_id)

    assert the_dispute().state is state
    assert held(stage, waiting) | {"earned": 0} == {"clearing": clearing, "disputed": 0, "frozen": 0, "earned": 0}
    assert in_transaction(verification.verify_everything) == []


def test_finance_takes_the_evidence_and_a_lost_dispute_is_a_refund(
    client: FlaskClient, waiting: Waiting, paid: Payment, stage: Stage
) -> None:
    act(client, stage, "dispute", paid.reference)
    fiona = in_transaction(lambda: make.user(role=Role.FINANCE, name="Fiona"))
    answer = browsing.sign_in(client, fiona).get(f"/admin/disputes/{the_dispute().id}/evidence.zip")

    with zipfile.ZipFile(BytesIO(answer.data)) as archive:
        assert json.loads(archive.read("manifest.json"))["dispute"] == the_dispute().reference
        assert json.loads(archive.read("dispute.json"))["provider_id"] == the_dispute().provider_id

    act(client, stage, "lose", the_dispute().provider_id)

    assert the_dispute().state is DisputeState.LOST
    assert held(stage, waiting) == {"clearing": 0, "disputed": 0, "frozen": 0, "earned": 0}
    assert waiting.renewal.state is RenewalState.REFUNDED
    assert [refund.amount_minor for refund in queries.of_renewal(waiting.ordered.id)] == [10_500]
    assert in_transaction(verification.verify_everything) == []


def test_a_renewal_that_the_carrier_refused_ends_when_the_payer_took_the_money_back(
    client: FlaskClient, waiting: Waiting, stage: Stage
) -> None:
    """The provider gives nothing back of what is disputed; without an end, escrow would hold it for ever."""
    payment = pay(waiting, stage)
    with transaction():
        waiting.counter.plan.plan.code = "SOLD-NOWHERE"
    act(client, stage, "dispute", payment.reference)
    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        fulfilment.fulfil(waiting.ordered.id)
    online.carry_out_refunds()
    assert waiting.renewal.state is RenewalState.REFUSED

    act(client, stage, "lose", the_dispute().provider_id)

    assert waiting.renewal.state is RenewalState.RETURNED
    assert net(chart.ESCROW, currency=stage.currency) == 0
    assert net(chart.WRITE_OFF, currency=stage.currency) == 0
    assert held(stage, waiting) == {"clearing": 0, "disputed": 0, "frozen": 0, "earned": 0}
    assert in_transaction(verification.verify_everything) == []
