"""Register a card: typed, pasted or scanned, for a customer who is known or new."""

from collections.abc import Callable
from typing import Any

from flask import flash, g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import Field, SelectField, ValidationError

from portal.cards import activation_code, details, eid, iccid, registering
from portal.cards.details import CardDetails
from portal.cards.errors import CardRegisteredAlready, NeedsConfirmation
from portal.cards.models import Card
from portal.carriers import registry
from portal.core import i18n
from portal.core.contacts import read_phone
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput, PortalError
from portal.customers import details as customer_details
from portal.customers import queries as customers
from portal.customers.details import CustomerDetails
from portal.customers.models import Customer
from portal.web import access, language, limits, requests, sentences
from portal.web.agent import own, words
from portal.web.agent.blueprint import blueprint
from portal.web.forms import SHOWN_BESIDE_FIELDS, LineField, PortalForm, choices, email_address


def readable(read: Callable[[str], Any]) -> Callable[[PortalForm, Field], None]:
    """Refuse what a capability's reader refuses, in its words; every field of a form then speaks at once."""

    def check(_form: PortalForm, field: Field) -> None:
        try:
            read(field.data)
        except InvalidInput as error:
            raise ValidationError(sentences.of_error(error)) from None

    return check


class CardForm(PortalForm):
    """A card and whose it is."""

    iccid = LineField(_l("ICCID"), max_length=60, validators=[readable(iccid.read)])
    carrier = SelectField(_l("Carrier"), choices=[])
    activation_code = LineField(
        _l("Activation code"), max_length=300, is_required=False, validators=[readable(activation_code.read)]
    )
    eid = LineField(_l("EID"), max_length=60, is_required=False, validators=[readable(eid.read)])
    msisdn = LineField(
        _l("Phone number of the card"),
        max_length=40,
        is_required=False,
        validators=[readable(lambda text: read_phone(text, reason="msisdn_invalid"))],
    )
    label = LineField(_l("Label"), max_length=details.LONGEST_LABEL, is_required=False)
    customer_name = LineField(_l("Name"), max_length=120)
    customer_email = LineField(_l("E-mail"), max_length=254, is_required=False, validators=[email_address])
    customer_phone = LineField(_l("Phone"), max_length=40, is_required=False, validators=[readable(read_phone)])
    locale = SelectField(_l("Language"), choices=choices(i18n.LANGUAGES))
    receipt_language = SelectField(
        _l("Receipts in"), choices=choices(i18n.PAPER_LANGUAGES), default=i18n.PaperLanguage.BOTH
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.carrier.choices = registry.names()

    @property
    def card(self) -> CardDetails:
        """The card as it was typed, read and checked."""
        return details.read(
            iccid=self.iccid.data,
            carrier=self.carrier.data,
            eid=self.eid.data or "",
            msisdn=self.msisdn.data or "",
            activation_code=self.activation_code.data or "",
            label=self.label.data or "",
        )

    @property
    def customer(self) -> CustomerDetails:
        """The customer as typed, read and checked."""
        return customer_details.read(
            name=self.customer_name.data,
            email=self.customer_email.data or "",
            phone=self.customer_phone.data or "",
            locale=self.locale.data,
            receipt_language=self.receipt_language.data,
        )


@blueprint.get("/cards/new")
@access.seller_only
def new_card() -> str:
    """Show the form, for a customer known already when the address names one."""
    known = own.customer(request.args["customer"]) if request.args.get("customer") else None
    return render_template("agent/registering/new.html", form=_form_for(known), question=None, standing_id=None)


@blueprint.post("/cards/new")
@access.seller_only
@limits.orders
def register_card() -> Response | tuple[str, int]:
    """Register the card; what is odd about it is asked back, and accepted once confirmed."""
    form = CardForm()
    question, standing_id = None, None
    if form.validate_on_submit():
        try:
            card = _register(form)
        except NeedsConfirmation as error:
            form.is_refused = True
            question = error
        except PortalError as error:
            if error.status not in SHOWN_BESIDE_FIELDS:
                raise
            form.attach(error)
            standing_id = error.parts.get("card_id") if isinstance(error, CardRegisteredAlready) else None
        else:
            flash(_("The card is registered."), "success")
            return requests.go_to(f"/agent/cards/{card.id}")
    page = render_template(
        "agent/registering/new.html",
        form=form,
        question=words.questions(question) if question else None,
        standing_id=standing_id,
    )
    return page, form.status


@blueprint.get("/cards/new/customer")
@access.seller_only
def known_customers() -> str:
    """Give the agent's customers who match what is being typed, or the fields of the one who was picked."""
    if request.args.get("customer"):
        return render_template(
            "agent/registering/_customer.html", form=_form_for(own.customer(request.args["customer"]))
        )
    typed = next((text for name in _SEARCHED if len(text := request.args.get(name, "").strip()) > 1), "")
    return render_template("agent/registering/_known.html", known=customers.suggestions(g.agent.id, typed[:100]))


_SEARCHED = ("customer_email", "customer_phone", "customer_name")
"""Fields that tell who the customer is, the surest first."""


def _register(form: CardForm) -> Card:
    card, customer = form.card, form.customer
    confirmed = request.form.getlist("confirmed")
    return in_transaction(
        lambda: registering.register(
            card, agent_id=g.agent.id, customer=customer, confirmed=confirmed, actor=current_user.actor
        )
    )


def _form_for(known: Customer | None) -> CardForm:
    if known is None:
        return CardForm(formdata=None, locale=language.current())
    return CardForm(
        formdata=None,
        customer_name=known.name,
        customer_email=known.email,
        customer_phone=known.phone,
        locale=known.locale,
        receipt_language=known.receipt_language,
    )
