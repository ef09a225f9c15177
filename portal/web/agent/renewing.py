"""Renew a card: choose a plan, see what it costs, pay from the wallet with one button, or let the customer pay."""

import re
from functools import partial
from uuid import UUID, uuid5

from flask import flash, g, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.agents import queries as agents
from portal.cards import pace
from portal.cards import queries as cards
from portal.cards.models import Card
from portal.catalogue import queries as catalogue
from portal.core import clock
from portal.core.db import in_transaction
from portal.core.errors import InvalidInput, PortalError
from portal.core.money import Money
from portal.payments import offers as offers_online
from portal.payments.models import PaymentChannel
from portal.renewals import links, ordering, placing
from portal.renewals import queries as renewals
from portal.renewals.errors import PlanNotForCard, QuoteChanged
from portal.renewals.ordering import Ordered
from portal.renewals.placing import Placed
from portal.wallets import queries as wallets
from portal.web import access, choosing, limits, offering, regions, requests
from portal.web.agent import own
from portal.web.agent.blueprint import blueprint
from portal.web.agent.till import Till
from portal.web.choosing import Wish
from portal.web.forms import SHOWN_BESIDE_FIELDS, PortalForm

_KEY = re.compile(r"[\x21-\x7e]{1,64}")


class PayForm(PortalForm):
    """The quote that was shown, and the key that makes sending it twice one renewal."""

    plan = HiddenField()
    quote = HiddenField()
    idempotency_key = HiddenField()
    way = HiddenField()
    code = HiddenField()

    @property
    def is_for_customer(self) -> bool:
        """Whether the customer shall pay, through a link, instead of the wallet."""
        return self.way.data == "link"

    @property
    def is_order(self) -> bool:
        """Whether the pay button was pressed, not only a plan chosen."""
        return bool(self.quote.data)

    @property
    def key(self) -> str:
        """The key, as the form was given it.

        Raises:
            InvalidInput: it is missing or none of the signs that a key is made of.
        """
        key = self.idempotency_key.data or ""
        if not _KEY.fullmatch(key):
            raise InvalidInput(field="idempotency_key", reason="key_missing")
        return key


@blueprint.get("/cards/<card_id>/renew")
@access.seller_only
@limits.codes
def renew(card_id: str) -> Response | str:
    """Show the plans that fit, and the price of the one chosen; htmx asks for the price alone."""
    card = own.card(card_id)
    if not card.is_active:
        return _not_renewable(card)
    wish = Wish(request.args.get("plan", ""), request.args.get("region", ""), request.args.get("term", ""))
    values = _shown(card, wish)
    if requests.is_htmx() and request.headers.get("HX-Target") == "quote":
        return render_template("agent/renewing/_quote.html", form=PayForm(), **values)
    return render_template("agent/renewing/show.html", form=PayForm(), **values)


@blueprint.post("/cards/<card_id>/renew")
@access.seller_only
@limits.orders
@limits.codes
def pay(card_id: str) -> Response | tuple[str, int]:
    """Place the renewal at the price shown, from the wallet or through a link; a changed price is shown again."""
    card = own.card(card_id)
    form = PayForm()
    wish = Wish(form.plan.data or "")
    status = 200
    if form.is_order:
        try:
            return requests.go_to(f"/agent/renewals/{_place(card, form).id}")
        except PortalError as error:
            if error.status not in SHOWN_BESIDE_FIELDS:
                raise
            form.attach(error)
            status = error.status
            wish = Wish(form.plan.data or _plan_code(error))
    if not card.is_active:
        return _not_renewable(card)
    values = _shown(card, wish)
    if values["till"] is None and not form.is_refused:
        form.attach(PlanNotForCard())
        status = PlanNotForCard.status
    return render_template("agent/renewing/show.html", form=form, **values), status


def _place(card: Card, form: PayForm) -> Placed | Ordered:
    key = form.key
    if form.is_for_customer:
        return in_transaction(
            lambda: ordering.order(
                agent_id=card.agent_id,
                card_id=card.id,
                signed_quote=form.quote.data,
                idempotency_key=key,
                actor=current_user.actor,
            )
        )
    return in_transaction(
        lambda: placing.place(
            agent_id=card.agent_id,
            card_id=card.id,
            signed_quote=form.quote.data,
            idempotency_key=key,
            actor=current_user.actor,
        )
    )


def _plan_code(error: PortalError) -> str:
    quote = error.parts.get("quote") if isinstance(error, QuoteChanged) else None
    return catalogue.version_by_id(quote.plan_version_id).code if quote else ""


def _shown(card: Card, wish: Wish) -> dict[str, object]:
    by_currency = {wallet.currency: wallet for wallet in wallets.of_agent(g.agent.id)}
    given = offering.given(card)
    fitting = [offer for offer in given.offers if offer.plan.currency in by_currency]
    chosen = choosing.choose(card, fitting, wish)
    till = None
    if chosen.chosen is not None:
        currency = chosen.chosen.plan.currency
        terms = agents.terms_in_force(g.agent.id, currency)
        till = Till(chosen.chosen, by_currency[currency], _key(card), terms)
    present = catalogue.version_by_id(card.plan_version_id) if card.plan_version_id else None
    return {
        "card": card,
        "choosing": chosen,
        "till": till,
        "given": given,
        "told": offering.told,
        "takes_online": till is not None and _takes_online(till.total),
        "unpaid": links.payable_for_card(card.id, agent_id=g.agent.id, now=clock.now()),
        "present_plan": present,
        "days_for": partial(pace.days_for, readings=cards.usage_readings(card.id)),
        "region_words": regions.words,
    }


def _takes_online(total: Money) -> bool:
    return bool(total and offers_online.methods(total.currency, PaymentChannel.WEBSITE))


def _key(card: Card) -> UUID:
    """Make the key of the card's next renewal: every tab opened before it carries the same one, so they make one."""
    latest = renewals.of_card(card.id, limit=1)
    return uuid5(card.id, str(latest[0].id) if latest else "the first")


def _not_renewable(card: Card) -> Response:
    flash(_("This card is not active, so it cannot be renewed. Nothing was paid."), "error")
    return requests.go_to(f"/agent/cards/{card.id}")
