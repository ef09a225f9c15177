import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts import passwords
from portal.accounts.models import Role
from portal.core.db import transaction
from portal.core.settings import Environment, Settings
from portal.factory import create_app
from portal.web import requests
from tests import browsing, make


@pytest.fixture
def english(client: FlaskClient) -> FlaskClient:
    client.set_cookie("language", "en")
    return client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no-such-page", 404),
        ("GET", "/%00", 404),
        ("POST", "/no-such-page", 404),
        ("DELETE", "/sign-in", 405),
        ("GET", "/invitation/nonsense", 400),
        ("GET", "/sign-in?next=%00", 400),
    ],
)
def test_every_refusal_is_a_page_with_words_and_a_way_on(english, method, path, status):
    answer = english.open(path, method=method)

    assert answer.status_code == status
    assert "<h1" in answer.text
    assert 'href="/"' in answer.text
    assert "Traceback" not in answer.text


def test_an_unmatched_method_says_which_would_do(english):
    assert "GET" in english.delete("/healthz").headers["Allow"]


def test_speaks_chinese_to_chinese_readers(client):
    assert 'lang="zh-Hans"' in client.get("/no-such-page", headers={"Accept-Language": "zh-CN"}).text


def test_a_body_that_is_too_large_is_refused(english):
    answer = english.post("/sign-in", data=b"x" * (13 * 1024 * 1024), content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 413


def test_a_wrong_role_reads_who_to_ask(app, english):
    with transaction():
        clerk = make.user(role=Role.AGENT_CLERK, of=make.agent(), name="Chen")
    browsing.sign_in(english, clerk)

    answer = english.get("/admin/")

    assert answer.status_code == 403
    assert "Ask the owner of your agent account" in answer.text


def test_htmx_gets_a_message_instead_of_a_page(english):
    answer = english.get("/no-such-page", headers={"HX-Request": "true"})

    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#toasts"
    assert "<html" not in answer.text


def test_htmx_is_sent_to_sign_in_by_a_header(english):
    answer = english.get(
        "/password", headers={"HX-Request": "true", "HX-Current-URL": "https://portal.example/agent/cards/?q=1"}
    )

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in?next=/agent/cards/%3Fq%3D1")


def test_a_form_without_its_token_can_be_sent_again(app, english):
    with transaction():
        user = make.user(role=Role.AGENT_OWNER, of=make.agent(), email="alice@leb.example")
        user.password_hash = passwords.make_hash("four words are plenty")
    refused = english.post(
        "/sign-in?x=1",
        data={"email": "<b>alice@leb.example</b>", "password": "four words are plenty", "next": "/password"},
    )

    assert refused.status_code == 400
    assert browsing.field_value(refused.text, "email") == "<b>alice@leb.example</b>"
    assert "four words" not in refused.text
    assert 'action="/sign-in?x=1"' in refused.text

    token = browsing.csrf_token(refused.text)
    again = english.post(
        "/sign-in",
        data={
            "csrf_token": token,
            "email": "alice@leb.example",
            "password": "four words are plenty",
            "next": "/password",
        },
    )
    assert again.location == "/password"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_a_form_from_another_site_cannot_be_sent_again(english, headers):
    answer = english.post("/sign-in", data={"email": "alice@leb.example"}, headers=headers)

    assert answer.status_code == 400
    assert "alice@leb.example" not in answer.text
    assert 'method="post"' not in answer.text


@pytest.fixture
def lost_app(tmp_path) -> Flask:
    return create_app(
        Settings(
            _env_file=None,
            portal_env=Environment.TEST,
            database_url="postgresql://nobody@127.0.0.1:9/none",
            redis_url="redis://127.0.0.1:9/0",
            portal_home=tmp_path,
            rate_limits=True,
            rate_limit_sign_in="3 per minute",
        )
    )


def test_a_database_that_is_away_is_a_503_with_a_time_to_come_back(lost_app):
    client = lost_app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "some token"

    answer = client.get("/password")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "<h1" in answer.text


def test_attempts_are_counted_in_memory_while_the_broker_is_away(lost_app):
    client = lost_app.test_client()

    statuses = [client.post("/sign-in", data={"email": "a@b.example"}).status_code for _ in range(5)]

    assert set(statuses) == {400}


def test_too_many_attempts_are_told_so(lost_app):
    client = lost_app.test_client()
    token = browsing.csrf_token(client.get("/sign-in").text)

    statuses = [
        client.post("/sign-in", data={"email": "a@b.example", "password": "", "csrf_token": token}).status_code
        for _ in range(5)
    ]

    assert statuses == [422, 422, 422, 429, 429]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/agent/cards/?q=1&older=x", "/agent/cards/?q=1&older=x"),
        ("/", "/"),
        ("", "home"),
        (None, "home"),
        ("agent", "home"),
        ("//evil", "home"),
        ("/\\evil", "home"),
        ("/a\\b", "home"),
        ("/a b", "home"),
        ("/ü", "home"),
        ("/" + "a" * 3000, "home"),
    ],
)
def test_only_paths_of_ours_are_gone_to(path, expected):
    assert requests.safe_path(path, default="home") == expected
