"""A customer's first page: the card that runs out next, the others, the receipts, and the language they are in."""

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectField

from portal.core import i18n
from portal.core.db import transaction
from portal.customers import editing
from portal.web import access, language, requests
from portal.web.customer import own, renewing
from portal.web.customer.blueprint import blueprint
from portal.web.forms import PortalForm, choices


class ReceiptLanguageForm(PortalForm):
    """The language the visitor wants receipts in."""

    receipt_language = SelectField(_l("Receipts in"), choices=choices(i18n.PAPER_LANGUAGES))


@blueprint.get("/")
@access.customer_only
def home() -> str:
    """Show the visitor's cards and receipts, of all their agents; on further pages older receipts alone."""
    return _page(ReceiptLanguageForm(receipt_language=current_user.customer.receipt_language))


@blueprint.post("/receipt-language")
@access.customer_only
def choose_receipt_language() -> Response | tuple[str, int]:
    """Keep the language that the visitor's next receipts are written in, at all their agents."""
    form = ReceiptLanguageForm()
    if form.validate_on_submit():
        chosen = i18n.PaperLanguage(form.receipt_language.data)
        with transaction():
            editing.choose_receipt_language(own.customers(), language=chosen, actor=current_user.actor)
        flash(_("Saved. Your next receipts are written so."), "success")
        return requests.go_to("/my/")
    return _page(form), form.status


def _page(form: ReceiptLanguageForm) -> str:
    faces = own.card_faces()
    return render_template(
        "customer/home/show.html",
        face=faces[0] if faces else None,
        others=faces[1:],
        receipts=own.receipts_page(older=request.args.get("older"), newer=request.args.get("newer")),
        form=form,
        agent_name=language.name_of,
        phone_words=own.phone_words,
        zone=own.zone_words(),
        can_be_renewed=bool(faces and renewing.currencies_for(faces[0])),
    )
