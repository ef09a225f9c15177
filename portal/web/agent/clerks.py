"""Who stands at the agent's counter: the owner invites clerks and ends their access."""

from flask import flash, g, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.accounts import invitations, lifecycle
from portal.accounts import queries as users
from portal.accounts.models import Role
from portal.core import i18n
from portal.core.db import transaction
from portal.web import access, acts, language, limits, requests
from portal.web.agent import own
from portal.web.agent.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, choices, email_address

PAGE = "/agent/clerks/"


class InvitationForm(PortalForm):
    """A clerk to be."""

    name = LineField(_l("Name"), max_length=100)
    email = LineField(_l("E-mail"), max_length=254, validators=[email_address])
    locale = SelectField(_l("Language of the mail"), choices=choices(i18n.LANGUAGES))


@blueprint.route("/clerks/", methods=["GET", "POST"])
@access.agent("counter.clerks")
@limits.exports
def clerks() -> Response | tuple[str, int]:
    """List the people at the counter, and invite another."""
    form = InvitationForm(locale=language.current())
    if form.validate_on_submit():
        with form.refusals():
            with transaction():
                invitations.invite(
                    email=form.email.data,
                    name=form.name.data,
                    role=Role.AGENT_CLERK,
                    agent_id=g.agent.id,
                    language=form.locale.data,
                    actor=current_user.actor,
                )
            flash(_("The invitation is on its way to %(email)s.", email=form.email.data), "success")
            return requests.go_to(PAGE)
    return render_template("agent/clerks/list.html", form=form, people=users.of_agent(g.agent.id)), form.status


@blueprint.post("/clerks/<user_id>/invite-again")
@access.agent("counter.clerks")
@limits.exports
def invite_clerk_again(user_id: str) -> Response:
    """Mail a fresh invitation to a clerk who has not accepted yet."""
    clerk = own.clerk(user_id)
    told = _("The invitation is on its way to %(email)s.", email=clerk.email)
    return acts.do(lambda: invitations.invite_again(clerk, actor=current_user.actor), told=told, back=PAGE)


@blueprint.post("/clerks/<user_id>/suspend")
@access.agent("counter.clerks")
def suspend_clerk(user_id: str) -> Response:
    """Keep a clerk from signing in, from this moment on."""
    clerk = own.clerk(user_id)
    told = _("%(name)s can no longer sign in.", name=clerk.name)
    return acts.do(lambda: lifecycle.suspend(clerk, actor=current_user.actor), told=told, back=PAGE)


@blueprint.post("/clerks/<user_id>/restore")
@access.agent("counter.clerks")
def restore_clerk(user_id: str) -> Response:
    """Let a suspended clerk sign in again."""
    clerk = own.clerk(user_id)
    told = _("%(name)s can sign in again.", name=clerk.name)
    return acts.do(lambda: lifecycle.restore(clerk, actor=current_user.actor), told=told, back=PAGE)
