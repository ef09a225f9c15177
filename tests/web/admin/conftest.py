"""The operator's house in a browser: dana (admin), fiona (finance), ada (auditor); alice's agent has CNY 1,000.00."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.accounts.models import Role, User
from portal.agents.models import Agent
from portal.audit.models import AuditRecord
from portal.cards.models import Card
from portal.carriers import registry
from portal.carriers.base import CardState, CardStatus, Confirmation, Refused
from portal.catalogue.models import PlanVersion
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.customers.models import Customer
from portal.renewals import fulfilment, offers, placing
from tests import browsing, make

NOW = datetime(2026, 11, 22, 6, 18, 7, tzinfo=UTC)
"""14:18:07 in Shanghai."""


@dataclass
class Person:
    """Somebody of the operator's with a browser in which they are signed in, in English."""

    user: User
    browser: FlaskClient

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.browser.get(path, **kwargs)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return answer.text

    def words(self, path: str) -> str:
        return browsing.words(self.page(path))

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Send a form with this browser's token."""
        token = browsing.csrf_token(self.browser.get("/password").text)
        return self.browser.post(path, data={"csrf_token": token, **fields})


@dataclass
class House:
    """What stands: alice's agent with a wallet, carol with her card, and a plan for CNY 100.00."""

    agent: Agent
    owner: User
    customer: Customer
    card: Card
    plan: PlanVersion

    def place(self) -> UUID:
        """Renew carol's card as alice does: CNY 105.00 with the fee of 5 %."""
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

    def deliver(self) -> UUID:
        renewal_id = self.place()
        fulfilment.fulfil(renewal_id)
        return renewal_id


class StandIn:
    """A carrier that confirms everything, or refuses when told to."""

    name = "sandbox-east"
    settles_within = timedelta(seconds=1)
    refuses_with = ""

    def submit_renewal(self, *, reference: str, iccid: str, plan_code: str) -> Confirmation:
        if self.refuses_with:
            raise Refused(self.refuses_with, "The card is suspended.", {"reason": self.refuses_with})
        before = CardState(None, 10240, 614, NOW + timedelta(days=1), CardStatus.ACTIVE, {})
        after = CardState(plan_code, 10240, 10240, NOW + timedelta(days=31), CardStatus.ACTIVE, {})
        raw = {"confirmation": "SE-99120", "activation_code": "••••"}
        return Confirmation("SE-99120", reference, iccid, plan_code, before, after, raw)


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setitem(registry.REGISTRY, "sandbox-east", stand_in)
    return stand_in


@pytest.fixture
def house(app: Flask) -> Iterator[House]:
    def built() -> House:
        agent = make.agent()
        owner = make.user(role=Role.AGENT_OWNER, of=agent, name="Alice", email="alice@global-link.example")
        customer = make.customer(agent, name="Carol Chan", email="carol@customers.example")
        make.money_in(agent, 100_000)
        card = make.card(customer, iccid="89852000263318806140")
        return House(agent, owner, customer, card, make.plan(code="JP-10G-30D"))

    with clock.fixed(NOW):
        yield in_transaction(built)


@pytest.fixture
def dana(app: Flask, house: House) -> Person:
    """The admin."""
    return _signed_in(app, Role.ADMIN, "Dana")


@pytest.fixture
def fiona(app: Flask, house: House) -> Person:
    """Finance."""
    return _signed_in(app, Role.FINANCE, "Fiona")


@pytest.fixture
def ada(app: Flask, house: House) -> Person:
    """The auditor."""
    return _signed_in(app, Role.AUDITOR, "Ada")


def acts() -> list[AuditRecord]:
    """Give the audit log, oldest first."""
    return list(db.session.scalars(select(AuditRecord).order_by(AuditRecord.id)))


def last_act() -> AuditRecord:
    return acts()[-1]


def _signed_in(app: Flask, role: Role, name: str) -> Person:
    user = in_transaction(lambda: make.user(role=role, name=name, email=f"{name.lower()}@leb.example"))
    browser = app.test_client()
    browser.set_cookie("language", "en")
    return Person(user, browsing.sign_in(browser, user))
