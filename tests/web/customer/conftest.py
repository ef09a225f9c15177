"""Carol, her card at alice's counter, a renewal of it, and a browser of hers."""

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.agents.models import Agent
from portal.cards.models import Card
from portal.catalogue.models import PlanVersion
from portal.core.db import transaction
from portal.customers.models import Customer
from tests import browsing, make, renewed


@dataclass
class Carol:
    """A customer of alice's with one card; the wallet covers a few renewals."""

    customer: Customer
    agent: Agent
    card: Card
    plan: PlanVersion


@pytest.fixture
def carol(app: Flask) -> Carol:
    with transaction():
        alice = make.agent()
        make.money_in(alice, 100_000)
        customer = make.customer(alice, name="Carol Chan", email="carol@customers.example")
        card = make.card(customer, iccid="89852000263318806140")
        return Carol(customer, alice, card, make.plan(code=renewed.PLAN_CODE))


@pytest.fixture
def hers(client: FlaskClient, carol: Carol) -> FlaskClient:
    browser = browsing.sign_in_customer(client, carol.customer)
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return browser
