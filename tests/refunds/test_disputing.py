"""A payer disputes a payment: the amount is frozen, and freed or lost once the provider has decided."""

import hashlib
import json
import zipfile
from io import BytesIO

import pytest
from sqlalchemy import select

from portal.core import clock, ids
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.core.outbox import TryLater
from portal.ledger import queries as ledger
from portal.ledger.verification import Finding
from portal.payments import refunding as provider_refunds
from portal.payments.models import Payment, PaymentPurpose, PaymentState, ProviderRefund, ProviderRefundState
from portal.payments.providers.base import DisputeStanding, DisputeState, Method, Surface
from portal.receipts import credit_notes
from portal.refunds import disputing, ending, evidence, paying_back, queries, refunding
from portal.refunds.errors import MoreThanLeft
from portal.refunds.models import Dispute, RefundDestination, RefundReason, RefundState
from portal.renewals import verification
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from tests import make
from tests.refunds.conftest import Office


def holds(currency: str = "CNY") -> dict[str, int]:
    rows = ledger.accounts(ledger.AccountFilter()).rows
    return {row.name: row.balance_minor for row in rows if row.balance_minor and row.currency == currency}


def wrong() -> list[Finding]:
    """List what the verifier finds, but for the payment that a test put beside a renewal that the wallet paid."""
    found = in_transaction(verification.verify_everything)
    return [finding for finding in found if finding.rule != "payments"]


def paid_online(office: Office, *, purpose: PaymentPurpose = PaymentPurpose.RENEWAL) -> Payment:
    """Have a payment stand that paid for the renewal, or filled the wallet, through Stripe."""
    subject = office.renewal_id if purpose is PaymentPurpose.RENEWAL else ids.new_id()

    def pay() -> Payment:
        payment = Payment(
            reference="P-7K3M-92QD",
            purpose=purpose,
            subject_id=subject,
            agent_id=office.counter.agent.id,
            method=Method.CARD,
            surface=Surface.PAGE,
            provider="stripe",
            provider_id="pi_1",
            currency="CNY",
            amount_minor=10_500,
            settled_currency="CNY",
            settled_minor=10_500,
            state=PaymentState.SETTLED,
            description="Renewal",
            language="en",
            return_url="/",
            cancel_url="/",
            expires_at=clock.now(),
            settled_at=clock.now(),
            idempotency_key=str(ids.new_id()),
            request_digest=b"",
            **make.actor().columns,
        )
        db.session.add(payment)
        db.session.flush()
        return payment

    return in_transaction(pay)


def told(state: DisputeState, amount_minor: int = 10_500) -> Dispute:
    """Have the provider say how a dispute stands."""
    standing = DisputeStanding(
        state=state,
        provider_id="dp_1",
        payment_id="pi_1",
        amount=Money(amount_minor, "CNY"),
        fee=None,
        reason="fraudulent",
        answer_before=None,
        raw={"id": "dp_1", "status": state.value},
    )
    return in_transaction(lambda: disputing.take_down("stripe", standing))


@pytest.fixture
def disputed(office: Office) -> Office:
    """Carol's renewal was paid by card, and she disputes it."""
    paid_online(office)
    told(DisputeState.OPEN)
    return office


def test_freezes_what_the_provider_holds_and_what_was_earned_on_it(disputed: Office) -> None:
    agent = disputed.counter.agent.id

    assert holds()["disputed:stripe"] == 10_500
    assert holds()["clearing:stripe"] == -10_500
    assert holds()[f"frozen:{agent}"] == 800
    assert f"commission_earned:{agent}" not in holds()
    assert wrong() == []


def test_told_again_changes_nothing(disputed: Office) -> None:
    before = holds()

    told(DisputeState.OPEN)

    assert holds() == before
    assert len(db.session.scalars(select(Dispute)).all()) == 1


def test_nothing_of_a_disputed_renewal_is_refunded(disputed: Office) -> None:
    with pytest.raises(MoreThanLeft) as refused:
        disputed.request(1)

    assert refused.value.parts["left"] == Money(0, "CNY")


def test_winning_frees_everything(disputed: Office) -> None:
    agent = disputed.counter.agent.id

    told(DisputeState.WON)
    told(DisputeState.WON)

    assert "disputed:stripe" not in holds()
    assert "clearing:stripe" not in holds()
    assert holds()[f"commission_earned:{agent}"] == 800
    assert queries.refundable(disputed.renewal()) == Money(10_500, "CNY")
    assert wrong() == []


def test_losing_is_a_refund_that_the_payer_has_already(disputed: Office) -> None:
    renewal = disputed.renewal()
    in_transaction(lambda: _set_source(renewal, "clearing:stripe"))

    dispute = told(DisputeState.LOST)

    assert dispute.refund_id is not None
    refund = disputed.refund(dispute.refund_id)
    assert (refund.state, refund.reason) == (RefundState.DONE, RefundReason.DISPUTE_LOST)
    assert refund.destination is RefundDestination.DISPUTED
    assert disputed.renewal().state is RenewalState.REFUNDED
    assert holds()["clearing:stripe"] == -10_500
    for name in ("disputed:stripe", "revenue", "tax_payable", f"frozen:{renewal.agent_id}"):
        assert name not in holds()
    assert f"commission_earned:{renewal.agent_id}" not in holds()
    assert credit_notes.of_refund(refund.id) is not None


