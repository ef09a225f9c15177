import pytest

from portal.core import queue
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.core.outbox import OutboxRow
from portal.payments import refunding, sending_back, settling
from portal.payments.providers.base import Declined, DisputeState
from portal.payouts.models import Payout, PayoutDestination, PayoutState
from portal.receipts import storage
from portal.refunds.models import Dispute
from portal.web.admin import overview
from tests import make
from tests.payments import stage
from tests.web.admin.conftest import NOW


@pytest.fixture
def all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "is_reachable", lambda: True)
    monkeypatch.setattr(queue, "has_worker", lambda: True)
    monkeypatch.setattr(storage, "free_bytes", lambda: overview.LEAST_FREE_BYTES)


def test_shows_the_day_and_the_charts(ada, house, carrier, all_well):
    house.deliver()
    carrier.refuses_with = "card_suspended"
    house.deliver()

    page = ada.page("/admin/")

    words = ada.words("/admin/")
    assert "Renewals today 2 of them refused: 1" in words
    assert "Under way 0" in words
    assert "Sold in 30 days: CNY 105.00" in words
    assert "1 of 2 renewals refused" in words
    assert '"values": [0, 0,' in page
    assert "500]" in page
    assert "10500]" in page
    assert 'role="alert"' not in page


def test_says_that_no_worker_runs(dana, all_well, monkeypatch):
    monkeypatch.setattr(queue, "has_worker", lambda: False)

    assert "No worker is running: nothing is delivered, no receipt is made." in dana.words("/admin/")


def test_says_that_the_broker_is_away(dana, all_well, monkeypatch):
    monkeypatch.setattr(queue, "is_reachable", lambda: False)

    assert "The broker does not answer" in dana.words("/admin/")


def test_alarms_when_the_disk_of_the_receipts_is_full(dana, all_well, monkeypatch):
    monkeypatch.setattr(storage, "free_bytes", lambda: overview.LEAST_FREE_BYTES - 1)

    assert "The disk of the receipts is nearly full: receipts wait, money is not touched." in dana.words("/admin/")


def test_alarms_when_the_folder_of_the_receipts_is_gone(dana, all_well, monkeypatch):
    def gone() -> int:
        raise PermissionError

    monkeypatch.setattr(storage, "free_bytes", gone)

    assert "The folder of the receipts cannot be used" in dana.words("/admin/")


def test_counts_jobs_and_unknown_outcomes(dana, house, all_well):
    renewal_id = house.place()
    in_transaction(lambda: _upset(renewal_id))

    words = dana.words("/admin/")

    assert "One renewal has an unknown outcome. The money is held until the carrier tells." in words
    assert "Jobs given up 1" in words


def _upset(renewal_id) -> None:
    db.session.execute(db.text("UPDATE renewals SET state = 'unknown' WHERE id = :id"), {"id": renewal_id})
    db.session.query(OutboxRow).filter_by(subject_id=renewal_id).one().given_up_at = NOW


def test_finance_does_not_see_jobs(fiona, house, all_well):
    words = fiona.words("/admin/")

    assert "Renewals today" in words
    assert "Jobs" not in words


@pytest.mark.parametrize("currency", ["JPY", "x", "%3Cb%3E"])
def test_takes_a_currency_that_is_not_sold_for_the_usual_one(dana, house, all_well, currency):
    assert "Sold in 30 days: CNY 0.00" in dana.words(f"/admin/?currency={currency}")


def test_nothing_waits_in_a_quiet_house(fiona, house, all_well):
    assert "Waits for somebody" not in fiona.words("/admin/")


def test_counts_what_waits_for_somebody(fiona, house, all_well, stub):
    in_transaction(stage.offering)
    held, paid = stage.top_up(house.agent), stage.top_up(house.agent, key="k-2")
    stub.settle(held.reference, Money(90_000, "CNY"))
    stub.settle(paid.reference, Money(100_000, "CNY"))
    for payment in (held, paid):
        settling.ask(payment.id)
    stub.failure = Declined("insufficient_balance")
    refund = in_transaction(
        lambda: refunding.give_back(paid.id, Money(100, "CNY"), reference="C-1", reason="", actor=make.actor())
    )
    sending_back.carry_out(refund.id)
    in_transaction(lambda: db.session.add(_dispute(paid)))
    in_transaction(lambda: db.session.add(_payout(house.agent)))

    page, words = fiona.page("/admin/"), fiona.words("/admin/")

    assert "Waits for somebody Payments of another sum than asked 1 Refunds that the payer has not got 1" in words
    assert "Disputed payments 1 Payouts that agents asked for 1 Sales by day" in words
    for path in ("/admin/payments/?state=held", "/admin/disputes/", "/admin/payouts/"):
        assert f'href="{path}"' in page
        assert fiona.get(path).status_code == 200


def _dispute(payment) -> Dispute:
    return Dispute(
        reference="D-1",
        provider="stripe",
        provider_id="dp_1",
        payment_id=payment.id,
        agent_id=payment.agent_id,
        state=DisputeState.OPEN,
        currency="CNY",
        amount_minor=100,
        frozen_minor=0,
        reason="fraudulent",
        raw={},
    )


def _payout(agent) -> Payout:
    return Payout(
        reference="S-1",
        agent_id=agent.id,
        currency="CNY",
        amount_minor=100,
        destination=PayoutDestination.BANK,
        state=PayoutState.REQUESTED,
        bank_account=b"",
        idempotency_key="k",
        requested_by_name="Alice",
    )
