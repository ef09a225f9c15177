import pytest
from flask import Flask

from portal.accounts.models import Role
from portal.agents.models import AgentStatus
from portal.core.db import in_transaction
from tests import browsing, make
from tests.web.agent.conftest import signed_in

PAGES = [
    "/agent/",
    "/agent/cards/",
    "/agent/cards/new",
    "/agent/cards/{card}",
    "/agent/cards/{card}/state",
    "/agent/cards/{card}/renew",
    "/agent/renewals/",
    "/agent/renewals/{renewal}",
    "/agent/renewals/{renewal}/progress",
    "/agent/renewals/{renewal}/receipt.pdf",
    "/agent/renewals/{renewal}/receipt.pdf?paper=thermal",
    "/agent/customers/",
    "/agent/customers/{customer}",
    "/agent/customers/{customer}/edit",
    "/agent/wallet",
    "/agent/wallet.csv",
    "/agent/earnings",
    "/agent/terms",
    "/agent/clerks/",
]
THEIRS = [page for page in PAGES if "{" in page]
SELLING = ["/agent/cards/new", "/agent/cards/{card}/renew"]
ACTS = [
    "/agent/cards/{card}/renew",
    "/agent/cards/{card}/refresh",
    "/agent/cards/{card}/label",
    "/agent/cards/{card}/suspend",
    "/agent/cards/{card}/resume",
    "/agent/cards/{card}/remove",
    "/agent/cards/{card}/reveal",
    "/agent/customers/{customer}/edit",
    "/agent/customers/{customer}/send-link",
    "/agent/clerks/{clerk}/suspend",
    "/agent/clerks/{clerk}/restore",
    "/agent/clerks/{clerk}/invite-again",
]


@pytest.fixture
def address(counter):
    renewal_id = counter.place()
    return lambda page: page.format(
        card=counter.card.id, renewal=renewal_id, customer=counter.customer.id, clerk=counter.clerk.id
    )


@pytest.mark.parametrize("path", PAGES)
def test_sends_a_stranger_to_sign_in(client, address, path):
    answer = client.get(address(path))

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE, Role.AUDITOR])
def test_refuses_the_operators_people(app: Flask, address, path, role):
    browser = signed_in(app, in_transaction(lambda: make.user(role=role)))

    assert browser.get(address(path)).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_sends_a_customer_away(client, counter, address, path):
    browsing.sign_in_customer(client, counter.customer)

    assert client.get(address(path)).status_code == 403


@pytest.mark.parametrize("path", THEIRS)
def test_hides_what_is_another_agents(bob, address, path):
    assert bob.get(address(path)).status_code == 404
    assert bob.head(address(path)).status_code == 404


@pytest.mark.parametrize("act", ACTS)
def test_lets_a_rival_do_nothing(bob, address, act):
    token = browsing.csrf_token(bob.get("/agent/").text)

    answer = bob.post(address(act), data={"csrf_token": token, "secret": "eid", "label": "mine"})

    assert answer.status_code == 404


@pytest.mark.parametrize("path", THEIRS)
@pytest.mark.parametrize(
    "odd", ["0", "not-an-id", "01a11906-3680-78b4-8e5b-d14dd591abbd", "01A11906-3680-78B4-8E5B-D14DD591ABBD"]
)
def test_knows_no_odd_ids(counter, path, odd):
    address = path.format(card=odd, renewal=odd, customer=odd)

    assert counter.get(address).status_code == 404


@pytest.mark.parametrize("status", [AgentStatus.PENDING, AgentStatus.SUSPENDED])
@pytest.mark.parametrize("path", SELLING)
def test_an_agent_who_may_not_sell_is_told_so(counter, address, path, status):
    counter.agent.status = status
    in_transaction(lambda: None)

    assert counter.get(address(path)).status_code == 403


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (AgentStatus.PENDING, "Your account is being verified."),
        (AgentStatus.SUSPENDED, "Your account is suspended."),
    ],
)
@pytest.mark.parametrize("path", [page for page in PAGES if page not in SELLING and "receipt" not in page])
def test_an_agent_who_may_not_sell_still_sees_everything(counter, address, path, status, words):
    counter.agent.status = status
    in_transaction(lambda: None)

    answer = counter.get(address(path))

    assert answer.status_code == 200
    assert '/renew"' not in answer.text
    if path in ("/agent/", "/agent/cards/", "/agent/wallet"):
        assert words in answer.text


def test_a_clerk_does_not_see_the_clerks(clerk):
    answer = clerk.get("/agent/clerks/")

    assert answer.status_code == 403
    assert "/agent/clerks/" not in clerk.get("/agent/").text


def test_a_clerk_renews_and_registers(clerk, address):
    assert clerk.get(address("/agent/cards/{card}/renew")).status_code == 200
    assert clerk.get("/agent/cards/new").status_code == 200
