"""Accept an invitation."""

from flask import flash, render_template
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts import invitations
from portal.core.db import transaction
from portal.web import access, limits, requests, visitors
from portal.web.auth.blueprint import blueprint
from portal.web.auth.passwords import NewPasswordForm


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
@access.public
@limits.sign_in_from_address
def accept(token: str) -> Response | tuple[str, int]:
    """Choose the first password; then sign in with it."""
    user = invitations.invited_by(token)
    form = NewPasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            with transaction():
                invitations.accept(token, password=form.password.data, actor=current_user.actor)
            visitors.leave()
            flash(_("Your account is ready. Please sign in."), "success")
            return requests.go_to("/sign-in")
    return render_template("auth/invitation.html", form=form, user=user), form.status
