import pytest

from portal.core import queue
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow
from portal.receipts import storage
from portal.web.admin import overview
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