def test_a_refund_that_meets_a_dispute_waits_and_is_what_the_payer_took(office: Office) -> None:
    paid_online(office)
    renewal = office.renewal()
    in_transaction(lambda: _set_source(renewal, "clearing:stripe"))
    refund = office.request(3_000)
    told(DisputeState.OPEN)

    with pytest.raises(TryLater):
        refunding.carry_out(refund.id)
    dispute = told(DisputeState.LOST)
    refunding.carry_out(refund.id)

    assert dispute.refund_id == refund.id
    assert office.refund(refund.id).amount_minor == 10_500
    assert len(queries.of_renewal(renewal.id)) == 1
    assert "disputed:stripe" not in holds()


def test_a_refund_goes_on_when_the_dispute_is_won(office: Office) -> None:
    paid_online(office)
    refund = office.request(3_000)
    told(DisputeState.OPEN)
    with pytest.raises(TryLater):
        refunding.carry_out(refund.id)

    told(DisputeState.WON)
    refunding.carry_out(refund.id)

    assert office.counter.wallet_minor() == 92_500
    assert wrong() == []


def test_a_disputed_top_up_freezes_what_still_lies_in_the_wallet(office: Office) -> None:
    paid_online(office, purpose=PaymentPurpose.TOP_UP)

    told(DisputeState.OPEN, 100_000)
    assert office.counter.wallet_minor() == 0
    told(DisputeState.LOST, 100_000)

    assert "disputed:stripe" not in holds()
    assert holds()["write_off"] == 10_500
    assert wrong() == []


def unbooked(payment: Payment, state: PaymentState) -> None:
    """Put the payment where nothing was bought with it: held for finance, or on its way back to the payer."""
    in_transaction(lambda: setattr(db.session.get_one(Payment, payment.id), "state", state))


@pytest.mark.parametrize("state", [PaymentState.HELD, PaymentState.RETURNED])
def test_a_dispute_of_money_that_bought_nothing_leaves_the_renewal_alone(office: Office, state: PaymentState) -> None:
    """Carol paid twice: the second payment goes back to her, and she disputes it all the same."""
    unbooked(paid_online(office), state)

    dispute = told(DisputeState.OPEN)

    assert (dispute.renewal_id, dispute.frozen_minor) == (None, 0)
    assert queries.refundable(office.renewal()) == Money(10_500, "CNY")
    assert holds()[f"commission_earned:{office.counter.agent.id}"] == 800
    assert wrong() == []


@pytest.mark.parametrize("state", [PaymentState.HELD, PaymentState.RETURNED])
def test_losing_money_that_was_going_back_anyway_costs_nobody_anything(office: Office, state: PaymentState) -> None:
    payment = paid_online(office)
    unbooked(payment, state)
    back = in_transaction(
        lambda: provider_refunds.give_back(
            payment.id, Money(10_500, "CNY"), reference="P-7K3M-92QD-B", reason="", actor=make.actor()
        )
    )

    told(DisputeState.OPEN)
    told(DisputeState.LOST)

    assert db.session.get_one(Payment, payment.id, populate_existing=True).state is PaymentState.RETURNED
    assert db.session.get_one(ProviderRefund, back.id, populate_existing=True).state is ProviderRefundState.REPLACED
    for name in ("write_off", "disputed:stripe", "clearing:stripe"):
        assert name not in holds()
    assert office.renewal().state is RenewalState.DELIVERED
    assert wrong() == []


def test_a_refund_that_the_provider_would_not_give_is_what_the_payer_took(office: Office) -> None:
    payment = paid_online(office)
    in_transaction(lambda: _set_source(office.renewal(), "clearing:stripe"))
    refund = office.request(3_000)
    refunding.carry_out(refund.id)
    asked = in_transaction(lambda: paying_back.asked_of(refund.id))
    assert asked is not None

    def refuse() -> None:
        row = db.session.get_one(ProviderRefund, asked.id)
        row.state, row.failure_code = ProviderRefundState.FAILED, "charge_disputed"
        ending.ended(row)

    told(DisputeState.OPEN)
    in_transaction(refuse)
    dispute = told(DisputeState.LOST)

    assert dispute.refund_id == refund.id
    assert office.refund(refund.id).amount_minor == 10_500
    assert office.renewal().state is RenewalState.REFUNDED
    assert db.session.get_one(ProviderRefund, asked.id, populate_existing=True).state is ProviderRefundState.REPLACED
    assert payment.is_paid
    for name in ("write_off", "disputed:stripe", "escrow"):
        assert name not in holds()


def test_the_evidence_is_named_in_a_manifest_with_its_hashes(disputed: Office) -> None:
    dispute = db.session.scalars(select(Dispute)).one()

    packed = evidence.collect(dispute)

    with zipfile.ZipFile(BytesIO(packed)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = {file["name"] for file in manifest["files"]}
        assert names == set(archive.namelist()) - {"manifest.json"}
        assert {
            "dispute.json",
            "payment.json",
            "delivery.json",
            "events.json",
            "receipt.json",
            "sign_ins.json",
        } <= names
        for file in manifest["files"]:
            content = archive.read(file["name"])
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], file["bytes"])
        assert json.loads(archive.read("delivery.json"))[0]["outcome"] == "delivered"
    assert manifest["dispute"] == dispute.reference


def _set_source(renewal: Renewal, source: str) -> None:
    db.session.get_one(Renewal, renewal.id).source = source
    db.session.flush()
