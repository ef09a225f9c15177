"""Users: the operator's own people, and what an admin does to anybody's account."""

from collections.abc import Callable

from flask import flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.accounts import invitations, lifecycle, queries
from portal.accounts.models import STAFF, Role, User
from portal.agents import queries as agents
from portal.core.db import in_transaction
from portal.core.i18n import LANGUAGES
from portal.web import access, acts, requests
from portal.web.admin.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, choices, email_address
from portal.web.navigation import ROLE_WORDS

STAFF_ROLES = {role.value: ROLE_WORDS[role] for role in Role if role in STAFF}
AGENT_ROLES = {role.value: ROLE_WORDS[role] for role in Role if role not in STAFF}


class InviteStaffForm(PortalForm):
    """Somebody of the operator's to invite."""

    name = LineField(_l("Name"), max_length=100)
    email = LineField(_l("E-mail"), max_length=254, validators=[email_address])
    role = SelectField(_l("Role"), choices=choices(STAFF_ROLES), default=Role.AUDITOR.value)
    language = SelectField(_l("Language of the mail"), choices=choices(LANGUAGES))


class RoleForm(PortalForm):
    """Another role on the same side of the house."""

    role = SelectField(_l("Role"), choices=choices(STAFF_ROLES | AGENT_ROLES))


@blueprint.get("/users/")
@access.admin("users.read")
def users() -> tuple[str, int]:
    """List the operator's people."""
    return _page(InviteStaffForm(formdata=None))


@blueprint.post("/users/")
@access.admin("users.invite")
def invite_user() -> Response | tuple[str, int]:
    """Invite somebody of the operator's by mail."""
    form = InviteStaffForm()
    if form.validate_on_submit():
        with form.refusals():
            return acts.do(
                lambda: _invite(form),
                told=_("Invitation sent to %(email)s.", email=form.email.data),
                back="/admin/users/",
            )
    return _page(form)


@blueprint.get("/users/<user_id>")
@access.admin("users.read")
def user(user_id: str) -> tuple[str, int]:
    """Show somebody's account and where it is signed in."""
    return _user_page(_user(user_id), RoleForm(formdata=None))


@blueprint.post("/users/<user_id>/role")
@access.admin("users.edit")
def change_role(user_id: str) -> Response | tuple[str, int]:
    """Give somebody another role; it ends their sessions."""
    shown = _user(user_id)
    form = RoleForm()
    if form.validate_on_submit():
        with form.refusals():
            role = Role(form.role.data)
            in_transaction(
                lambda: lifecycle.change_role(queries.by_id(shown.id), role, actor=current_user.actor),
            )
            flash(_("Role changed; their open sessions were ended."), "success")
            return requests.go_to(f"/admin/users/{shown.id}")
    return _user_page(shown, form)


@blueprint.post("/users/<user_id>/suspend")
@access.admin("users.edit")
def suspend_user(user_id: str) -> Response:
    """Keep somebody from signing in, and end their sessions."""
    shown = _user(user_id)
    return _change(shown, lifecycle.suspend, _("%(name)s cannot sign in any more.", name=shown.name))


@blueprint.post("/users/<user_id>/restore")
@access.admin("users.edit")
def restore_user(user_id: str) -> Response:
    """Let somebody sign in again."""
    shown = _user(user_id)
    return _change(shown, lifecycle.restore, _("%(name)s can sign in again.", name=shown.name))


@blueprint.post("/users/<user_id>/invite-again")
@access.admin("users.invite")
def invite_user_again(user_id: str) -> Response:
    """Mail a fresh link to somebody who has not accepted yet."""
    shown = _user(user_id)
    return _change(shown, invitations.invite_again, _("Invitation sent to %(email)s.", email=shown.email))


def _change(shown: User, act: Callable[..., None], told: str) -> Response:
    return acts.do(lambda: act(shown, actor=current_user.actor), told=told, back=_back(shown))


def _invite(form: InviteStaffForm) -> None:
    invitations.invite(
        email=form.email.data,
        name=form.name.data,
        role=Role(form.role.data),
        language=form.language.data,
        actor=current_user.actor,
    )


def _user(user_id: str) -> User:
    return queries.by_id(requests.id_in_address(user_id))


def _back(shown: User) -> str:
    return requests.next_path(default=f"/admin/users/{shown.id}")


def _page(form: InviteStaffForm) -> tuple[str, int]:
    return render_template("admin/users/list.html", users=queries.staff(), form=form, roles=ROLE_WORDS), form.status


def _user_page(shown: User, form: RoleForm) -> tuple[str, int]:
    form.role.choices = choices(STAFF_ROLES if shown.role.is_staff else AGENT_ROLES)
    if form.role.data is None or not form.is_submitted():
        form.role.data = shown.role.value
    page = render_template(
        "admin/users/show.html",
        user=shown,
        agent=agents.by_id(shown.agent_id) if shown.agent_id else None,
        form=form,
        roles=ROLE_WORDS,
        sessions=queries.open_sessions_of(shown.id),
    )
    return page, form.status
