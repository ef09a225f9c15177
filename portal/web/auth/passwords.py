"""Change a password, or choose a new one by a link from one's mail."""

from flask import flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField, ValidationError

from portal.accounts import recovery
from portal.core.db import transaction
from portal.web import access, limits, requests, sentences, visitors
from portal.web.auth.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, email_address, required


class NewPasswordForm(PortalForm):
    """A new password, typed twice."""

    password = PasswordField(_l("New password"), [required()])
    repeated = PasswordField(_l("The same again"), [required()])

    def validate_repeated(self, field: PasswordField) -> None:
        """Refuse two different passwords."""
        if field.data != self.password.data:
            raise ValidationError(sentences.of_reason("passwords_differ", {}))


class ChangePasswordForm(NewPasswordForm):
    """The present password and the new one."""

    old_password = PasswordField(_l("Present password"), [required()])


class ForgottenForm(PortalForm):
    """Where to send the link."""

    email = LineField(_l("E-mail"), max_length=254, validators=[email_address])


@blueprint.route("/password", methods=["GET", "POST"])
@access.signed_in
@limits.sign_in
def change() -> Response | tuple[str, int]:
    """Change one's own password; every browser has to sign in again, this one too."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            with transaction():
                recovery.change_password(
                    current_user.user,
                    old=form.old_password.data,
                    new=form.password.data,
                    actor=current_user.actor,
                )
            return _to_sign_in(_("Your password was changed. Please sign in with the new one."))
    return render_template("auth/change_password.html", form=form), form.status


@blueprint.route("/forgotten-password", methods=["GET", "POST"])
@access.public
@limits.sign_in
@limits.sign_in_from_address
def forgotten() -> Response | tuple[str, int]:
    """Mail a link for a new password; the answer is the same whether or not somebody has the address."""
    form = ForgottenForm()
    if form.validate_on_submit():
        with transaction():
            recovery.send_link(form.email.data, actor=current_user.actor)
        return render_template("auth/mail_sent.html", email=form.email.data), 200
    return render_template("auth/forgotten_password.html", form=form), form.status


@blueprint.route("/new-password/<token>", methods=["GET", "POST"])
@access.public
@limits.sign_in_from_address
def choose(token: str) -> Response | tuple[str, int]:
    """Choose a new password by a mailed link."""
    user = recovery.recovering(token)
    form = NewPasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            with transaction():
                recovery.choose_password(token, password=form.password.data, actor=current_user.actor)
            return _to_sign_in(_("Your password was changed. Please sign in with the new one."))
    return render_template("auth/new_password.html", form=form, user=user), form.status


def _to_sign_in(message: str) -> Response:
    visitors.leave()
    flash(message, "success")
    return requests.go_to("/sign-in")
