"""Every address is asked for by everybody it is not for: nobody gets in, by GET or by POST."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from portal.accounts.models import Role
from portal.core.db import transaction
from portal.web.access import Access, Audience
from tests import browsing, make

NOT_FOR = {
    Audience.AGENT: ("nobody", "customer", "admin"),
    Audience.ADMIN: ("nobody", "customer", "agent_owner"),
    Audience.CUSTOMER: ("nobody", "admin", "agent_owner"),
    Audience.SIGNED_IN: ("nobody", "customer"),
}

ONLY_LOOKS = {"admin.export_transactions"}
"""A POST that changes nothing of anybody's: the auditor may have the list they see as a file."""

ONLY_FINANCE_AND_ADMIN = {
    "admin.top_up",
    "admin.accept_payment",
    "admin.ask_payment",
    "admin.refund_again",
    "admin.return_payment",
    "admin.approve_payout_run",
    "admin.discard_payout_run",
    "admin.payout_bank_file",
    "admin.payout_conditions",
    "admin.payout_returned",
    "admin.payout_run_paid",
    "admin.prepare_payout_run",
    "admin.refuse_payout",
    "admin.approve_refund",
    "admin.decline_refund",
    "admin.new_refund",
    "admin.refund_into_wallet",
    "admin.returned_into_wallet",
    "admin.try_refund_again",
    "admin.approve_mend",
    "admin.bring_bank_file",
    "admin.explain_difference",
    "admin.fetch_reports",
    "admin.match_arrival",
    "admin.propose_mend",
    "admin.record_arrival",
    "admin.refuse_mend",
    "admin.reopen_difference",
    "admin.withdraw_refund",
}


@pytest.fixture
def everybody(app: Flask, monkeypatch: pytest.MonkeyPatch) -> dict[str, FlaskClient]:
    """A signed-in browser for every kind of visitor; forms need no token here, so that the guard itself is asked."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    with transaction():
        alice = make.agent()
        users = {role.value: make.user(role=role, of=None if role.is_staff else alice) for role in Role}
        carol = make.customer(alice)
    browsers = {name: browsing.sign_in(app.test_client(), user) for name, user in users.items()}
    return browsers | {"nobody": app.test_client(), "customer": browsing.sign_in_customer(app.test_client(), carol)}


def _views(app: Flask) -> list[tuple[Rule, Access]]:
    return [(rule, app.view_functions[rule.endpoint].access) for rule in app.url_map.iter_rules()]


def _address(rule: Rule) -> str:
    return re.sub(r"<[^>]*>", "0192f0c1-0000-7000-8000-000000000000", rule.rule)


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) & {"GET", "POST"})


def test_every_address_refuses_whom_it_is_not_for(app: Flask, everybody: dict[str, FlaskClient]) -> None:
    let_in = []
    for rule, access in _views(app):
        for visitor in NOT_FOR.get(access.audience, ()):
            for method in _methods(rule):
                answer = everybody[visitor].open(_address(rule), method=method)
                wanted = 303 if visitor == "nobody" else 403
                if answer.status_code != wanted or (wanted == 303 and "/sign-in" not in answer.location):
                    let_in.append((visitor, method, rule.rule, answer.status_code))

    assert let_in == []


def test_an_auditor_changes_nothing_anywhere(app: Flask, everybody: dict[str, FlaskClient]) -> None:
    changes = [
        rule
        for rule, access in _views(app)
        if access.audience is Audience.ADMIN and "POST" in _methods(rule) and rule.endpoint not in ONLY_LOOKS
    ]

    statuses = {rule.rule: everybody["auditor"].post(_address(rule)).status_code for rule in changes}
    assert len(statuses) > 10
    assert {path: status for path, status in statuses.items() if status != 403} == {}


def test_finance_records_money_and_changes_nothing_else(app: Flask, everybody: dict[str, FlaskClient]) -> None:
    changes = [
        rule
        for rule, access in _views(app)
        if access.audience is Audience.ADMIN and "POST" in _methods(rule) and rule.endpoint not in ONLY_LOOKS
    ]

    let_in = {rule.endpoint for rule in changes if everybody["finance"].post(_address(rule)).status_code != 403}
    assert let_in == ONLY_FINANCE_AND_ADMIN


def test_a_clerk_cannot_let_others_in(everybody: dict[str, FlaskClient]) -> None:
    assert everybody["agent_clerk"].get("/agent/clerks/").status_code == 403
    assert everybody["agent_clerk"].post("/agent/clerks/").status_code == 403
