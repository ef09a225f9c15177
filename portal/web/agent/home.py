"""An agent's first page: what there is, what runs out, what happened."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g, render_template, request
from flask_babel import gettext as _

from portal.cards import queries as cards
from portal.catalogue import queries as catalogue
from portal.core import clock
from portal.core.settings import current as settings
from portal.renewals import figures as renewal_figures
from portal.renewals import queries as renewals
from portal.renewals.figures import AgentFigures
from portal.wallets import queries as wallets
from portal.wallets.queries import Wallet
from portal.web import access
from portal.web.agent import figures
from portal.web.agent.blueprint import blueprint

SPANS = (3, 7, 14)
"""Days of the chips above the cards that run out."""

SHOWN_CARDS = 8

ENOUGH_TO_COMPARE = 10
"""Renewals of a month below which a growth in per cent would say nothing."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The tiles: the wallet looked at, and the month in its currency."""

    wallet: Wallet | None
    others: list[Wallet]
    month: AgentFigures

    @property
    def growth_percent(self) -> int | None:
        """How much more was renewed than by this time last month, in whole per cent; None where few were renewed."""
        before = self.month.renewals_last_month
        return (self.month.renewals - before) * 100 // before if before >= ENOUGH_TO_COMPARE else None

    @property
    def has_grown(self) -> bool:
        """Whether at least as much was renewed as by this time last month."""
        return (self.growth_percent or 0) >= 0


@blueprint.get("/")
@access.agent_only
def home() -> str:
    """Greet, count, and list what should be renewed first."""
    held = wallets.of_agent(g.agent.id)
    wallet = next((one for one in held if one.currency == request.args.get("currency")), held[0] if held else None)
    currency = wallet.currency if wallet else "CNY"
    within = next((days for days in SPANS if str(days) == request.args.get("within")), SPANS[1])
    expiring = cards.expiring(g.agent.id)
    soon = cards.running_out(g.agent.id, within_days=within, limit=SHOWN_CARDS)
    return render_template(
        "agent/home/show.html",
        greeting=greeting(clock.now()),
        overview=Overview(
            wallet, [one for one in held if one is not wallet], renewal_figures.agent_figures(g.agent.id, currency)
        ),
        within=within,
        spans=dict(zip(SPANS, (expiring.within_3_days, expiring.within_7_days, expiring.within_14_days), strict=True)),
        soon=soon,
        plans=catalogue.versions_by_id([card.plan_version_id for card in soon]),
        latest=renewals.latest_of_agent(g.agent.id),
        sales=figures.sales_by_day(renewal_figures.agent_days(g.agent.id, currency, days=figures.SHOWN_DAYS), currency),
        days_left=figures.cards_by_days_left(g.agent.id),
    )


def greeting(now: datetime) -> str:
    """Greet as people do at this time of the day in the portal's zone."""
    hour = now.astimezone(ZoneInfo(settings().time_zone)).hour
    if 5 <= hour < 12:
        return _("Good morning")
    if 12 <= hour < 18:
        return _("Good afternoon")
    return _("Good evening")
