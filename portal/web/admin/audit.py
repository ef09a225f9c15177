"""The audit log: who did what to what, from where, and what it was before."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import render_template
from flask_babel import lazy_gettext as _l

from portal.accounts import queries as accounts
from portal.audit import queries
from portal.audit.models import AuditRecord
from portal.audit.queries import AuditFilter
from portal.core import ids
from portal.core.errors import InvalidInput, NotFound, PortalError
from portal.renewals import queries as renewals
from portal.wallets import queries as wallets
from portal.web import access
from portal.web.admin import act_words, changes, filtering, subjects, wording
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, TimeFilterForm
from portal.web.admin.subjects import Subject


class AuditLogFilter(TimeFilterForm):
    """Which acts to list."""

    act = ChoiceField(_l("Act"), known=act_words.ACTS, any_words=_l("Every act"))
    actor = filtering.text_field(_l("Who (e-mail)"))
    subject = filtering.text_field(_l("To what (reference or id)"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wanted = AuditFilter()

    def validate(self, extra_validators: Any = None) -> bool:
        """Read the filter as well; what cannot be read is refused beside its field."""
        if not super().validate(extra_validators):
            return False
        try:
            self.wanted = AuditFilter(
                act=self.act.data or None,
                actor_id=self._actor_id(self.actor.data) if self.actor.data else None,
                subject_id=_subject_id(self.subject.data) if self.subject.data else None,
                since=self.begins_at,
                until=self.ends_at,
            )
        except PortalError as error:
            self.attach(error)
            return False
        return True

    def _actor_id(self, text: str) -> UUID:
        actor_id = ids.parse_id(text)
        if actor_id is None:
            user = accounts.by_email(text)
            if user is None:
                raise InvalidInput(field="actor", reason="person_unknown")
            return user.id
        with suppress(NotFound):
            self.actor.data = accounts.by_id(actor_id).email  # a link named the person by id; people read addresses
        return actor_id


@blueprint.get("/audit")
@access.admin("audit.read")
def audit() -> tuple[str, int]:
    """List the acts that the address asks for, the newest first."""
    asked = AuditLogFilter()
    page = queries.matching(asked.wanted, **filtering.keys()) if asked.validate() else None
    known = subjects.known({one for row in page.rows for one in changes.ids_of(row)}) if page else {}
    rows = [(row, changes.of_record(row, known), _subject_of(row, known)) for row in page.rows] if page else []
    return render_template("admin/audit/list.html", asked=asked, page=page, rows=rows), asked.status


def _subject_of(row: AuditRecord, known: Mapping[UUID, Subject]) -> Subject:
    found = known.get(row.subject_id) if row.subject_id else None
    kind = str(wording.named(row.subject_kind, "subject"))
    words = f"{kind} {found.words}" if found else kind
    return Subject(words, changes.page_of(row) or (found.address if found else ""))


def _subject_id(text: str) -> UUID:
    if subject_id := ids.parse_id(text):
        return subject_id
    found = renewals.by_reference(text) or wallets.top_up_by_reference(text)
    if found is None:
        raise InvalidInput(field="subject", reason="subject_unknown")
    return found.id
