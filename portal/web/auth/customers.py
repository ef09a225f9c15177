"""Customers sign in without a password: by a link from a mail of ours, or by a six-digit code sent to their address."""

from flask import render_template, session
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts import codes, links, signing_in
from portal.accounts.errors import LinkInvalid, WrongCode
from portal.accounts.links import Purpose
from portal.core import letters
from portal.core.actor import Actor, ActorKind
from portal.core.db import transaction
from portal.customers import queries as customer_queries
from portal.customers.models import Customer
from portal.web import access, language, limits, requests, visitors
from portal.web.auth.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, email_address

WAITING_EMAIL = "sign_in_email"
"""Where the browser's session keeps the address whose code is being waited for."""


class EmailForm(PortalForm):
    """Where to send the code."""

    email = LineField(_l("E-mail"), max_length=254, validators=[email_address])


class CodeForm(PortalForm):
    """The six digits."""

    code = LineField(_l("Code from the mail"), max_length=12)

    @property
    def digits(self) -> str:
        """The code without the spaces that people and mail programs put into it."""
        return "".join(self.code.data.split())


@blueprint.route("/my/sign-in", methods=["GET", "POST"])
@access.public
@limits.sign_in
@limits.sign_in_from_address
def customer_sign_in() -> Response | tuple[str, int]:
    """Mail a code; the answer is the same whether or not a customer has the address."""
    form = EmailForm()
    if form.validate_on_submit():
        _mail_code(form.email.data)
        session[WAITING_EMAIL] = form.email.data
        session["next"] = requests.next_path(default="/my/")
        return requests.go_to("/my/sign-in/code")
    next_path = requests.next_path(default="")
    return render_template("auth/customer_sign_in.html", form=form, next_path=next_path), form.status


@blueprint.route("/my/sign-in/code", methods=["GET", "POST"])
@access.public
@limits.sign_in_from_address
def customer_code() -> Response | tuple[str, int]:
    """Sign a customer in who typed the code from their mail."""
    email = session.get(WAITING_EMAIL)
    if email is None:
        return requests.go_to("/my/sign-in")
    form = CodeForm()
    if form.validate_on_submit():
        # A wrong attempt is counted by the same commit, so it is told apart here and not by an error.
        with transaction():
            token = _token_for_code(email, form.digits)
        if token is not None:
            next_path = requests.safe_path(session.get("next"), default="/my/")
            visitors.enter(token)
            return requests.go_to(next_path)
        form.attach(WrongCode())
    return render_template("auth/customer_code.html", form=form, email=email), form.status


@blueprint.route("/my/enter/<token>", methods=["GET", "POST"])
@access.public
@limits.sign_in_from_address
def enter_by_link(token: str) -> Response | tuple[str, int]:
    """Sign a customer in by a mailed link, once they press the button: programs that read mail only look."""
    link = links.read(Purpose.CUSTOMER, token)
    customer = _customer_of(link)
    page = requests.safe_path(link.facts.get("page"), default="/my/")
    if current_user.is_customer and customer.id in current_user.customer_ids:
        return requests.go_to(page)
    form = PortalForm()
    if form.validate_on_submit():
        with transaction():
            links.spend(link)
            opened = signing_in.sign_in_customer(
                customer.id,
                email=link.facts["email"],
                actor=_as_actor(customer),
                user_agent=requests.user_agent(),
                by="link",
            )
        visitors.enter(opened)
        return requests.go_to(page)
    return render_template("auth/customer_enter.html", form=form, customer=customer), form.status


def _mail_code(email: str) -> None:
    rows = customer_queries.with_email(email)
    with transaction():
        # Made for unknown addresses too, so that the work and the answer are the same.
        code = codes.issue(email)
        if rows:
            letters.send(
                "sign_in_code",
                recipient=email,
                language=language.current(),
                about=("customer", rows[0].id),
                code=code,
                name=rows[0].name,
            )


def _token_for_code(email: str, digits: str) -> str | None:
    rows = customer_queries.with_email(email)
    if not codes.is_right(email, digits) or not rows:
        return None
    return signing_in.sign_in_customer(
        rows[0].id, email=email, actor=_as_actor(rows[0]), user_agent=requests.user_agent(), by="code"
    )


def _customer_of(link: links.Link) -> Customer:
    rows = customer_queries.with_email(link.facts["email"])
    found = next((row for row in rows if row.id == link.subject_id), None)
    if found is None:
        # The address was taken off this customer since the mail was sent.
        raise LinkInvalid
    return found


def _as_actor(customer: Customer) -> Actor:
    return Actor(ActorKind.CUSTOMER, customer.id, customer.name, requests.address(), requests.request_id())
