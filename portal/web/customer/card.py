"""One card of a customer: what is left on it, how it was used, and its renewals."""

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.cards import usage
from portal.renewals import links
from portal.web import access, acts, charts, language, limits
from portal.web.customer import own, renewing
from portal.web.customer.blueprint import blueprint


@blueprint.get("/cards/<card_id>")
@access.customer_only
def card(card_id: str) -> str:
    """Show one of the visitor's cards."""
    face = own.card_face(card_id)
    return render_template(
        "customer/card/show.html",
        face=face,
        usage=charts.usage_line(face.card),
        renewals=face.renewals,
        pay_links=links.of_renewals([renewal.id for renewal in face.renewals]),
        can_be_renewed=bool(renewing.currencies_for(face)),
        agent_name=language.name_of,
        phone_words=own.phone_words,
        zone=own.zone_words(),
    )


@blueprint.post("/cards/<card_id>/refresh")
@access.customer_only
@limits.orders
def refresh(card_id: str) -> Response:
    """Have the carrier asked what is left on a card."""
    face = own.card_face(card_id)
    told = _("The carrier is being asked; look again in a few seconds.")
    return acts.do(lambda: usage.request(face.card), told=told, back=f"/my/cards/{face.card.id}")
