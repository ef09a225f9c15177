"""Each provider's own books, through its real client library, with the sandbox behind it: green down to the bank."""

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.carriers import registry as carriers
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.ledger import chart
from portal.payments import offers, refunding, registry, sending_back, settling
from portal.payments import queries as payments
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentChannel, PaymentState
from portal.payments.providers.base import Begun, DisputeState, Method, Surface
from portal.reconciliation import arriving, fetching, sources, standings
from portal.reconciliation.models import Difference, ReportLine, SourceKind
from portal.reconciliation.standings import Standing
from portal.refunds import disputing, evidence
from portal.refunds.models import Dispute
from portal.wallets import paying_in
from tests import make
from tests.carriers.sandbox_process import BROWSER, RunningSandbox, running_sandbox
from tests.ledger.books import net
from tests.payments import stage
from tests.payments.providers.conftest import receiver
from tests.payments.providers.receiver import Post, Receiver
from tests.payments.providers.stages import STAGES
from tests.payments.providers.wallet_stages import WALLET_STAGES
from tests.reconciliation.conftest import findings
from tests.working import work_all

__all__ = ["receiver"]

pytestmark = pytest.mark.slow

WAYS = {
    "stripe": (Method.CARD, "USD", Surface.PAGE, 9_680),
    "paypal": (Method.PAYPAL, "USD", Surface.PAGE, 9_630),
    "alipay": (Method.ALIPAY, "CNY", Surface.PAGE, 9_940),
    "wechat_pay": (Method.WECHAT_PAY, "CNY", Surface.MOBILE, 9_940),
}
"""Method, currency, surface, and what of 100.00 is left after the fee."""

LATER = timedelta(hours=36)
"""By then every provider's books of today are complete."""


