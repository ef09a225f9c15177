"""Nobody may try, order or export without end; the answer says so, and others are not kept out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.models import Role, User
from portal.core.db import db, transaction
from portal.factory import create_app
from portal.ledger import chart
from portal.payments import offers
from portal.payments.models import PaymentChannel
from portal.payments.providers.base import Method
from portal.web.limits import limiter
from tests import browsing, make, servers
from tests.conftest import Browser, migrated, settings_for
from tests.promotions import promoting
from tests.renewals.conftest import Counter, open_counter


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """A portal that counts."""
    url = servers.database_url(prepare=migrated, name="counted")
    counting = create_app(settings_for(url, tmp_path, rate_limits=True, rate_limit_sign_in="3 per minute"))
    counting.test_client_class = Browser
    with counting.app_context():
        limiter.reset()
        chart.forget_ids()
        try:
            yield counting
        finally:
            limiter.reset()
            db.session.remove()
            db.engine.dispose()
            chart.forget_ids()


@pytest.fixture
def counter(app: Flask) -> Counter:
    return open_counter()


def _user(role: Role) -> User:
    with transaction():
        return make.user(role=role)


def test_signing_in_is_counted_by_address_and_account(client: FlaskClient) -> None:
    token = browsing.csrf_token(client.get("/sign-in").text)

    def attempt(email: str) -> int:
        return client.post("/sign-in", data={"csrf_token": token, "email": email, "password": "wrong"}).status_code

    assert [attempt("alice@leb.example") for _ in range(4)] == [422, 422, 422, 429]
    assert attempt("ALICE@leb.example ") == 429
    assert attempt("bob@leb.example") == 422


def test_a_limit_says_how_long_to_wait(client: FlaskClient) -> None:
    token = browsing.csrf_token(client.get("/sign-in").text)
    form = {"csrf_token": token, "email": "alice@leb.example", "password": "wrong"}

    answer = [client.post("/sign-in", data=form, headers={"Accept-Language": "en"}) for _ in range(4)][-1]

    assert answer.status_code == 429
    assert "Please wait a few minutes" in answer.text


def test_codes_for_customers_are_counted(client: FlaskClient) -> None:
    token = browsing.csrf_token(client.get("/my/sign-in").text)
    form = {"csrf_token": token, "email": "carol@customers.example"}

    assert [client.post("/my/sign-in", data=form).status_code for _ in range(4)] == [303, 303, 303, 429]


def test_orders_are_counted_by_who_orders(app: Flask, client: FlaskClient, counter: Counter) -> None:
    browsing.sign_in(client, db.session.get_one(User, counter.actor.id))
    page = f"/agent/cards/{counter.card.id}/renew"
    form = {"csrf_token": browsing.csrf_token(client.get(page).text), "quote": "none", "idempotency_key": "1"}

    statuses = [client.post(page, data=form).status_code for _ in range(61)]

    assert set(statuses[:60]) == {409}
    assert statuses[60] == 429
    assert client.get(page).status_code == 200
    with transaction():
        clerk = make.user(role=Role.AGENT_CLERK, of=counter.agent)
    other = browsing.sign_in(app.test_client(), clerk)
    form["csrf_token"] = browsing.csrf_token(other.get(page).text)
    assert other.post(page, data=form).status_code == 409


def test_exports_are_counted(client: FlaskClient) -> None:
    browsing.sign_in(client, _user(Role.ADMIN))
    form = {"csrf_token": browsing.csrf_token(client.get("/password").text), "format": "csv"}

    statuses = [client.post("/admin/transactions/export", data=form).status_code for _ in range(31)]

    assert statuses[0] == 303
    assert statuses[-1] == 429


def test_codes_that_do_not_exist_are_counted_and_others_are_not(
    app: Flask, client: FlaskClient, counter: Counter
) -> None:
    with transaction():
        promoting.with_code("SPRING10")
        owner = make.user(role=Role.AGENT_OWNER, of=counter.agent)
    browsing.sign_in(client, owner)

    def attempt(code: str) -> int:
        return client.get(f"/agent/cards/{counter.card.id}/renew?plan={counter.plan.code}&code={code}").status_code

    assert [attempt("SPRING10") for _ in range(22)] == [200] * 22
    assert [attempt(f"GUESS{number}") for number in range(21)] == [200] * 20 + [429]
    assert attempt("SPRING10") == 429
    assert attempt("") == 200


def test_codes_that_customers_try_on_their_own_pages_are_counted_too(client: FlaskClient, counter: Counter) -> None:
    with transaction():
        promoting.with_code("SPRING10")
        offers.offer(
            currency="CNY",
            channel=PaymentChannel.WEBSITE,
            chosen={Method.CARD: "stripe"},
            actor=make.actor(name="Dana"),
        )
    browsing.sign_in_customer(client, counter.customer)

    def attempt(code: str) -> int:
        return client.get(f"/my/cards/{counter.card.id}/renew?plan={counter.plan.code}&code={code}").status_code

    assert [attempt("SPRING10") for _ in range(22)] == [200] * 22
    assert [attempt(f"GUESS{number}") for number in range(21)] == [200] * 20 + [429]
    assert attempt("") == 200
