"""Who may open which page: each view is marked with a guard, one place enforces it, an unmarked view is a fault."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, current_app, g, request
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts.permissions import ACTS
from portal.agents import queries as agent_queries
from portal.agents.models import AgentStatus
from portal.core.errors import NotAllowed
from portal.web import requests

View = TypeVar("View", bound=Callable[..., Any])


class Audience(StrEnum):
    """For whom a view is."""

    UNATTENDED = "unattended"
    """Machines: who asks is not even looked up, so it works while the database is down."""
    PUBLIC = "public"
    """Everybody, signed in or not."""
    SIGNED_IN = "signed_in"
    """Every user, whatever their role."""
    AGENT = "agent"
    """The people of an agent, for that agent's own cards, customers and money."""
    ADMIN = "admin"
    """The operator's people, as far as their role permits."""
    CUSTOMER = "customer"
    """A customer, for their own cards and receipts."""


@dataclass(frozen=True, slots=True)
class Access:
    """The guard of a view."""

    audience: Audience
    act: str | None = None
    """The act of `accounts.permissions` that the visitor's role must permit."""
    sells: bool = False
    """Whether the agent must be verified and not suspended."""


class AgentMayNotSell(NotAllowed):
    """The agent is not verified yet, or is suspended. Parts: `status`."""

    code = "agent_may_not_sell"


def _mark(access: Access) -> Callable[[View], View]:
    if access.act is not None and access.act not in ACTS:
        raise ValueError(f"no such act: {access.act!r}")

    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def unattended(view: View) -> View:
    """Let machines in without looking who asks."""
    return _mark(Access(Audience.UNATTENDED))(view)


def public(view: View) -> View:
    """Let everybody in."""
    return _mark(Access(Audience.PUBLIC))(view)


def signed_in(view: View) -> View:
    """Let every user in."""
    return _mark(Access(Audience.SIGNED_IN))(view)


def agent_only(view: View) -> View:
    """Let an agent's people in; `g.agent` is their agent, which may be pending or suspended."""
    return _mark(Access(Audience.AGENT, "counter.overview"))(view)


def seller_only(view: View) -> View:
    """Let the people of a verified agent in; `g.agent` is theirs."""
    return _mark(Access(Audience.AGENT, "counter.overview", sells=True))(view)


def agent(act: str) -> Callable[[View], View]:
    """Let an agent's people in whose role permits the act."""
    return _mark(Access(Audience.AGENT, act))


def admin(act: str) -> Callable[[View], View]:
    """Let the operator's people in whose role permits the act."""
    return _mark(Access(Audience.ADMIN, act))


def customer_only(view: View) -> View:
    """Let customers in; `current_user.customer_ids` are the rows that are theirs."""
    return _mark(Access(Audience.CUSTOMER))(view)


def register(app: Flask) -> None:
    """Enforce every view's guard before it runs."""
    if app.has_static_folder:
        unattended(app.view_functions["static"])
    app.before_request(enforce)
    app.jinja_env.globals["may"] = visitor_may


def enforce() -> Response | None:
    """Let the request through, send the visitor to sign in, or refuse.

    Raises:
        NotAllowed: signed in, but the page is for others.
        AgentMayNotSell: the page sells, and the agent may not.
    """
    if request.endpoint is None:
        return None  # no such page: the error page follows
    access = of_view(request.endpoint)
    if access.audience is Audience.UNATTENDED:
        return None
    # Looked up here in any case, while no transaction is open: it may write when the visitor was last seen.
    is_known = current_user.is_authenticated
    if access.audience is Audience.PUBLIC or _is_let_in(access):
        return None
    if is_known:
        raise NotAllowed
    return _to_sign_in(access)


def of_view(endpoint: str) -> Access:
    """Give the guard of an endpoint; a view without one is a mistake in the code, never an open door."""
    access = getattr(current_app.view_functions[endpoint], "access", None)
    if not isinstance(access, Access):
        raise TypeError(f"{endpoint} has no guard: mark its view with one of portal.web.access")
    return access


def _is_let_in(access: Access) -> bool:
    match access.audience:
        case Audience.SIGNED_IN:
            return _is_let_in_as_user()
        case Audience.CUSTOMER:
            return bool(current_user.is_customer)
        case Audience.ADMIN:
            return bool(current_user.is_user and current_user.agent_id is None and current_user.may(access.act))
        case _:
            return _is_let_in_as_agent(access)


def _is_let_in_as_user() -> bool:
    if current_user.agent_id is not None:
        g.agent = agent_queries.by_id(current_user.agent_id)
    return bool(current_user.is_user)


def _is_let_in_as_agent(access: Access) -> bool:
    if not current_user.is_user or current_user.agent_id is None or not current_user.may(access.act):
        return False
    g.agent = agent_queries.by_id(current_user.agent_id)
    if access.sells and g.agent.status is not AgentStatus.VERIFIED:
        raise AgentMayNotSell(status=g.agent.status)
    return True


def _to_sign_in(access: Access) -> Response:
    page = "/my/sign-in" if access.audience is Audience.CUSTOMER else "/sign-in"
    # Only a page that can be asked for again is worth coming back to.
    wanted = request.full_path.rstrip("?") if request.method == "GET" and not requests.is_htmx() else ""
    if requests.is_htmx():
        wanted = _page_htmx_is_on()
    return requests.go_to(f"{page}?next={quote(wanted, safe='/')}" if wanted else page)


def _page_htmx_is_on() -> str:
    _, _, rest = request.headers.get("HX-Current-URL", "").partition("://")
    _, slash, path = rest.partition("/")
    return requests.safe_path(slash + path, default="")


def visitor_may(act: str) -> bool:
    """Tell whether the visitor's role permits an act, for templates that leave out what it does not."""
    return bool(current_user.may(act))


def home_of_visitor() -> str:
    """Tell where the visitor's own first page is."""
    if current_user.is_customer:
        return "/my/"
    if not current_user.is_user:
        return "/sign-in"
    return "/agent/" if current_user.agent_id else "/admin/"
