"""The verifier finds every renewal whose money, receipt or confirmation does not agree with its state."""

import warnings
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text

from benchmarks import volume
from portal.audit import sealing
from portal.cli import ledger
from portal.core.db import db
from portal.factory import create_app
from portal.ledger import chart
from portal.renewals import verification
from tests import servers
from tests.conftest import migrated, settings_for
from tests.ledger.books import tamper


@pytest.fixture(scope="module")
def years_of_business(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application over two years of renewals in every state, made once for this module."""
    url = servers.database_url(prepare=migrated, name="volume")
    app = create_app(settings_for(url, tmp_path_factory.mktemp("volume")))
    with app.app_context(), warnings.catch_warnings():
        volume.fill(renewals=400, agents=3)
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def business(years_of_business: Flask) -> Iterator[Flask]:
    """The same, with whatever a test changes rolled back after it."""
    with years_of_business.app_context():
        engine = db.engines[None]
        connection = engine.connect()
        outer = connection.begin()
        db.engines[None] = connection
        try:
            yield years_of_business
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            db.engines[None] = engine
            chart.forget_ids()


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("business")]


def found() -> set[tuple[str, str]]:
    return {(finding.rule, finding.what) for finding in verification.verify_everything()}


def test_finds_nothing_in_years_of_business() -> None:
    states = db.session.scalars(text("SELECT DISTINCT state::text FROM renewals ORDER BY 1")).all()

    assert states == ["delivered", "paid", "refunded", "returned", "unknown"]
    assert verification.verify_everything() == []


def test_the_volume_has_the_shape_it_promises() -> None:
    counts = db.session.execute(
        text(
            """
            SELECT (SELECT count(*) FROM renewals), (SELECT count(DISTINCT currency) FROM renewals),
                   (SELECT count(*) FROM renewals WHERE state = 'returned') BETWEEN 8 AND 32,
                   (SELECT count(*) FROM receipts), (SELECT min(balance_minor) FROM ledger_accounts WHERE guarded)
            """
        )
    ).one()

    delivered = db.session.scalar(text("SELECT count(*) FROM renewals WHERE delivered_at IS NOT NULL"))
    assert tuple(counts) == (400, 4, True, delivered, 100_000)


A_DELIVERED = "(SELECT id FROM renewals WHERE state = 'delivered' AND fee_minor > 0 ORDER BY id LIMIT 1)"
A_RETURNED = "(SELECT id FROM renewals WHERE state = 'returned' ORDER BY id LIMIT 1)"
A_REFUNDED = "(SELECT id FROM renewals WHERE state = 'refunded' ORDER BY id LIMIT 1)"
A_PAID = "(SELECT id FROM renewals WHERE state = 'paid' ORDER BY id LIMIT 1)"

OTHER_TRANSFERS = ("deliveries", "an entry with other transfers than the renewal calls for")
MISSING = ("deliveries", "an entry is missing")
UNCALLED = ("deliveries", "an entry that the state does not call for")


@pytest.mark.parametrize("line", ["tax_minor", "share_minor", "cost_minor"])
def test_finds_a_renewal_whose_lines_are_not_what_was_posted(line: str) -> None:
    tamper(f"UPDATE renewals SET {line} = {line} + 1 WHERE id = {A_DELIVERED}")

    assert found() == {OTHER_TRANSFERS}


@pytest.mark.parametrize(
    "change",
    [
        "currency = 'EUR'",
        "agent_id = (SELECT id FROM agents a WHERE a.id <> agent_id LIMIT 1)",
        "source = 'customer_balance'",
    ],
)
def test_finds_a_renewal_whose_payer_or_currency_is_another(change: str) -> None:
    tamper(f"UPDATE renewals SET {change} WHERE id = {A_DELIVERED}")

    assert found() == {OTHER_TRANSFERS}


def test_finds_a_renewal_delivered_by_another_carrier() -> None:
    tamper(f"UPDATE renewals SET carrier = 'sandbox-west' WHERE id = {A_DELIVERED}")

    assert found() == {OTHER_TRANSFERS}


def test_finds_a_price_that_is_not_what_was_paid() -> None:
    tamper(
        f"""
        UPDATE renewals SET price_minor = price_minor + 1, base_minor = base_minor + 1, total_minor = total_minor + 1
        WHERE id = {A_DELIVERED}
        """
    )

    assert found() == {OTHER_TRANSFERS}


def test_finds_money_that_is_still_held_for_what_is_said_to_be_done() -> None:
    tamper(f"UPDATE renewals SET state = 'returned' WHERE id = {A_PAID}")

    rules = found()

    assert MISSING in rules
    assert {rule for rule, _ in rules} == {"deliveries", "escrow"}


def test_finds_money_that_is_no_longer_held_for_what_is_said_to_wait() -> None:
    tamper(f"UPDATE renewals SET state = 'unknown' WHERE id = {A_DELIVERED}")

    rules = found()

    assert UNCALLED in rules
    assert {rule for rule, _ in rules} == {"deliveries", "escrow"}


def test_finds_a_delivery_that_was_never_paid() -> None:
    tamper(f"UPDATE renewals SET state = 'cancelled' WHERE id = {A_RETURNED}")

    assert found() == {UNCALLED}


def test_finds_an_entry_that_was_taken_out_with_all_its_transfers() -> None:
    entry = f"(SELECT id FROM ledger_entries WHERE kind = 'deliver' AND subject_id = {A_DELIVERED})"
    tamper(f"DELETE FROM ledger_transfers WHERE entry_id = {entry}")
    tamper(f"DELETE FROM ledger_entries WHERE id = {entry}")

    rules = found()

    assert MISSING in rules
    assert {rule for rule, _ in rules} == {"deliveries", "escrow"}


def test_finds_money_moved_under_a_made_up_entry() -> None:
    tamper(
        f"""
        WITH forged AS (
            INSERT INTO ledger_entries (id, key, kind, subject_kind, subject_id, posted_at, digest)
            SELECT gen_random_uuid(), 'forged', 'gift', 'renewal', {A_PAID}, now(), ''
            RETURNING *
        )
        INSERT INTO ledger_transfers (entry_id, kind, subject_kind, subject_id, debit_account_id, credit_account_id,
                                      amount_minor, currency, posted_at)
        SELECT forged.id, forged.kind, 'renewal', subject_id, escrow.id, revenue.id, 5, 'CNY', posted_at
        FROM forged, ledger_accounts escrow, ledger_accounts revenue
        WHERE escrow.name = 'escrow' AND revenue.name = 'revenue' AND escrow.currency = 'CNY'
              AND revenue.currency = 'CNY'
        """
    )

    assert {rule for rule, _ in found()} == {"entries", "deliveries", "escrow"}


def test_finds_a_refund_that_is_not_the_whole() -> None:
    tamper(f"UPDATE renewals SET state = 'partly_refunded' WHERE id = {A_REFUNDED}")

    ((rule, what),) = found()

    assert rule == "escrow"
    assert what.startswith("escrow holds 0 and ")
    assert what.endswith(" paid while partly_refunded")


@pytest.mark.parametrize("state", ["refunded", "partly_refunded"])
def test_finds_a_refund_that_was_never_paid_out(state: str) -> None:
    tamper(f"UPDATE renewals SET state = '{state}' WHERE id = {A_DELIVERED}")

    ((rule, what),) = found()

    assert rule == "escrow"
    assert " and 0 were refunded of " in what


def test_a_refund_under_way_may_have_moved_nothing_yet() -> None:
    tamper(f"UPDATE renewals SET state = 'refunding' WHERE id = {A_DELIVERED}")

    assert found() == set()


def test_finds_a_delivery_without_receipt() -> None:
    tamper(f"DELETE FROM receipts WHERE renewal_id = {A_DELIVERED}")

    rules = found()

    assert {rule for rule, _ in rules} == {"deliveries", "receipts"}
    assert ("receipts", "receipt numbers are missing before this one") in rules


def test_finds_a_receipt_of_nothing() -> None:
    tamper(f"UPDATE receipts SET renewal_id = gen_random_uuid() WHERE renewal_id = {A_DELIVERED}")

    assert {rule for rule, _ in found()} == {"deliveries"}
    assert len(found()) == 2  # the delivery without, and the receipt of nothing


def test_finds_a_returned_renewal_with_a_receipt() -> None:
    tamper(f"UPDATE receipts SET renewal_id = {A_RETURNED} WHERE renewal_id = {A_DELIVERED}")

    assert {what.partition(" while")[2] for _, what in found()} == {" delivered", " returned"}


@pytest.mark.parametrize("change", ["carrier_confirmation = NULL", "delivered_at = NULL"])
def test_finds_a_delivery_without_confirmation(change: str) -> None:
    tamper(f"UPDATE renewals SET {change} WHERE id = {A_DELIVERED}")

    assert {rule for rule, _ in found()} == {"deliveries"}


def test_finds_a_returned_renewal_with_a_confirmation() -> None:
    tamper(f"UPDATE renewals SET carrier_confirmation = 'EAST-1' WHERE id = {A_RETURNED}")

    assert found() == {("deliveries", "0 receipts and confirmation EAST-1 while returned")}


ONE = "(SELECT id FROM receipts WHERE serial = 3 ORDER BY year LIMIT 1)"


def test_finds_a_receipt_number_that_is_not_its_serial() -> None:
    tamper(f"UPDATE receipts SET number = 'LEB-1999-0000003' WHERE id = {ONE}")

    assert found() == {("receipts", "a receipt number that is not its year and serial")}


def test_finds_a_gap_in_the_receipt_numbers() -> None:
    tamper(f"UPDATE receipts SET serial = NULL, year = NULL, number = NULL WHERE id = {ONE}")

    assert found() == {("receipts", "receipt numbers are missing before this one")}


def test_finds_a_receipt_number_given_twice() -> None:
    tamper("ALTER TABLE receipts DROP CONSTRAINT uq_receipts_year_serial")
    tamper("ALTER TABLE receipts DROP CONSTRAINT uq_receipts_number")
    tamper(f"UPDATE receipts r SET serial = 2, number = replace(number, '0000003', '0000002') WHERE id = {ONE}")

    assert ("receipts", "a receipt number given twice") in found()


def test_finds_a_counter_that_ran_ahead() -> None:
    first_year = "(SELECT min(year) FROM receipt_counters)"
    tamper(f"UPDATE receipt_counters SET last_serial = last_serial + 1 WHERE year = {first_year}")

    ((rule, what),) = found()

    assert rule == "receipts"
    assert what.startswith("the counter stands at ")


def test_finds_a_receipt_that_says_something_else() -> None:
    tamper(f"UPDATE receipts SET content = replace(content, 'CNY', 'USD') || ' ' WHERE id = {ONE}")

    assert found() == {("receipts", "the receipt says something else than when it was issued")}


def test_finds_an_altered_audit_record() -> None:
    sealing.seal()
    assert verification.verify_everything() == []
    tamper("UPDATE audit_log SET actor_name = 'Mallory' WHERE id = (SELECT min(id) FROM audit_log)")

    assert found() == {("audit", "the records are not those that were sealed")}


def test_the_command_says_that_the_books_are_right() -> None:
    said = CliRunner().invoke(ledger.verify)

    assert (said.exit_code, said.output) == (0, "The books are right: every rule holds.\n")


def test_the_command_names_the_rows_and_fails() -> None:
    tamper(f"UPDATE renewals SET carrier_confirmation = 'EAST-1' WHERE id = {A_RETURNED}")

    said = CliRunner().invoke(ledger.verify)

    assert said.exit_code == 1
    assert said.output.startswith("deliveries: 0 receipts and confirmation EAST-1 while returned (renewal ")


def test_names_the_renewal() -> None:
    reference = db.session.scalar(text(f"SELECT reference FROM renewals WHERE id = {A_RETURNED}"))
    tamper(f"UPDATE renewals SET carrier_confirmation = 'EAST-1' WHERE id = {A_RETURNED}")

    (finding,) = verification.verify_everything()

    assert finding.where.startswith("renewal ")
    assert finding.where.endswith(f" {reference}")
