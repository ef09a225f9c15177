"""Jobs: the work that follows commits, what of it fails, and trying again what was given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.audit import log
from portal.core import clock, outbox, queue
from portal.core import jobs as queries
from portal.core.db import transaction
from portal.core.jobs import JobState
from portal.core.outbox import OutboxRow
from portal.core.pages import Page
from portal.web import access, requests
from portal.web.admin import filtering, subjects, wording
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, FilterForm
from portal.web.admin.subjects import Subject
from portal.web.sentences import Words

LISTED = (JobState.GIVEN_UP, JobState.FAILING, JobState.WAITING, JobState.DONE)

STATES = {
    JobState.GIVEN_UP.value: _l("Given up"),
    JobState.FAILING.value: _l("Failing, tried again"),
    JobState.WAITING.value: _l("Waiting"),
    JobState.DONE.value: _l("Done"),
}

SHOWN_TOGETHER = 12
"""Rows of each state while all states are shown."""

PAGES = {"mail.deliver": "/admin/mails/{}", "exports.make": "/admin/exports/{}"}
"""Kind of job -> the page about its subject, where that has no reference."""


@dataclass(frozen=True, slots=True)
class Job:
    """A row with what it is about."""

    row: OutboxRow
    about: Subject
    is_working: bool


@dataclass(frozen=True, slots=True)
class Section:
    """The jobs that stand alike."""

    state: str
    words: Words
    rows: list[Job]
    has_more: bool


class JobsFilter(FilterForm):
    """Which jobs to list."""

    state = ChoiceField(_l("State"), known=STATES, any_words=_l("All states"))
    kind = ChoiceField(_l("Kind"), known=wording.JOBS, any_words=_l("Every kind"))


@blueprint.get("/jobs")
@access.admin("jobs.read")
def jobs() -> tuple[str, int]:
    """List jobs by how they stand: all states together, or one of them page by page."""
    asked = JobsFilter()
    listed: list[tuple[JobState, Sequence[OutboxRow], bool]] = []
    page: Page[OutboxRow] | None = None
    if asked.validate():
        kind = asked.kind.data or ""
        if asked.state.data:
            page = queries.in_state(JobState(asked.state.data), kind=kind, **filtering.keys())
            listed = [(JobState(asked.state.data), page.rows, False)]
        else:
            listed = [_together(state, kind) for state in LISTED]
            page = Page([row for _state, rows, _more in listed for row in rows], newer=None, older=None)
    return (
        render_template(
            "admin/jobs/list.html",
            asked=asked,
            sections=_sections(listed),
            now=clock.now(),
            page=page,
            has_worker=queue.has_worker(),
        ),
        asked.status,
    )


def _together(state: JobState, kind: str) -> tuple[JobState, Sequence[OutboxRow], bool]:
    rows = queries.in_state(state, kind=kind).rows
    return state, rows[:SHOWN_TOGETHER], len(rows) > SHOWN_TOGETHER


def _sections(listed: Sequence[tuple[JobState, Sequence[OutboxRow], bool]]) -> list[Section]:
    known = subjects.known({row.subject_id for _state, rows, _more in listed for row in rows})
    return [
        Section(state.value, STATES[state.value], [_job(row, known) for row in rows], has_more)
        for state, rows, has_more in listed
    ]


def _job(row: OutboxRow, known: Mapping[UUID, Subject]) -> Job:
    # The end of an id without a reference is enough to tell it from others on the page.
    page = PAGES.get(row.kind, "").format(row.subject_id)
    about = known.get(row.subject_id) or Subject(f"…{str(row.subject_id)[-12:]}", page)
    return Job(row, about, queries.state_of(row) is JobState.WORKING)


@blueprint.post("/jobs/<row_id>/retry")
@access.admin("jobs.retry")
def retry_job(row_id: str) -> Response:
    """Make a job due now, with its attempts counted anew."""
    wanted = requests.id_in_address(row_id)
    with transaction():
        row = queries.that_may_be_retried(wanted)
        before = {"attempts": row.attempts, "last_error": row.last_error}
        outbox.retry(row.id)
        log.record(
            actor=current_user.actor,
            act="jobs.retry",
            subject=("job", row.id),
            before=before,
            after={"kind": row.kind, "subject_id": row.subject_id},
        )
    flash(_("It is being tried again."), "success")
    return requests.go_to(requests.next_path(default="/admin/jobs"))
