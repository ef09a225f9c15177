"""Everybody is called something hostile; every page that can be reached by a link shows it as text and is there."""

import html
import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.models import Role, User
from portal.agents.models import Agent
from portal.cards.models import Card
from portal.core.db import transaction
from portal.customers.models import Customer
from tests import browsing, make, renewed

HOSTILE = """<xss onclick=x()>'"</xss>{{ 7*7 }}%(x)s"""

BROKEN_OUT = re.compile(r"""<xss|'"&lt;|'"<|%\(x\)(?!s)|\b49%""")
"""The name as markup, its quotes as they were typed, or its templates filled in."""

NOT_PAGES = ("/static/", "/theme.css", "/language/", "/sign-out", "/manifest", "/favicon")


@pytest.fixture
def agent(app: Flask) -> Agent:
    with transaction():
        made = make.agent(name_en=HOSTILE, name_zh=HOSTILE)
        made.contact_name = HOSTILE
        make.money_in(made, 100_000, by=make.user(role=Role.FINANCE, name=HOSTILE))
    return made


@pytest.fixture
def customer(agent: Agent) -> Customer:
    with transaction():
        return make.customer(agent, name=HOSTILE)


@pytest.fixture
def owner(agent: Agent) -> User:
    with transaction():
        return make.user(role=Role.AGENT_OWNER, of=agent, name=HOSTILE)


@pytest.fixture
def card(app: Flask, customer: Customer, owner: User) -> Iterator[Card]:
    """A card that was renewed, with its receipt and its mail, and once more with the carrier's refusal."""
    with transaction():
        made = make.card(customer)
        made.label = HOSTILE
        plan = make.plan(code=renewed.PLAN_CODE)
        plan.name_en = plan.name_zh = HOSTILE
    renewal = renewed.renew(made, plan)
    renewed.print_receipt(renewed.receipt_of(renewal))
    return made


def _links(page: str, base: str) -> set[str]:
    found = {html.unescape(link) for link in re.findall(r'\s(?:href|hx-get)="([^"]*)"', page)}
    return {
        urldefrag(urljoin(base, link)).url
        for link in found
        if not urlsplit(link).netloc and not urlsplit(link).scheme and not link.startswith(NOT_PAGES)
    }


def _crawl(browser: FlaskClient, start: str, *, at_most: int = 150) -> dict[str, str]:
    """Follow every link from a page on; gives each page's text by its address."""
    pages: dict[str, str] = {}
    waiting, seen = [start], {start}
    while waiting and len(pages) < at_most:
        address = waiting.pop(0)
        answer = browser.get(address, follow_redirects=True)
        assert answer.status_code in (200, 202), f"{address}: {answer.status}"
        pages[address] = answer.text if answer.mimetype == "text/html" else ""
        new = _links(pages[address], address) - seen
        waiting.extend(sorted(new))
        seen |= new
    return pages


def _assert_text(pages: dict[str, str]) -> None:
    broken = {address: found[0] for address, page in pages.items() if (found := BROKEN_OUT.search(page))}
    assert broken == {}
    assert any("&lt;xss" in page for page in pages.values())


def test_on_every_page_of_the_operator(app: Flask, client: FlaskClient, card: Card) -> None:
    with transaction():
        admin = make.user(role=Role.ADMIN, name=HOSTILE)

    pages = _crawl(browsing.sign_in(client, admin), "/admin/")

    assert len(pages) > 30
    _assert_text(pages)


def test_on_every_page_of_the_counter(app: Flask, client: FlaskClient, card: Card, owner: User) -> None:
    pages = _crawl(browsing.sign_in(client, owner), "/agent/")

    assert len(pages) > 12
    _assert_text(pages)


def test_on_every_page_of_the_customer(app: Flask, client: FlaskClient, card: Card, customer: Customer) -> None:
    pages = _crawl(browsing.sign_in_customer(client, customer), "/my/")

    assert len(pages) >= 2
    _assert_text(pages)


def test_on_every_page_for_everybody(app: Flask, client: FlaskClient, card: Card) -> None:
    pages = _crawl(client, "/")

    assert len(pages) > 4
    assert {address: page for address, page in pages.items() if BROKEN_OUT.search(page)} == {}
