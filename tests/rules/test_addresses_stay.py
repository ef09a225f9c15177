"""Addresses and field names that bookmarks and scripts rely on (issue 2, section 10)."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import MethodNotAllowed, NotFound

from portal.accounts.models import Role, User
from portal.agents.models import Agent
from portal.core.db import db, transaction
from tests import browsing, make

ADDRESSES = [
    ("/sign-in", "GET POST"),
    ("/agent/", "GET"),
    ("/agent/cards/", "GET"),
    ("/agent/cards/new", "GET POST"),
    ("/agent/cards/<id>", "GET"),
    ("/agent/cards/<id>/renew", "GET POST"),
    ("/agent/renewals/<id>", "GET"),
    ("/agent/renewals/<id>/receipt.pdf", "GET"),
    ("/agent/wallet", "GET"),
    ("/agent/wallet/top-up", "GET POST"),
    ("/agent/wallet/low-balance", "GET POST"),
    ("/my/", "GET"),
    ("/my/receipts/<id>.pdf", "GET"),
    ("/verify/<code>", "GET"),
    ("/admin/", "GET"),
    ("/admin/transactions", "GET"),
    ("/admin/transactions/<id>", "GET"),
    ("/admin/agents/", "GET"),
    ("/admin/wallets/top-up", "GET POST"),
    ("/admin/ledger", "GET"),
    ("/admin/reconciliation/", "GET"),
    ("/admin/audit", "GET"),
    ("/admin/jobs", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
]

CARD_FIELDS = [
    *("iccid", "eid", "msisdn", "activation_code", "customer_name", "customer_email", "customer_phone"),
    *("label", "carrier", "locale"),
]


@pytest.mark.parametrize(("address", "methods"), ADDRESSES)
def test_is_served(app: Flask, address: str, methods: str) -> None:
    routes = app.url_map.bind("portal.example")
    path = address.replace("<id>", "0192f0c1-0000-7000-8000-000000000000").replace("<code>", "ABCDEFGHJKMNPQRSTVWX")

    for method in methods.split():
        try:
            routes.match(path, method=method)
        except (NotFound, MethodNotAllowed):
            pytest.fail(f"{method} {address} is gone")


def test_sign_in_has_its_fields(client: FlaskClient) -> None:
    page = client.get("/sign-in").text

    assert 'name="email"' in page
    assert 'name="password"' in page


def test_a_card_is_registered_with_its_fields(client: FlaskClient, alice: User) -> None:
    page = browsing.sign_in(client, alice).get("/agent/cards/new").text

    assert [field for field in CARD_FIELDS if f'name="{field}"' not in page] == []


def test_a_card_is_renewed_with_its_fields(client: FlaskClient, alice: User) -> None:
    with transaction():
        agent = db.session.get_one(Agent, alice.agent_id)
        make.money_in(agent, 100_000)
        card = make.card(make.customer(agent))
        plan = make.plan()
    browsing.sign_in(client, alice)

    page = client.get(f"/agent/cards/{card.id}/renew?plan={plan.code}").text

    assert [field for field in ("plan", "quote", "idempotency_key") if f'name="{field}"' not in page] == []


@pytest.fixture
def alice(app: Flask) -> User:
    with transaction():
        return make.user(role=Role.AGENT_OWNER, of=make.agent(), name="Alice")
