import json

import pytest

from portal.accounts.models import Role
from portal.core.db import transaction
from tests import browsing, make


def test_says_what_it_is_and_offers_every_way_in(client):
    page = client.get("/").text

    assert 'href="/sign-in"' in page
    assert 'href="/my/"' in page
    assert 'action="/verify/"' in page


@pytest.mark.parametrize(("wanted", "issuer"), [("zh", "LEB 通信（示例）有限公司"), ("en", "LEB Communications")])
def test_names_the_issuer_in_the_readers_language(client, wanted, issuer):
    assert issuer in client.get("/", headers={"Accept-Language": wanted}).text


def test_brings_whoever_is_signed_in_to_their_own_page(client, app):
    with transaction():
        alice = make.user(role=Role.AGENT_OWNER, of=make.agent())
    browsing.sign_in(client, alice)

    assert client.get("/").location == "/agent/"


def test_brings_customers_to_their_cards(client, app):
    with transaction():
        carol = make.customer(make.agent())
    browsing.sign_in_customer(client, carol)

    assert client.get("/").location == "/my/"


def test_keeps_search_engines_off_everything_but_the_front(client):
    assert "Disallow: /verify/" in client.get("/robots.txt").text


def test_gives_browsers_a_mark_and_a_manifest(client):
    assert client.get("/favicon.ico").mimetype == "image/svg+xml"
    manifest = client.get("/manifest.webmanifest")
    assert manifest.mimetype == "application/manifest+json"
    assert json.loads(manifest.data)["start_url"] == "/my/"
