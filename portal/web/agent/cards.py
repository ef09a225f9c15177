"""The list of an agent's cards."""

from flask import g, render_template, request

from portal.cards import queries as cards_known
from portal.cards.models import CardState
from portal.cards.queries import CardFilter
from portal.catalogue import queries as catalogue
from portal.web import access
from portal.web.agent.blueprint import blueprint

EXPIRY_CHOICES = (3, 7, 14, 30)
"""Days; any other number works in the address too."""


@blueprint.get("/cards/")
@access.agent("counter.cards")
def cards() -> str:
    """List cards by text, state and days until they expire; the filters live in the address."""
    filters = {name: request.args.get(name, "").strip()[:100] for name in ("q", "state", "expires")}
    state = CardState(filters["state"]) if filters["state"] in list(CardState) else None
    page = cards_known.matching(
        g.agent.id,
        CardFilter(text=filters["q"], state=state, expires_within_days=_days(filters["expires"])),
        older=request.args.get("older"),
        newer=request.args.get("newer"),
    )
    return render_template(
        "agent/cards/list.html",
        page=page,
        plans=catalogue.versions_by_id([card.plan_version_id for card in page.rows]),
        filters={name: value for name, value in filters.items() if value},
        states=list(CardState),
        expiry_choices=EXPIRY_CHOICES,
    )


def _days(text: str) -> int | None:
    # isdecimal() also takes other scripts' digits, and int() reads them; five signs are more than ten years.
    return int(text) if text.isdecimal() and len(text) <= 5 else None
