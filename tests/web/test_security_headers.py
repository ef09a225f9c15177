import re
from pathlib import Path

import pytest
from flask import Flask

from portal.core.settings import DEFAULT_SECRET_KEY, Environment, Settings
from portal.factory import ConfigurationError, create_app

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", ["/sign-in", "/healthz", "/theme.css", "/no-such-page", "/password"])
def test_every_answer_keeps_to_itself(client, path):
    headers = client.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert len(headers["X-Request-ID"]) == 32


def test_static_files_are_taken_for_what_they_are(client):
    answer = client.get("/static/css/portal.css", buffered=True)

    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_kept_by_no_cache_and_colours_for_ever(client):
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert "immutable" in client.get("/theme.css").headers["Cache-Control"]


@pytest.mark.parametrize("template", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_no_template_needs_an_unsafe_policy(template):
    if "documents" in template.parts:
        pytest.skip("PDF documents are never shown by a browser")
    text = template.read_text()

    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"<script(?![^>]*(\bsrc=|application/json))", text)
    assert not re.search(r"<style\b", text)
    assert "hx-on" not in text


def test_the_cookie_is_out_of_reach_of_scripts(client):
    cookie = client.get("/sign-in").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def production(**changes: object) -> Settings:
    values: dict[str, object] = {
        "portal_env": Environment.PRODUCTION,
        "secret_key": "s" * 40,
        "encryption_key": "e" * 40,
        "database_url": "postgresql://nobody@127.0.0.1:9/none",
        "redis_url": "redis://127.0.0.1:9/0",
        "base_url": "https://portal.example",
        "demo": False,
        "sandbox_carriers": False,
        "sandbox_payments": False,
        "mail_url": "smtp://127.0.0.1:9",
    }
    return Settings(_env_file=None, **(values | changes))


@pytest.fixture
def production_app() -> Flask:
    return create_app(production())


def test_production_insists_on_https_and_its_own_cookie(production_app):
    answer = production_app.test_client().get("/sign-in", base_url="https://portal.example")

    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert "__Host-portal=" in answer.headers["Set-Cookie"]
    assert "Secure" in answer.headers["Set-Cookie"]


def test_production_refuses_to_start_and_names_each_fault():
    with pytest.raises(ConfigurationError) as refusal:
        create_app(production(secret_key=DEFAULT_SECRET_KEY, demo=True, mail_url=""))

    text = str(refusal.value)
    assert "SECRET_KEY" in text
    assert "DEMO" in text
    assert "MAIL_URL" in text
    assert "DATABASE_URL" not in text


def test_lives_while_everything_behind_it_is_down(production_app):
    client = production_app.test_client()

    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["missing"] == ["database", "broker", "worker"]
