"""Mails: what was written to whom, and what the mail server answered. Keys in them are not shown."""

import re

from flask import render_template
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal.accounts.models import Role
from portal.core import mailbox
from portal.core.mail import Mail
from portal.core.mailbox import MailFilter
from portal.core.settings import current as settings
from portal.web import access, requests
from portal.web.admin import filtering, wording
from portal.web.admin.blueprint import blueprint
from portal.web.admin.filtering import ChoiceField, FilterForm

SENT, NOT_SENT = "sent", "waiting"

HIDDEN = "\N{BULLET}" * 8

_LINKS = re.compile(r"(?<=/invitation/)\S+|(?<=/new-password/)\S+|(?<=/my/enter/)\S+")
_CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


class MailsFilter(FilterForm):
    """Which mails to list."""

    q = filtering.text_field(_l("Recipient, subject"))
    kind = ChoiceField(_l("Kind"), known=wording.MAILS, any_words=_l("Every kind"))
    state = ChoiceField(
        _l("State"), known={SENT: _l("Sent"), NOT_SENT: _l("Not sent yet")}, any_words=_l("Sent or not")
    )

    def wanted(self) -> MailFilter:
        """Give what to look for."""
        is_sent = {SENT: True, NOT_SENT: False}.get(self.state.data)
        return MailFilter(text=self.q.data or "", kind=self.kind.data or "", is_sent=is_sent)


@blueprint.get("/mails")
@access.admin("mails.read")
def mails() -> tuple[str, int]:
    """List mails, the newest first."""
    asked = MailsFilter()
    page = mailbox.matching(asked.wanted(), **filtering.keys()) if asked.validate() else None
    return (
        render_template(
            "admin/mails/list.html",
            asked=asked,
            page=page,
            rows=[(mail, _shown(mail, mail.subject)) for mail in page.rows] if page else [],
            is_written_only=not settings().mail_url,
        ),
        asked.status,
    )


@blueprint.get("/mails/<mail_id>")
@access.admin("mails.read")
def mail(mail_id: str) -> str:
    """Show a mail as it was written."""
    found = mailbox.by_id(requests.id_in_address(mail_id))
    text = _shown(found, found.text)
    return render_template(
        "admin/mails/show.html",
        mail=found,
        subject=_shown(found, found.subject),
        text=text,
        is_hidden=text != found.text,
    )


def without_keys(found: Mail, text: str) -> str:
    """Give a mail's text or subject without what opens somebody's account: signed links and sign-in codes."""
    text = _LINKS.sub(HIDDEN, text)
    return _CODE.sub(HIDDEN, text) if found.kind == "sign_in_code" else text


def _shown(found: Mail, text: str) -> str:
    # Whoever reads a key can act as its owner: only where mails reach nobody else, and only who may do everything.
    may_see_keys = not settings().mail_url and current_user.role is Role.ADMIN
    return text if may_see_keys else without_keys(found, text)
