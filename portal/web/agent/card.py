"""One card: what is left on it, its history, and what can be done with it."""

from collections.abc import Callable

from flask import Response as Page
from flask import flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.cards import concealing, details, keeping, usage
from portal.cards.models import Card
from portal.catalogue import queries as catalogue
from portal.core import clock
from portal.core.db import transaction
from portal.core.errors import NotFound
from portal.renewals import queries as renewals
from portal.web import access, acts, charts, limits, requests, surfaces
from portal.web.agent import own
from portal.web.agent.blueprint import blueprint
from portal.web.forms import LineField, PortalForm

ASKED_FOR_SECONDS = 90
"""A card that was just registered asks for its first reading so long, then leaves it to the button."""


class LabelForm(PortalForm):
    """What the agent calls the card."""

    label = LineField(_l("Label"), max_length=details.LONGEST_LABEL, is_required=False)


@blueprint.get("/cards/<card_id>")
@access.agent("counter.cards")
def card(card_id: str) -> str:
    """Show a card."""
    found = own.card(card_id)
    return _page(found, LabelForm(label=found.label))


@blueprint.get("/cards/<card_id>/state")
@access.agent("counter.cards")
def card_state(card_id: str) -> str:
    """Give what is left on a card alone, for the page that waits for its first reading."""
    return render_template("agent/card/_state.html", **_state(own.card(card_id)))


@blueprint.post("/cards/<card_id>/refresh")
@access.agent("counter.cards")
@limits.orders
def refresh_card(card_id: str) -> Response:
    """Have the carrier asked what is left."""
    found = own.card(card_id)
    told = _("The carrier is being asked; look again in a few seconds.")
    return acts.do(lambda: usage.request(found), told=told, back=_address(found))


@blueprint.post("/cards/<card_id>/label")
@access.agent("counter.cards")
def label_card(card_id: str) -> Response | tuple[str, int]:
    """Change what the agent calls the card."""
    found = own.card(card_id)
    form = LabelForm()
    if form.validate_on_submit():
        with form.refusals():
            with transaction():
                keeping.set_label(found, label=form.label.data or "", actor=current_user.actor)
            flash(_("Saved."), "success")
            return requests.go_to(_address(found))
    return _page(found, form), form.status


@blueprint.post("/cards/<card_id>/suspend")
@access.agent("counter.cards")
def suspend_card(card_id: str) -> Response:
    """Keep the card from being renewed."""
    return _change(card_id, keeping.suspend, _("The card is suspended; it cannot be renewed until you resume it."))


@blueprint.post("/cards/<card_id>/resume")
@access.agent("counter.cards")
def resume_card(card_id: str) -> Response:
    """Let the card be renewed again."""
    return _change(card_id, keeping.resume, _("The card is active again."))


@blueprint.post("/cards/<card_id>/remove")
@access.agent("counter.cards")
def remove_card(card_id: str) -> Response:
    """End the card's registration."""
    return _change(card_id, keeping.remove, _("The card is removed; its history stays."))


@blueprint.post("/cards/<card_id>/reveal")
@access.agent("counter.cards")
@limits.orders
def reveal_secret(card_id: str) -> Page:
    """Show the EID or the activation code in clear, once; the audit log says who looked."""
    found = own.card(card_id)
    secret = request.form.get("secret")
    with transaction():
        if secret == "eid":  # noqa: S105 - the name of a field
            shown, picture = concealing.reveal_eid(found, actor=current_user.actor), None
        elif secret == "activation_code":  # noqa: S105
            shown = concealing.reveal_activation_code(found, actor=current_user.actor).text
            picture = surfaces.qr_code(shown)
        else:
            raise NotFound
    template = "agent/card/_revealed.html" if requests.is_htmx() else "agent/card/revealed.html"
    return make_response(render_template(template, card=found, secret=secret, shown=shown, picture=picture))


def _change(card_id: str, act: Callable[..., None], told: str) -> Response:
    found = own.card(card_id)
    return acts.do(lambda: act(found, actor=current_user.actor), told=told, back=_address(found))


def _page(found: Card, form: LabelForm) -> str:
    return render_template(
        "agent/card/show.html",
        form=form,
        renewals=renewals.of_card(found.id),
        masked_eid=concealing.masked_eid(found),
        masked_activation_code=concealing.masked_activation_code(found),
        **_state(found),
    )


def _state(found: Card) -> dict[str, object]:
    age = (clock.now() - found.registered_at).total_seconds()
    return {
        "card": found,
        "plan": catalogue.version_by_id(found.plan_version_id) if found.plan_version_id else None,
        "usage": charts.usage_line(found),
        "is_awaited": found.usage_read_at is None and age < ASKED_FOR_SECONDS,
    }


def _address(found: Card) -> str:
    return f"/agent/cards/{found.id}"