class Desk:
    """An agent who tops up through one provider, and what its books and ours say of it."""

    def __init__(self, name: str, sandbox: RunningSandbox, receiver: Receiver) -> None:
        self.name = name
        self.method, self.currency, self.surface, self.left = WAYS[name]
        self.sandbox = sandbox
        self.payer = (STAGES | WALLET_STAGES)[name](sandbox, receiver)
        self.agent = in_transaction(lambda: make.agent(currency=self.currency))
        in_transaction(self._offer)
        self.source_id = in_transaction(lambda: sources.by_name(SourceKind.PROVIDER, name).id)

    def _offer(self) -> None:
        sources.ensure()
        offers.offer(
            currency=self.currency,
            channel=PaymentChannel.AGENT,
            chosen={self.method: self.name},
            actor=make.actor(),
        )

    def top_up(self) -> Payment:
        payment = paying_in.begin(
            agent_id=self.agent.id,
            amount=Money(10_000, self.currency),
            choice=Choice(self.method, self.surface, "en"),
            description="Wallet top-up",
            actor=make.actor(),
            idempotency_key=str(make.key()),
        )
        self.payer.pay(Begun(payment.provider_id or "", payment.go_to, payment.qr_text, {}))
        settling.ask(payment.id)
        assert stage.now(payment).state is PaymentState.SETTLED
        return payment

    def control(self, act: str, **wishes: str) -> Any:
        """Press a button on the sandbox's control page."""
        answer = BROWSER.post(f"{self.sandbox.url}/control/payments/{self.name}/{act}", json=wishes)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fetch(self) -> None:
        with clock.fixed(clock.now() + LATER):
            fetching.fetch(self.source_id)

    def arrive(self, minor: int) -> None:
        in_transaction(
            lambda: arriving.record(
                provider=self.name,
                amount=Money(minor, self.currency),
                bank_reference=f"ICBC {self.name}",
                received_on=clock.today("Asia/Shanghai"),
                actor=make.actor(),
            )
        )

    def standing(self, kind: SourceKind = SourceKind.PROVIDER) -> Standing:
        return in_transaction(lambda: standings.of_account(kind, self.name, self.currency))

    def dispute(self) -> Dispute:
        query = select(Dispute).execution_options(populate_existing=True)
        return in_transaction(lambda: db.session.scalars(query).one())

    def told_of(self, provider_id: str) -> list[Post]:
        """List the webhooks that arrived about something."""
        return [post for post in self.payer.receiver.posts if provider_id.encode() in post.body]

    def evidence(self) -> dict[str, bytes]:
        """Give the pieces that finance would send to the provider."""
        dispute = self.dispute()
        collected = in_transaction(lambda: evidence.collect(dispute))
        with zipfile.ZipFile(BytesIO(collected)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def differences(self) -> list[tuple[str, str, int]]:
        found = in_transaction(lambda: db.session.scalars(select(Difference)).all())
        return sorted((one.kind.value, one.state.value, one.gap.minor) for one in found)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox of this test's own: whole books are compared."""
    with running_sandbox(tmp_path / "sandbox") as sandbox:
        yield sandbox


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    app: Flask,
    sandbox: RunningSandbox,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    monkeypatch.setattr(app.extensions["portal_settings"], "sandbox_url", sandbox.url)
    monkeypatch.setattr(registry, "notify_url", lambda _name: receiver.url)
    return Desk(request.param, sandbox, receiver)


@pytest.mark.parametrize("desk", WAYS, indirect=True)
def test_is_green_from_the_payment_to_the_bank(desk: Desk) -> None:
    payment = desk.top_up()
    desk.fetch()
    assert desk.differences() == []
    assert desk.standing().theirs == desk.standing().ours == Money(desk.left, desk.currency)

    desk.control("payout")
    desk.fetch()
    assert desk.differences() == [("payout_not_at_bank", "explained", -desk.left)]
    assert desk.standing().theirs == Money(0, desk.currency)

    desk.arrive(desk.left)
    desk.fetch()
    assert desk.differences() == [("payout_not_at_bank", "gone", 0)]
    assert desk.standing().theirs == desk.standing().ours == Money(0, desk.currency)
    assert desk.standing(SourceKind.BANK).ours == Money(desk.left, desk.currency)
    assert findings() == []

    # What goes back later is found by its reference as well, with the part of the fee that comes back.
    refund = in_transaction(
        lambda: refunding.give_back(
            payment.id, Money(10_000, desk.currency), reference="C-1", reason="asked for", actor=make.actor()
        )
    )
    sending_back.carry_out(refund.id)
    assert in_transaction(lambda: payments.refund_by_id(refund.id)).state.value == "succeeded"
    desk.fetch()

    def lines() -> list[ReportLine]:
        return list(db.session.scalars(select(ReportLine).where(ReportLine.refund_id == refund.id)))

    (line,) = in_transaction(lines)
    assert line.gross == Money(-10_000, desk.currency)
    assert ("missing_there", "open", -10_000) in desk.differences()  # it went back without an entry of ours
    assert desk.standing().unexplained == Money(0, desk.currency)
    assert findings() == []


@pytest.mark.parametrize("desk", ["stripe", "paypal"], indirect=True)
def test_a_dispute_is_in_both_books_and_its_fee_waits_for_finance(desk: Desk) -> None:
    payment = desk.top_up()
    dispute_id = desk.control("dispute", id=payment.reference)["id"] if desk.name == "stripe" else _disputed(desk)
    disputing.look_into(desk.name, dispute_id)

    desk.fetch()

    assert [(kind, state) for kind, state, _ in desk.differences()] == [("dispute_fee", "open")]
    assert desk.standing().unexplained == Money(0, desk.currency)
    assert findings() == []


@pytest.mark.parametrize("desk", ["stripe", "paypal"], indirect=True)
def test_a_dispute_whose_webhook_was_lost_is_opened_from_their_books(desk: Desk, client: FlaskClient) -> None:
    payment = desk.top_up()
    desk.sandbox.set_fault("unsent", call="notify", carrier=desk.name)
    dispute_id = desk.control("dispute", id=payment.reference)["id"]

    desk.fetch()

    assert desk.told_of(dispute_id) == []
    opened = desk.dispute()
    assert (opened.provider_id, opened.payment_id, opened.state) == (dispute_id, payment.id, DisputeState.OPEN)
    assert (opened.amount_minor, opened.frozen_minor) == (10_000, 10_000)
    assert net(chart.frozen(desk.agent.id), currency=desk.currency) == 10_000
    assert net(chart.agent_wallet(desk.agent.id), currency=desk.currency) == 0
    assert json.loads(desk.evidence()["dispute.json"])["provider_id"] == dispute_id
    assert [(kind, state) for kind, state, _ in desk.differences()] == [("dispute_fee", "open")]
    assert findings() == []

    # They are looked at again, then a webhook tells of it after all: nothing is taken down twice.
    desk.fetch()
    desk.sandbox.clear_faults()
    desk.control("win", id=dispute_id)
    desk.payer.receiver.wait_for(lambda post: dispute_id.encode() in post.body)
    for post in desk.told_of(dispute_id):
        assert client.post(f"/hooks/{desk.name}", data=post.body, headers=post.headers).status_code == 200
    work_all()

    assert desk.dispute().state is DisputeState.WON
    assert net(chart.agent_wallet(desk.agent.id), currency=desk.currency) == 10_000
    assert findings() == []


def _disputed(desk: Desk) -> str:
    rows = BROWSER.get(f"{desk.sandbox.url}/control/payments/{desk.name}").json()["rows"]
    capture = next(row for row in rows if "dispute" in row["acts"])
    return str(desk.control("dispute", id=capture["id"])["dispute_id"])


@pytest.mark.parametrize("desk", ["alipay"], indirect=True)
def test_books_that_are_not_to_be_had_are_asked_for_again(desk: Desk) -> None:
    desk.sandbox.set_fault("down", call="every", carrier=desk.name)

    desk.fetch()

    source = in_transaction(lambda: sources.by_name(SourceKind.PROVIDER, desk.name))
    assert source.failure is not None
    desk.sandbox.clear_faults()
    desk.fetch()
    assert in_transaction(lambda: sources.by_name(SourceKind.PROVIDER, desk.name)).failure is None


def test_a_carrier_that_asks_another_sum_later_is_found_out(app: Flask, sandbox: RunningSandbox) -> None:
    carriers.configure(app.extensions["portal_settings"].model_copy(update={"sandbox_url": sandbox.url}))
    in_transaction(sources.ensure)
    source_id = in_transaction(lambda: sources.by_name(SourceKind.CARRIER, "sandbox-east").id)
    carriers.get("sandbox-east").submit_renewal(
        reference="R-NOBO-DYSS", iccid="89852000263318806140", plan_code="JP-5G-30D"
    )

    def differences() -> list[tuple[str, str, int]]:
        with clock.fixed(clock.now() + timedelta(minutes=1)):
            fetching.fetch(source_id)
        found = in_transaction(lambda: db.session.scalars(select(Difference)).all())
        return sorted((one.kind.value, one.state.value, one.gap.minor) for one in found)

    assert differences() == [("missing_here", "open", 5_698)]
    sandbox.set_fault("other_amount", call="costs", carrier="sandbox-east", times=1)
    assert differences() == [("changed_line", "open", 1), ("missing_here", "open", 5_698)]
    assert differences() == [("changed_line", "gone", 0), ("missing_here", "open", 5_698)]
