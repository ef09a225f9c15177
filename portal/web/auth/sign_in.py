"""Sign in with e-mail and password, and sign out."""

from flask import render_template, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField

from portal.accounts import signing_in
from portal.accounts.errors import WrongSignIn
from portal.accounts.models import User
from portal.core.db import transaction
from portal.web import access, language, limits, requests, visitors
from portal.web.auth.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, required


class SignInForm(PortalForm):
    """An e-mail address and a password; neither is checked for shape, or its refusal would tell which was wrong."""

    email = LineField(_l("E-mail"), max_length=254)
    password = PasswordField(_l("Password"), [required()])


@blueprint.route("/sign-in", methods=["GET", "POST"])
@access.public
@limits.sign_in
@limits.sign_in_from_address
def sign_in() -> Response | tuple[str, int]:
    """Open a session for whoever knows the password."""
    if current_user.is_user and request.method == "GET":
        return requests.go_to(requests.next_path(default=access.home_of_visitor()))
    form = SignInForm()
    if form.validate_on_submit():
        user = signing_in.recognise(form.email.data, form.password.data)
        if user is not None:
            return _let_in(user)
        with transaction():
            signing_in.refuse(form.email.data, visitor=current_user.actor)
        form.attach(WrongSignIn())
    return render_template("auth/sign_in.html", form=form, next_path=requests.next_path(default="")), form.status


@blueprint.post("/sign-out")
@access.public
def sign_out() -> Response:
    """End the session, here and on the server."""
    leads_to = "/my/sign-in" if current_user.is_customer else "/sign-in"
    if current_user.is_authenticated:
        with transaction():
            signing_in.sign_out(current_user.token, actor=current_user.actor)
    visitors.leave()
    return requests.go_to(leads_to)


def _let_in(user: User) -> Response:
    with transaction():
        token = signing_in.sign_in(user, visitor=current_user.actor, user_agent=requests.user_agent())
    visitors.enter(token)
    response = requests.go_to(requests.next_path(default=access.home_of_visitor()))
    return language.remember(response, user.locale) if language.is_unchosen() and user.locale else response
