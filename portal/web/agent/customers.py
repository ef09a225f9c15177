"""An agent's customers: look one up, see their cards and renewals, correct what is known of them."""

from flask import g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.cards import queries as cards
from portal.catalogue import queries as catalogue
from portal.core import i18n
from portal.customers import details, editing, inviting
from portal.customers import queries as customers_known
from portal.renewals import queries as renewals
from portal.web import access, acts, limits
from portal.web.agent import own
from portal.web.agent.blueprint import blueprint
from portal.web.forms import LineField, PortalForm, choices


class CustomerForm(PortalForm):
    """What is known of a customer."""

    customer_name = LineField(_l("Name"), max_length=120)
    customer_email = LineField(_l("E-mail"), max_length=254, is_required=False)
    customer_phone = LineField(_l("Phone"), max_length=40, is_required=False)
    locale = SelectField(_l("Language"), choices=choices(i18n.LANGUAGES))
    receipt_language = SelectField(
        _l("Receipts in"), choices=choices(i18n.PAPER_LANGUAGES), default=i18n.PaperLanguage.BOTH
    )

    @property
    def details(self) -> details.CustomerDetails:
        """What was typed, read and checked."""
        return details.read(
            name=self.customer_name.data,
            email=self.customer_email.data or "",
            phone=self.customer_phone.data or "",
            locale=self.locale.data,
            receipt_language=self.receipt_language.data,
        )


@blueprint.get("/customers/")
@access.agent("counter.customers")
def customers() -> str:
    """List the agent's customers, the newest first."""
    text = request.args.get("q", "").strip()[:100]
    page = customers_known.matching(g.agent.id, text, older=request.args.get("older"), newer=request.args.get("newer"))
    filters = {"q": text} if text else {}
    card_counts = cards.count_of_customers([customer.id for customer in page.rows])
    return render_template("agent/customers/list.html", page=page, filters=filters, card_counts=card_counts)


@blueprint.get("/customers/<customer_id>")
@access.agent("counter.customers")
def customer(customer_id: str) -> str:
    """Show a customer with their cards and renewals."""
    found = own.customer(customer_id)
    held = cards.of_customer(found.id)
    return render_template(
        "agent/customers/show.html",
        customer=found,
        cards=held,
        plans=catalogue.versions_by_id([card.plan_version_id for card in held]),
        renewals=renewals.of_customers([found.id]),
    )


@blueprint.route("/customers/<customer_id>/edit", methods=["GET", "POST"])
@access.agent("counter.customers")
def edit_customer(customer_id: str) -> Response | tuple[str, int]:
    """Correct a customer's name, contacts and languages."""
    found = own.customer(customer_id)
    form = CustomerForm(
        customer_name=found.name,
        customer_email=found.email,
        customer_phone=found.phone,
        locale=found.locale,
        receipt_language=found.receipt_language,
    )
    if form.validate_on_submit():
        with form.refusals():
            typed = form.details
            return acts.do(
                lambda: editing.edit(own.customer(customer_id), details=typed, actor=current_user.actor),
                told=_("Saved."),
                back=f"/agent/customers/{found.id}",
            )
    return render_template("agent/customers/edit.html", form=form, customer=found), form.status


@blueprint.post("/customers/<customer_id>/send-link")
@access.agent("counter.customers")
@limits.orders
def send_customer_link(customer_id: str) -> Response:
    """Mail a customer the link that opens their cards and receipts."""
    found = own.customer(customer_id)
    told = _("The link is on its way to %(email)s.", email=found.email)
    return acts.do(
        lambda: inviting.send_link(found, actor=current_user.actor), told=told, back=f"/agent/customers/{found.id}"
    )
