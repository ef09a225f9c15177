"""The way around: which pages stand in the head of each audience's pages, and which of them is open."""

from dataclasses import dataclass, replace

from flask import Flask, g, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal.accounts.models import Role
from portal.core import jobs
from portal.core.jobs import JobState
from portal.web import language
from portal.web.sentences import Words

JOBS = "/admin/jobs"
REFUNDS = "/admin/refunds/"


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the head: its words, its address that never changes, and the act that shows it."""

    words: Words
    path: str
    icon: str
    act: str
    is_start: bool = False
    badge: int = 0


AGENT = (
    Place(_l("Overview"), "/agent/", "home", "counter.overview", is_start=True),
    Place(_l("Cards"), "/agent/cards/", "device-sim", "counter.cards"),
    Place(_l("Customers"), "/agent/customers/", "users", "counter.customers"),
    Place(_l("Renewals"), "/agent/renewals/", "refresh", "counter.renewals"),
    Place(_l("Wallet"), "/agent/wallet", "wallet", "counter.wallet"),
    Place(_l("Earnings"), "/agent/earnings", "chart-line", "counter.wallet"),
    Place(_l("Payouts"), "/agent/payouts/", "report-money", "counter.payouts"),
)

ADMIN = (
    Place(_l("Overview"), "/admin/", "home", "overview.read", is_start=True),
    Place(_l("Transactions"), "/admin/transactions", "list", "transactions.read"),
    Place(_l("Ledger"), "/admin/ledger", "book", "ledger.read"),
    Place(_l("Agents"), "/admin/agents/", "building-store", "agents.read"),
    Place(_l("Payments"), "/admin/payments/", "credit-card", "payments.read"),
    Place(_l("Payouts"), "/admin/payouts/", "send", "payouts.read"),
    Place(_l("Refunds"), REFUNDS, "arrow-back-up", "refunds.read"),
    Place(_l("Reconciliation"), "/admin/reconciliation/", "list-check", "reconciliation.read"),
    Place(_l("Catalogue"), "/admin/catalogue/", "package", "catalogue.read"),
    Place(_l("Jobs"), JOBS, "stack-2", "jobs.read"),
    Place(_l("Audit log"), "/admin/audit", "history", "audit.read"),
    Place(_l("Mails"), "/admin/mails", "mail", "mails.read"),
)

ROLE_WORDS = {
    Role.ADMIN: _l("administrator"),
    Role.FINANCE: _l("finance"),
    Role.AUDITOR: _l("auditor"),
    Role.AGENT_OWNER: _l("owner"),
    Role.AGENT_CLERK: _l("clerk"),
}


def register(app: Flask) -> None:
    """Give templates the places of whoever looks, and the address of this page for the language switch."""
    app.jinja_env.globals.update(
        places=places,
        is_open=is_open,
        house_name=house_name,
        role_words=role_words,
        this_page=this_page,
    )


def places() -> list[Place]:
    """List the pages that the visitor's role permits."""
    if not current_user.is_user:
        return []
    shown = [place for place in (AGENT if current_user.agent_id else ADMIN) if current_user.may(place.act)]
    return [replace(place, badge=jobs.count(JobState.GIVEN_UP)) if place.path == JOBS else place for place in shown]


def is_open(place: Place) -> bool:
    """Tell whether this page is the place, or lies below it."""
    if place.is_start:
        return request.path == place.path
    return request.path == place.path.rstrip("/") or request.path.startswith(place.path.rstrip("/") + "/")


def house_name() -> str:
    """Give the agent's name in the reader's language; nothing for the operator's people."""
    agent = g.get("agent")
    return "" if agent is None else language.name_of(agent)


def role_words() -> Words:
    """Say what the visitor is in the house."""
    return ROLE_WORDS[current_user.role]


def this_page() -> str:
    """Give the address to come back to after switching the language."""
    return request.full_path.rstrip("?") if request.method == "GET" else ""
