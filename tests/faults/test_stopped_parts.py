"""Web, broker and database stop while orders come in: nothing that was acknowledged is lost, nothing is done twice."""

import resource
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from portal.core import ids
from portal.core.db import db
from portal.core.outbox import OutboxRow
from portal.receipts import queries as receipts
from portal.receipts.models import Receipt
from portal.renewals import verification
from portal.renewals.models import Renewal
from tests.faults.house import wait_until
from tests.faults.installation import Installation, Shop, files_at_most

pytestmark = pytest.mark.slow


def _keys(count: int) -> list[str]:
    return [str(ids.new_id()) for _ in range(count)]


def _placed(shop: Shop) -> dict[str, str]:
    """Every renewal of the shop's agent by its key."""
    db.session.rollback()
    rows = db.session.execute(
        select(Renewal.idempotency_key, Renewal.id).where(Renewal.agent_id == shop.counter.agent.id)
    )
    return {key: str(renewal_id) for key, renewal_id in rows}


def _receipts(shop: Shop) -> int:
    """How many receipts of the shop's agent have their file."""
    db.session.rollback()
    query = select(func.count()).where(Receipt.agent_id == shop.counter.agent.id, Receipt.rendered_at.is_not(None))
    return db.session.scalar(query) or 0


def _last_error(renewal_id: UUID) -> str | None:
    """What the worker wrote down when it failed to render the receipt of a renewal."""
    db.session.rollback()
    query = select(OutboxRow.last_error).join(Receipt, Receipt.id == OutboxRow.subject_id)
    return db.session.scalar(query.where(Receipt.renewal_id == renewal_id, OutboxRow.kind == "receipts.render"))


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def _wallet_minor(shop: Shop) -> int:
    db.session.rollback()
    return shop.counter.wallet_minor()


def test_a_web_process_killed_in_the_middle_of_orders_loses_and_doubles_nothing(installation: Installation) -> None:
    shop = installation.open_shop(money_minor=400_000)
    keys = _keys(30)

    with shop.ordering(keys) as orders:
        assert orders.are_flowing.wait(20)
        installation.house.kill(installation.web)
    installation.web = installation.house.web()

    assert 8 <= len(orders.acknowledged) < 30
    assert orders.acknowledged.items() <= _placed(shop).items()
    again = {key: shop.order(key) for key in keys}
    assert orders.acknowledged.items() <= again.items()
    assert again == _placed(shop)
    assert len(set(again.values())) == 30
    assert _wallet_minor(shop) == 85_000
    assert verification.verify_everything() == []


def test_orders_stand_while_the_broker_is_away_and_receipts_follow_one_sweep_after(installation: Installation) -> None:
    shop = installation.open_shop(money_minor=100_000)

    installation.valkey.stop()
    placed = [shop.order(key) for key in _keys(3)]
    ready = installation.get("/readyz")
    installation.valkey.start()  # as empty as on its first day

    assert all(placed)
    assert (ready.status_code, ready.json()["missing"]) == (503, ["broker", "worker"])
    wait_until(lambda: _receipts(shop) == 3, seconds=20)
    wait_until(lambda: installation.get("/readyz").status_code == 200, seconds=20)
    assert verification.verify_everything() == []


def test_a_database_stopped_as_by_a_power_cut_keeps_every_acknowledged_order(installation: Installation) -> None:
    shop = installation.open_shop(money_minor=400_000)
    keys = _keys(30)

    with shop.ordering(keys) as orders:
        assert orders.are_flowing.wait(20)
        installation.postgres.stop("immediate")
        away = shop.send(keys[0])
        healthy, ready = installation.get("/healthz"), installation.get("/readyz")
    installation.forget_connections()
    installation.postgres.start()

    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    assert (healthy.status_code, ready.status_code) == (200, 503)
    assert "database" in ready.json()["missing"]
    assert 8 <= len(orders.acknowledged) < 30
    assert orders.acknowledged.items() <= _placed(shop).items()
    wait_until(lambda: shop.order(keys[0]) is not None, seconds=20)
    again = {key: shop.order(key) for key in keys}
    assert orders.acknowledged.items() <= again.items()
    assert again == _placed(shop)
    assert len(set(again.values())) == 30
    assert _wallet_minor(shop) == 85_000
    wait_until(lambda: _receipts(shop) == 30, seconds=60)
    assert installation.clock.poll() is None
    assert installation.worker.poll() is None
    assert verification.verify_everything() == []


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits the files of a running process")
def test_a_full_disk_leaves_the_money_alone_and_the_receipt_comes_later(installation: Installation) -> None:
    shop = installation.open_shop(money_minor=100_000)
    invoices = installation.house.settings.invoices_dir
    before = _files(invoices)

    with files_at_most(installation.worker, 4096):
        renewal_id = UUID(shop.order(_keys(1)[0]))
        wait_until(lambda: _last_error(renewal_id) is not None, seconds=20)
        error, new_files = (
            _last_error(renewal_id),
            {path for path in set(invoices.rglob("*")) - before if path.is_file()},
        )
        jobs = shop.page_for_admin("/admin/jobs?state=failing")

    assert error == "OSError: [Errno 27] File too large"
    assert new_files == set()
    assert "File too large" in jobs
    assert _wallet_minor(shop) == 89_500
    wait_until(lambda: _receipts(shop) == 1, seconds=30)
    receipt = receipts.of_renewal(renewal_id)
    assert receipt is not None
    assert len(receipts.file_of(receipt)) > 5_000
    assert _last_error(renewal_id) is None
    assert verification.verify_everything() == []
