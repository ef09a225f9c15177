"""The list of an agent's cards."""

from flask import g, render_template, request
from flask_babel import gettext as _

from portal.cards import queries as cards_known
from portal.cards.models import CardState
from portal.cards.queries import CardFilter
from portal.catalogue import queries as catalogue
from portal.web import access
from portal.web.agent.blueprint import blueprint
from portal.web.sentences import Words
from portal.web.words import state_words

EXPIRY_CHOICES = (3, 7, 14, 30)
"""Days; any other number works in the address too."""


@blueprint.get("/cards/")
@access.agent("counter.cards")
def cards() -> str:
    """List cards by text, state and days until they expire; the filters live in the address."""
    filters = {name: request.args.get(name, "").strip()[:100] for name in ("q", "state", "expires")}
    state = CardState(filters["state"]) if filters["state"] in list(CardState) else None
    days = _days(filters["expires"])
    page = cards_known.matching(
        g.agent.id,
        CardFilter(text=filters["q"], state=state, expires_within_days=days),
        older=request.args.get("older"),
        newer=request.args.get("newer"),
    )
    return render_template(
        "agent/cards/list.html",
        page=page,
        plans=catalogue.versions_by_id([card.plan_version_id for card in page.rows]),
        filters={name: value for name, value in filters.items() if value},
        states={"": _("active and suspended"), **{state.value: state_words(state) for state in CardState}},
        expiries=_expiries(days),
    )


def _days(text: str) -> int | None:
    # isdecimal() also takes other scripts' digits, and int() reads them; five signs are more than ten years.
    return int(text) if text.isdecimal() and len(text) <= 5 else None


def _expiries(asked: int | None) -> dict[str, Words]:
    offered = sorted({*EXPIRY_CHOICES, *([] if asked is None else [asked])})
    return {"": _("any time"), **{str(days): _("%(days)s days", days=days) for days in offered}}
