"""What a request claims about its host and its form's origin is not believed."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.models import Role, User
from portal.audit.models import AuditRecord
from portal.core.db import db, transaction
from portal.core.mail import Mail
from portal.renewals.models import Renewal
from tests import browsing, make

LIES = [
    {"Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Server": "evil.example"},
    {"Forwarded": "host=evil.example;proto=http"},
    {"X-Original-URL": "/admin/"},
    {"X-Rewrite-URL": "/admin/"},
]


@pytest.fixture
def alice(app: Flask) -> User:
    with transaction():
        user = make.user(role=Role.AGENT_OWNER, of=make.agent(), email="alice@leb.example", name="Alice")
        user.password_hash = "chosen"  # only whoever has chosen a password can have forgotten it
    return user


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: next(iter(lie)))
def test_a_mailed_link_leads_to_the_portal_whatever_the_request_says(
    client: FlaskClient, alice: User, lie: dict[str, str]
) -> None:
    token = browsing.csrf_token(client.get("/forgotten-password", headers=lie).text)

    answer = client.post("/forgotten-password", data={"csrf_token": token, "email": "alice@leb.example"}, headers=lie)

    assert answer.status_code == 200
    mail = db.session.scalars(select(Mail)).one()
    assert "https://portal.example/new-password/" in mail.text
    assert "evil" not in mail.text


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: next(iter(lie)))
def test_a_redirect_stays_on_the_portal(client: FlaskClient, lie: dict[str, str]) -> None:
    answer = client.get("/agent/", headers=lie)

    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/agent/")
    assert "evil" not in str(answer.headers)


def test_an_address_of_a_proxy_that_nobody_trusts_is_not_written_down(client: FlaskClient, alice: User) -> None:
    token = browsing.csrf_token(client.get("/sign-in").text)
    form = {"csrf_token": token, "email": "alice@leb.example", "password": "wrong"}

    client.post("/sign-in", data=form, headers={"X-Forwarded-For": "198.51.100.9"})

    refused = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc())).first()
    assert refused is not None
    assert (refused.act, refused.address) == ("sign_in_refused", "127.0.0.1")


@pytest.mark.parametrize("token", ["", "nonsense", "of another browser"])
def test_a_form_without_this_browsers_token_changes_nothing(
    app: Flask, client: FlaskClient, alice: User, token: str
) -> None:
    browsing.sign_in(client, alice)
    if token == "of another browser":
        token = browsing.csrf_token(app.test_client().get("/sign-in").text)

    answer = client.post("/sign-out", data={"csrf_token": token})

    assert answer.status_code == 400
    assert client.get("/agent/").status_code == 200


def test_a_token_from_before_the_sign_in_is_worth_nothing_after_it(client: FlaskClient, alice: User) -> None:
    before = browsing.csrf_token(client.get("/sign-in").text)
    with client.session_transaction() as cookie:
        cookie.clear()
    browsing.sign_in(client, alice)

    assert client.post("/sign-out", data={"csrf_token": before}).status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_a_body_that_is_no_form_orders_nothing(client: FlaskClient, alice: User, content_type: str) -> None:
    browsing.sign_in(client, alice)
    with transaction():
        card = make.card(make.customer(db.session.get_one(make.Agent, alice.agent_id)))

    answer = client.post(f"/agent/cards/{card.id}/renew", data="quote=1&idempotency_key=1", content_type=content_type)

    assert answer.status_code == 400
    assert db.session.scalars(select(Renewal)).all() == []
