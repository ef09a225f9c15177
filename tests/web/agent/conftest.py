"""Alice's counter in a browser: her wallet holds CNY 1,000.00, carol has a card, and there is a plan for CNY 100.00."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.accounts.models import Role, User
from portal.agents.models import Agent
from portal.audit.models import AuditRecord
from portal.cards.models import Card
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.customers.models import Customer
from portal.renewals import offers, placing
from portal.renewals.models import Renewal
from portal.wallets import queries as wallets
from tests import browsing, make

NOW = datetime(2026, 11, 22, 6, 18, tzinfo=UTC)
"""14:18 in Shanghai, the day before carol's card runs out."""


@dataclass
class Counter:
    """Alice's counter, with a browser in which she is signed in."""

    agent: Agent
    owner: User
    clerk: User
    customer: Customer
    card: Card
    plan: PlanVersion
    browser: FlaskClient

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.browser.get(path, **kwargs)

    def get_piece(self, path: str, *, target: str = "") -> TestResponse:
        """Ask as htmx does."""
        return self.browser.get(path, headers={"HX-Request": "true", "HX-Target": target})

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Send a form with the token of a page that was shown."""
        token = browsing.csrf_token(self.browser.get("/agent/clerks/").text)
        return self.browser.post(path, data={"csrf_token": token, **fields})

    def words(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return browsing.words(answer.text)

    def place(self) -> UUID:
        """Renew carol's card, as the pay button does."""
        signed = offers.one(self.card, self.plan.code, now=clock.now()).signed
        return in_transaction(
            lambda: placing.place(
                agent_id=self.agent.id,
                card_id=self.card.id,
                signed_quote=signed,
                idempotency_key=str(make.key()),
                actor=make.actor(self.owner),
            )
        ).id

    def wallet_minor(self) -> int:
        return wallets.in_currency(self.agent.id, "CNY").balance.minor

    def renewals(self) -> int:
        return db.session.scalar(select(func.count()).select_from(Renewal)) or 0

    def acts(self) -> list[str]:
        return list(db.session.scalars(select(AuditRecord.act).order_by(AuditRecord.id)))


def signed_in(app: Flask, user: User) -> FlaskClient:
    """Open a browser in English in which a user is signed in."""
    browser = app.test_client()
    browser.set_cookie("language", "en")
    return browsing.sign_in(browser, user)


@pytest.fixture
def counter(app: Flask) -> Any:
    def opened() -> tuple[Any, ...]:
        agent = make.agent()
        owner = make.user(role=Role.AGENT_OWNER, of=agent, name="Alice")
        clerk = make.user(role=Role.AGENT_CLERK, of=agent, name="Chen")
        customer = make.customer(agent, name="Carol Chan", email="carol@customers.example")
        make.money_in(agent, 100_000)
        card = make.card(customer, iccid="89852000263318806140")
        return agent, owner, clerk, customer, card, make.plan(code="JP-10G-30D")

    with clock.fixed(NOW):
        made = in_transaction(opened)
        yield Counter(*made, browser=signed_in(app, made[1]))


@pytest.fixture
def bob(app: Flask, counter: Counter) -> FlaskClient:
    """The browser of the rival agent's owner."""
    rival = in_transaction(
        lambda: make.user(role=Role.AGENT_OWNER, of=make.agent(name_en="Pacific Roam", name_zh="环太"), name="Bob")
    )
    return signed_in(app, rival)


@pytest.fixture
def clerk(app: Flask, counter: Counter) -> FlaskClient:
    """The browser of alice's clerk."""
    return signed_in(app, counter.clerk)
