"""The operator's first page: how the house stands, what needs somebody, how the last days went."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from portal.agents import queries as agents
from portal.agents.models import AgentStatus
from portal.catalogue import queries as catalogue
from portal.core import jobs, queue
from portal.core.jobs import JobState
from portal.core.money import exponent
from portal.receipts import storage
from portal.renewals import figures, transactions
from portal.renewals.figures import Day
from portal.renewals.transactions import TransactionFilter
from portal.web import access
from portal.web.admin import waiting
from portal.web.admin.blueprint import blueprint
from portal.web.admin.listing import listed

SHOWN_DAYS = 30
SHOWN_TRANSACTIONS = 8

LEAST_FREE_BYTES = 200 * 1024 * 1024
"""Room for some 10,000 receipts: a day to react in a busy house."""


@blueprint.get("/")
@access.admin("overview.read")
def overview() -> str:
    """Show figures, alarms, the last days and the latest transactions."""
    currencies = catalogue.currencies() or ["CNY"]
    currency = next((code for code in currencies if code == request.args.get("currency")), _usual(currencies))
    days = figures.operator_days(currency, days=SHOWN_DAYS)
    return render_template(
        "admin/overview/show.html",
        figures=figures.operator_figures(),
        given_up=jobs.count(JobState.GIVEN_UP),
        failing=jobs.count(JobState.FAILING),
        alarms=alarms(),
        waiting=waiting.for_visitor(),
        pending_agents=agents.count_by_status()[AgentStatus.PENDING],
        currencies=currencies,
        currency=currency,
        volume=volume_chart(days, currency),
        sales=(sum(day.sales_minor for day in days), currency),
        failures=failure_chart(days),
        refused_words=refused_words(days),
        latest=listed(transactions.page(TransactionFilter(), size=SHOWN_TRANSACTIONS).rows),
    )


def alarms() -> list[str]:
    """Say what of the house itself is broken: no broker, no worker, no room for receipts."""
    found = []
    if not queue.is_reachable():
        found.append(_("The broker does not answer: jobs wait for the clock's next round."))
    elif not queue.has_worker():
        found.append(_("No worker is running: nothing is delivered, no receipt is made."))
    try:
        if storage.free_bytes() < LEAST_FREE_BYTES:
            found.append(_("The disk of the receipts is nearly full: receipts wait, money is not touched."))
    except OSError:
        found.append(_("The folder of the receipts cannot be used: receipts wait, money is not touched."))
    return found


def volume_chart(days: Sequence[Day], currency: str) -> dict[str, Any]:
    """Draw what was sold on each day, in minor units with their digits."""
    return {
        "kind": "bars",
        "labels": [day.day.isoformat() for day in days],
        "series": [{"name": _("Sales"), "values": [day.sales_minor for day in days]}],
        "unit": currency,
        "digits": exponent(currency),
        "limit": None,
    }


def failure_chart(days: Sequence[Day]) -> dict[str, Any]:
    """Draw which share of each day's renewals carriers refused, in tenths of a per cent."""
    shares = [day.refused * 1000 // day.renewals if day.renewals else 0 for day in days]
    return {
        "kind": "line",
        "labels": [day.day.isoformat() for day in days],
        "series": [{"name": _("Refused"), "values": shares}],
        "unit": "%",
        "digits": 1,
        "limit": None,
    }


def refused_words(days: Sequence[Day]) -> str:
    """Say how many of the shown days' renewals were refused."""
    refused, placed = sum(day.refused for day in days), sum(day.renewals for day in days)
    return _("%(refused)s of %(placed)s renewals refused", refused=refused, placed=placed)


def _usual(currencies: Sequence[str]) -> str:
    return "CNY" if "CNY" in currencies else currencies[0]
