from datetime import timedelta

import pytest

from portal.core import clock, outbox
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow
from portal.renewals import queries as renewals
from tests import browsing, make
from tests.web.admin.conftest import NOW, last_act


@pytest.fixture
def given_up(house) -> OutboxRow:
    return add(given_up_at=NOW, attempts=20, last_error="ConnectError: no route to <b>east</b>")


def add(kind: str = "receipts.render", **changes) -> OutboxRow:
    def act() -> OutboxRow:
        subject_id = make.key()
        outbox.add(kind, subject_id)
        row = db.session.query(OutboxRow).filter_by(subject_id=subject_id).one()
        for name, value in changes.items():
            setattr(row, name, value)
        return row

    with clock.fixed(NOW + timedelta(seconds=1)):
        return in_transaction(act)


def test_shows_what_waits_fails_was_given_up_and_is_done(ada, given_up):
    add(attempts=2, last_error="OSError: disk full")
    add("mail.deliver", done_at=NOW, attempts=1)
    add("cards.read_usage")

    page = ada.page("/admin/jobs")

    words = browsing.words(page.partition('id="list"')[2])
    parts = [
        "Given up Make a receipt",
        "tried again Make a receipt",
        "Waiting Read a card",
        "Done Send a mail",
    ]
    assert [words.index(part) for part in parts] == sorted(words.index(part) for part in parts)
    assert "ConnectError: no route to <b>east</b>" in words
    assert "<b>east</b>" not in page


def test_a_next_try_on_another_day_says_the_day(dana, house):
    add(attempts=2, last_error="OSError: disk full", due_at=NOW + timedelta(hours=1))
    add(attempts=2, last_error="OSError: disk full", due_at=NOW + timedelta(hours=20, minutes=1))

    with clock.fixed(NOW):
        words = dana.words("/admin/jobs")

    assert "next try 15:18:07" in words
    assert "next try 23 Nov 10:19:07" in words


def test_what_it_is_about_is_a_link_with_its_reference(dana, house):
    renewal_id = house.place()

    page = dana.page("/admin/jobs?kind=renewals.fulfil")

    reference = renewals.by_id(renewal_id).reference
    assert f'<a href="/admin/transactions/{renewal_id}">{reference}</a>' in page


def test_the_head_counts_what_was_given_up(dana, given_up):
    assert "Jobs 1" in dana.words("/admin/agents/")


def test_lists_one_state_or_kind(dana, given_up):
    add("mail.deliver", done_at=NOW, attempts=1)

    assert "ConnectError" in dana.words("/admin/jobs?state=given_up")
    assert "ConnectError" not in dana.words("/admin/jobs?state=done")
    assert "ConnectError" not in dana.words("/admin/jobs?kind=mail.deliver")
    assert "No job fits." in dana.words("/admin/jobs?state=failing")
    assert dana.get("/admin/jobs?state=x").status_code == 422


def test_an_admin_retries_what_was_given_up(dana, given_up):
    answer = dana.post(f"/admin/jobs/{given_up.id}/retry", next="/admin/jobs?state=given_up")

    assert answer.status_code == 303
    assert answer.location == "/admin/jobs?state=given_up"
    row = db.session.get_one(OutboxRow, given_up.id, populate_existing=True)
    assert (row.given_up_at, row.attempts, row.due_at) == (None, 0, NOW)
    assert last_act().act == "jobs.retry"
    assert last_act().before == {"attempts": 20, "last_error": "ConnectError: no route to <b>east</b>"}


def test_an_auditor_sees_no_button_and_cannot_press_it(ada, given_up):
    assert "Retry" not in ada.words("/admin/jobs")
    assert ada.post(f"/admin/jobs/{given_up.id}/retry").status_code == 403


def test_does_not_retry_what_a_worker_has_right_now(dana, house):
    row = add(leased_until=NOW + timedelta(minutes=1), attempts=1)

    answer = dana.post(f"/admin/jobs/{row.id}/retry")

    assert answer.status_code == 409
    assert "a worker has it right now" in browsing.words(answer.text)


def test_does_not_retry_what_is_done(dana, house):
    assert dana.post(f"/admin/jobs/{add(done_at=NOW).id}/retry").status_code == 409


@pytest.mark.parametrize("odd", ["x", "0192f0c1-0000-7000-8000-000000000000"])
def test_an_unknown_job_is_not_found(dana, odd):
    assert dana.post(f"/admin/jobs/{odd}/retry").status_code == 404


def test_leads_nowhere_else_after_a_retry(dana, given_up):
    answer = dana.post(f"/admin/jobs/{given_up.id}/retry", next="//evil.example/")

    assert answer.location == "/admin/jobs"


def test_pages_through_what_is_done(dana, house):
    for _ in range(55):
        add(done_at=NOW)

    page = dana.page("/admin/jobs?state=done&kind=receipts.render")
    link = page.partition('rel="next"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")

    assert "state=done" in link
    assert "kind=receipts.render" in link
    assert 'rel="prev"' in dana.page(link)


def test_finance_has_no_business_here(fiona):
    assert fiona.get("/admin/jobs").status_code == 403
