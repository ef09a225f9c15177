"""An agent and a customer have their own credit notes, and nobody else's."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.models import Role
from portal.core import settings
from portal.core.db import in_transaction
from portal.receipts import credit_notes, credit_printing, queries
from portal.receipts.models import CreditNote
from tests import browsing, make
from tests.refunds.conftest import Office, carrier, office

assert carrier
assert office


@pytest.fixture
def note(app: Flask, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CreditNote:
    own = settings.current().model_copy(update={"invoices_dir": tmp_path})
    monkeypatch.setitem(app.extensions, "portal_settings", own)
    found = credit_notes.of_refund(office.refunded(3_000).id)
    assert found is not None
    credit_printing.render(found.id)
    return credit_notes.by_id(found.id)


def at_the_counter(app: Flask, office: Office, *, is_own: bool = True) -> FlaskClient:
    def open_up() -> object:
        agent = office.counter.agent if is_own else make.agent(name_en="Pacific Roam", name_zh="环太")
        return make.user(role=Role.AGENT_OWNER, of=agent)

    browser = app.test_client()
    browser.set_cookie("language", "en")
    return browsing.sign_in(browser, in_transaction(open_up))


def test_an_agent_sees_and_keeps_it(app: Flask, office: Office, note: CreditNote) -> None:
    alice = at_the_counter(app, office)

    assert note.number in browsing.words(alice.get(f"/agent/renewals/{note.renewal_id}").text)
    answer = alice.get(f"/agent/renewals/{note.renewal_id}/credit-notes/{note.id}.pdf")

    assert answer.data == queries.file_of(note)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{note.number}.pdf"'


def test_a_refund_in_part_says_what_went_back_and_what_the_agent_keeps(
    app: Flask, office: Office, note: CreditNote
) -> None:
    alice = at_the_counter(app, office)

    words = browsing.words(alice.get(f"/agent/renewals/{note.renewal_id}").text)

    # Fee 5.00 and share 3.00 were earned; 1.43 and 0.86 went back.
    assert "You earned CNY 8.00; refunds took back CNY 2.29 of it, and CNY 5.71 is left." in words
    assert words.count("· CNY 30.00") == 2
    assert "Partly refunded" in words

    office.refunded(7_500)
    words = browsing.words(alice.get(f"/agent/renewals/{note.renewal_id}").text)
    assert "What you earned was taken back with the refund." in words
    assert "Refunded" in words
    assert "· CNY 75.00" in words


def test_another_agent_finds_none(app: Flask, office: Office, note: CreditNote) -> None:
    bob = at_the_counter(app, office, is_own=False)

    assert bob.get(f"/agent/renewals/{note.renewal_id}/credit-notes/{note.id}.pdf").status_code == 404


def test_a_customer_sees_and_keeps_it(app: Flask, office: Office, note: CreditNote) -> None:
    carol = browsing.sign_in_customer(app.test_client(), office.counter.customer)

    assert note.number in carol.get("/my/").text
    assert carol.get(f"/my/credit-notes/{note.id}.pdf").data == queries.file_of(note)


@pytest.mark.parametrize("name", ["{}", "0192f0c1-0000-7000-8000-000000000000", "nonsense"])
def test_another_customer_finds_none(app: Flask, office: Office, note: CreditNote, name: str) -> None:
    dave = browsing.sign_in_customer(
        app.test_client(), in_transaction(lambda: make.customer(office.counter.agent, name="Dave"))
    )

    assert dave.get(f"/my/credit-notes/{name.format(note.id)}.pdf").status_code == 404
