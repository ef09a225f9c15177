"""What was altered behind our back is named; what was lost comes back from a backup, and nobody is charged twice."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from portal.audit import sealing
from portal.core import outbox
from portal.core.db import db, in_transaction, transaction
from portal.core.embedded.postgres import PostgresServer
from portal.core.outbox import OutboxRow
from portal.factory import create_app
from portal.ledger import chart
from portal.ledger.models import Transfer
from portal.receipts import document, filing, queries
from portal.receipts.content import from_canonical_json
from portal.receipts.models import Receipt
from portal.renewals import verification
from portal.wallets import queries as wallets
from tests import working
from tests.carriers.sandbox_process import RunningSandbox
from tests.faults.house import House
from tests.renewals.conftest import Counter

pytestmark = pytest.mark.slow


@pytest.fixture
def receipt(house: House, counter: Counter) -> Receipt:
    """The receipt of a delivered renewal, its file made, and the audit log sealed over all of it."""
    placed = counter.order()
    working.work_all()
    in_transaction(sealing.seal)
    found = queries.of_renewal(placed.id)
    assert found is not None
    assert found.is_ready
    return found


@contextmanager
def behind_our_back() -> Iterator[None]:
    """Change rows as somebody with the keys to the server could: no trigger looks."""
    with transaction():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        yield
    db.session.expire_all()


def test_the_commands_name_every_row_and_file_that_was_altered(house: House, receipt: Receipt) -> None:
    untouched = house.run("flask", "ledger", "verify")
    assert (untouched.returncode, filing.check()) == (0, [])
    with behind_our_back():
        db.session.execute(text("UPDATE ledger_transfers SET amount_minor = amount_minor + 1 WHERE kind = 'hold'"))
        db.session.execute(text("UPDATE audit_log SET actor_name = 'Somebody else' WHERE act = 'renewals.place'"))
        db.session.execute(text("UPDATE receipts SET content = replace(content, 'Carol', 'Karol')"))
    _file(house, receipt).write_bytes(b"%PDF-1.7 forged")

    verified, checked = house.run("flask", "ledger", "verify"), house.run("flask", "receipts", "check")

    assert (verified.returncode, checked.returncode) == (1, 1)
    assert f"renewal:{receipt.renewal_id}:hold" in verified.stdout
    assert f"receipt {receipt.id} {receipt.number}" in verified.stdout
    assert "audit log 1 to " in verified.stdout
    assert checked.stdout == f"{receipt.number}: the file was altered\n"


def test_a_lost_file_is_made_again_byte_for_byte(house: House, receipt: Receipt) -> None:
    lost = _file(house, receipt).read_bytes()
    _file(house, receipt).unlink()

    assert filing.check() == [(receipt.number, "the file is missing")]
    assert filing.check(restore=True) == []

    assert _file(house, receipt).read_bytes() == lost


def test_a_restored_database_is_right_and_charges_nobody_twice(
    house: House, receipt: Receipt, counter: Counter, carrier: RunningSandbox, tmp_path: Path
) -> None:
    renewal_id, number, sha256 = receipt.renewal_id, receipt.number, receipt.file_sha256
    iccid, paid_from = counter.card.iccid, counter.agent.id
    transfers = db.session.scalar(select(func.count()).select_from(Transfer))
    url = _restored(house.settings.database_url, tmp_path)
    restored = create_app(house.settings.model_copy(update={"database_url": url, "redis_url": ""}))

    with restored.app_context():
        chart.forget_ids()
        assert verification.verify_everything() == []
        again = queries.of_renewal(renewal_id)
        assert again is not None
        assert again.number == number
        assert _sha256(document.render(from_canonical_json(again.content), number=str(number))) == sha256

        _work_everything_again()

        assert wallets.in_currency(paid_from, "CNY").balance.minor == 89_500
        assert db.session.scalar(select(func.count()).select_from(Transfer)) == transfers
        assert db.session.scalar(select(func.count()).select_from(Receipt)) == 1
        assert verification.verify_everything() == []
        db.session.remove()
        db.engine.dispose()
    assert carrier.carried_out(iccid=iccid) == 1


def _work_everything_again() -> None:
    """Do every row of the outbox once more, as if nobody knew that it is done."""
    rows: list[tuple[str, UUID]] = [
        (row.kind, row.subject_id) for row in db.session.scalars(select(OutboxRow).order_by(OutboxRow.id))
    ]
    db.session.rollback()
    for kind, subject_id in rows:
        outbox.HANDLERS[kind](subject_id)


def _restored(url: str, folder: Path) -> str:
    """Back a database up with PostgreSQL's own programs and restore it under another name; gives its address."""
    address = make_url(url)
    name = f"{address.database}_restored"
    backup = folder / "backup"
    server = ["--host", str(address.query["host"]), "--username", str(address.username)]
    _run("pg_dump", *server, "--format=custom", "--file", backup, str(address.database))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    _run("pg_restore", *server, "--exit-on-error", "--dbname", name, backup)
    return address.set(database=name).render_as_string(hide_password=False)


def _run(program: str, *words: str | Path) -> None:
    subprocess.run([PostgresServer(Path("unused")).binary(program), *words], check=True, env=os.environ)


def _file(house: House, receipt: Receipt) -> Path:
    assert receipt.file_name is not None
    return house.settings.invoices_dir / receipt.file_name


def _sha256(pdf: bytes) -> str:
    return hashlib.sha256(pdf).hexdigest()
