"""A customer renews a card of theirs: choose a plan, see what it costs, and go on to pay."""

from uuid import UUID, uuid5

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.agents.models import AgentStatus
from portal.cards.models import Card
from portal.catalogue import queries as catalogue
from portal.core.db import in_transaction
from portal.core.errors import PortalError
from portal.core.money import Money
from portal.payments import offers as offers_online
from portal.payments.models import PaymentChannel
from portal.renewals import ordering
from portal.renewals import queries as renewals
from portal.renewals.errors import PlanNotForCard, QuoteChanged
from portal.renewals.offers import Offer
from portal.renewals.ordering import Ordered
from portal.web import access, choosing, language, limits, offering, regions, requests
from portal.web.choosing import Wish
from portal.web.customer import own
from portal.web.customer.blueprint import blueprint
from portal.web.customer.own import CardFace
from portal.web.forms import SHOWN_BESIDE_FIELDS, PortalForm


class OrderForm(PortalForm):
    """The quote that was shown, and the key that makes sending it twice one renewal."""

    plan = HiddenField()
    quote = HiddenField()
    idempotency_key = HiddenField()


@blueprint.get("/cards/<card_id>/renew")
@access.customer_only
@limits.codes
def renew(card_id: str) -> Response | str:
    """Show the plans that fit a card, and the price of the one chosen; htmx asks for the price alone."""
    face = own.card_face(card_id)
    payable = currencies_for(face)
    if not payable:
        return _refuse(face)
    wish = Wish(request.args.get("plan", ""), request.args.get("region", ""), request.args.get("term", ""))
    is_piece = requests.is_htmx() and request.headers.get("HX-Target") == "quote"
    template = "customer/renewing/_quote.html" if is_piece else "customer/renewing/show.html"
    values = _shown(face, payable, wish)
    return render_template(template, form=OrderForm(formdata=None), is_piece=is_piece, **values)


@blueprint.post("/cards/<card_id>/renew")
@access.customer_only
@limits.orders
@limits.codes
def order(card_id: str) -> Response | tuple[str, int]:
    """Order at the price shown and go on to pay it; a changed price is shown again, and nothing is taken."""
    face = own.card_face(card_id)
    payable = currencies_for(face)
    if not payable:
        return _refuse(face)
    form = OrderForm()
    wish, status = Wish(form.plan.data or ""), 200
    try:
        return requests.go_to(f"/pay/{_order(face.card, form).code}")
    except PortalError as error:
        if error.status not in SHOWN_BESIDE_FIELDS:
            raise
        form.attach(error)
        status = error.status
        if isinstance(error, QuoteChanged) and error.parts["quote"] is not None:
            wish = Wish(catalogue.version_by_id(error.parts["quote"].plan_version_id).code)
    return render_template(
        "customer/renewing/show.html", form=form, is_piece=False, **_shown(face, payable, wish)
    ), status


def currencies_for(face: CardFace) -> list[str]:
    """List in what the visitor can pay online to renew this card by themselves; none where they may not."""
    may = face.card.is_active and face.agent.status is AgentStatus.VERIFIED
    return offers_online.currencies(PaymentChannel.WEBSITE) if may else []


def _order(card: Card, form: OrderForm) -> Ordered:
    if not form.quote.data:
        raise PlanNotForCard
    key = (form.idempotency_key.data or "")[:64]
    return in_transaction(
        lambda: ordering.order(
            agent_id=card.agent_id,
            card_id=card.id,
            signed_quote=form.quote.data or "",
            idempotency_key=key or str(_key(card)),
            actor=current_user.actor,
        )
    )


def _shown(face: CardFace, payable: list[str], wish: Wish) -> dict[str, object]:
    given = offering.given(face.card)
    fitting = [offer for offer in given.offers if offer.plan.currency in payable]
    chosen = choosing.choose(face.card, fitting, wish)
    return {
        "face": face,
        "choosing": chosen,
        "lines": _lines(chosen.chosen) if chosen.chosen else None,
        "given": given,
        "refused_code": given.words_on(chosen.chosen),
        "promotion": offering.promotion_of(chosen.chosen.quote) if chosen.chosen else "",
        "key": _key(face.card),
        "agent_name": language.name_of,
        "region_words": regions.words,
    }


def _lines(offer: Offer) -> dict[str, Money]:
    quote = offer.quote
    names = ("price", "discount", "fee", "tax", "total")
    return {name: Money(getattr(quote, f"{name}_minor"), quote.currency) for name in names}


def _key(card: Card) -> UUID:
    """Make the key of the card's next order: every tab opened before it carries the same one, so they make one."""
    latest = renewals.of_card(card.id, limit=1)
    return uuid5(card.id, f"website {latest[0].id if latest else 'the first'}")


def _refuse(face: CardFace) -> Response:
    flash(_("This card cannot be renewed online just now. Nothing was taken; please ask your agent."), "error")
    return requests.go_to(f"/my/cards/{face.card.id}")
