"""The database asks for a retry, or has no connection free: a few tries, then 503, and nothing half done."""

from contextlib import ExitStack
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.accounts.models import User
from portal.core import ids
from portal.core.db import db, in_transaction, transaction
from portal.renewals import verification
from tests import browsing
from tests.beside import all_at_once
from tests.conftest import Browser
from tests.renewals.conftest import Counter, open_counter

SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"


@pytest.fixture
def counter(own_app: Flask) -> Counter:
    return open_counter()


@pytest.fixture
def client(own_app: Flask, counter: Counter) -> FlaskClient:
    """The counter's browser."""
    own_app.test_client_class = Browser
    signed_in = browsing.sign_in(own_app.test_client(), db.session.get_one(User, counter.actor.id))
    signed_in.set_cookie("language", "en")
    return signed_in


def _fail_so_often(times: int, sqlstate: str) -> None:
    """Let the next orders fail inside the database; a sequence counts on even when a transaction is rolled back."""
    with transaction():
        db.session.execute(text("CREATE SEQUENCE failures"))
        db.session.execute(
            text(
                f"""
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('failures') <= {times} THEN
                        RAISE EXCEPTION 'made by a test' USING ERRCODE = '{sqlstate}';
                    END IF;
                    RETURN NEW;
                END $$
                """
            )
        )
        db.session.execute(
            text("CREATE TRIGGER fail BEFORE UPDATE ON ledger_accounts FOR EACH ROW EXECUTE FUNCTION fail()")
        )


def _order(client: FlaskClient, counter: Counter) -> Any:
    page = f"/agent/cards/{counter.card.id}/renew"
    form = {
        "quote": counter.signed_quote(),
        "idempotency_key": str(ids.new_id()),
        "csrf_token": browsing.csrf_token(client.get(page).text),
    }
    return client.post(page, data=form)


@pytest.mark.parametrize("sqlstate", [SERIALIZATION_FAILURE, DEADLOCK])
def test_two_failures_are_not_noticed(client: FlaskClient, counter: Counter, sqlstate: str) -> None:
    _fail_so_often(2, sqlstate)

    answer = _order(client, counter)

    assert answer.status_code == 303
    assert counter.wallet_minor() == 89_500
    assert counter.renewals() == 1
    assert verification.verify_everything() == []


@pytest.mark.parametrize("sqlstate", [SERIALIZATION_FAILURE, DEADLOCK])
def test_four_failures_are_told_and_nothing_is_changed(client: FlaskClient, counter: Counter, sqlstate: str) -> None:
    _fail_so_often(4, sqlstate)

    answer = _order(client, counter)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Nothing was changed" in answer.text
    assert counter.wallet_minor() == 100_000
    assert counter.renewals() == 0
    assert verification.verify_everything() == []


def test_a_real_deadlock_is_resolved_without_anybody_noticing(own_app: Flask, counter: Counter) -> None:
    account_ids = db.session.scalars(text("SELECT id FROM ledger_accounts ORDER BY id LIMIT 2")).all()
    db.session.rollback()
    orders, meeting = [account_ids, account_ids[::-1]], Barrier(2)

    def take_both() -> str:
        mine, has_met = orders.pop(), []

        def act() -> str:
            for account_id in mine:
                db.session.execute(text("SELECT FROM ledger_accounts WHERE id = :id FOR UPDATE"), {"id": account_id})
                if not has_met:
                    has_met.append(meeting.wait())
            return "done"

        return in_transaction(act)

    assert all_at_once(own_app, take_both, times=2) == ["done", "done"]


def test_an_exhausted_pool_is_told_and_the_portal_recovers_by_itself(
    client: FlaskClient, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = db.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.1)
    db.session.remove()
    with ExitStack() as taken:
        for _ in range(pool.size()):
            taken.enter_context(db.engine.connect())
        page, health = client.get("/agent/"), client.get("/healthz")

    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "One moment, please" in page.text
    assert health.status_code == 200
    assert client.get("/agent/").status_code == 200
    assert counter.renewals() == 0
