"""Sign in a test browser, and read what a page shows."""

import html
import re

from flask.testing import FlaskClient

from portal.accounts import sessions
from portal.accounts.models import User
from portal.core.db import transaction
from portal.customers.models import Customer


def sign_in(client: FlaskClient, user: User) -> FlaskClient:
    """Open a session for a user as the sign-in page would, without the cost of a password."""
    with transaction():
        token = sessions.open_for_user(user.id, address="203.0.113.7", user_agent="tests")
    return _carrying(client, token)


def sign_in_customer(client: FlaskClient, customer: Customer) -> FlaskClient:
    """Open a session for a customer as a link from their mail would."""
    assert customer.email is not None
    with transaction():
        token = sessions.open_for_customer(customer.id, email=customer.email, address="203.0.113.7", user_agent="tests")
    return _carrying(client, token)


def _carrying(client: FlaskClient, token: str) -> FlaskClient:
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
    return client


def csrf_token(page: str) -> str:
    """Give the CSRF token of the first form on a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


def field_value(page: str, name: str) -> str:
    """Give the value that a named input of the page holds."""
    tag = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', page)
    assert tag, f"no input {name}"
    value = re.search(r'\bvalue="([^"]*)"', tag[0])
    return html.unescape(value[1]) if value else ""


def words(page: str) -> str:
    """Give the text of a page as a reader sees it, white space folded."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
