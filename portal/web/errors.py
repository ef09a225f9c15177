"""Turn every refusal and every fault into a page, or into a message beside what htmx asked for."""

import logging

import psycopg
from flask import Flask, Response, make_response, render_template
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from portal.core.db import db, sqlstate
from portal.core.errors import Busy, NotAllowed, PortalError
from portal.web import requests, resending, sentences, visitors

logger = logging.getLogger(__name__)

PASSING = frozenset({"08", "40", "53", "55", "57"})
"""Classes of SQLSTATE that pass: no connection; asked to try again (40, 55); no room; the server is stopping."""

RETRY_AFTER = "5"
"""Seconds after which a busy or restarted database is worth another try."""

CANNOT_CONNECT = (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError)


def register(app: Flask) -> None:
    """Answer for every kind of error."""
    app.register_error_handler(PortalError, refused)
    app.register_error_handler(CSRFError, not_from_our_form)
    app.register_error_handler(HTTPException, wrong_request)
    for kind in CANNOT_CONNECT:
        app.register_error_handler(kind, database_away)
    app.register_error_handler(DBAPIError, database_refused)
    app.register_error_handler(Exception, broken)


def refused(error: PortalError) -> Response:
    """Say what a capability refused."""
    logger.info("refused", extra={"code": error.code, "status": error.status})
    if isinstance(error, Busy):
        return unavailable()
    if isinstance(error, NotAllowed):
        return _page(403, title=_("This page is not for your account"), sentence=sentences.of_error(error))
    title = _("Not found") if error.status == 404 else _("That did not work")
    return _page(error.status, title=title, sentence=sentences.of_error(error))


def not_from_our_form(error: CSRFError) -> Response:
    """Offer to send a form again that came without the token of this browser's session."""
    logger.info("form without token", extra={"why": error.description})
    sentence = _("The page was open for a long time, or you signed in again since. Nothing was saved.")
    if requests.is_htmx() or not resending.is_from_our_pages():
        return _page(400, title=_("Please send the form again"), sentence=sentence)
    return make_response(
        render_template("errors/send_again.html", sentence=sentence, again=resending.form_to_send_again()), 400
    )


def wrong_request(error: HTTPException) -> Response:
    """Word the errors of the protocol: no such page, wrong method, too large, too often."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    title, sentence = _words_of_status(status)
    response = _page(status, title=title, sentence=sentence)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def database_away(error: Exception) -> Response:
    """Say that the database cannot be reached; other errors of the same class are faults of ours."""
    db.session.remove()
    state = sqlstate(error)
    if state is None or state[:2] in PASSING:
        logger.warning("database away", extra={"error": type(error).__name__, "sqlstate": state})
        return unavailable()
    return broken(error)


def database_refused(error: DBAPIError) -> Response:
    """Tell a lost connection, which psycopg reports under several classes, from a fault of ours."""
    if error.connection_invalidated or (sqlstate(error) or "")[:2] in PASSING:
        return database_away(error)
    return broken(error)


def unavailable() -> Response:
    """Ask for a little patience, on a page that needs no database."""
    words = _("The portal cannot do this at the moment. Nothing was changed; please try again in a few seconds.")
    response = _page(503, title=_("One moment, please"), sentence=words, is_bare=True)
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def broken(error: Exception) -> Response:
    """Log a fault of ours, whole, and say that it is one."""
    logger.error("fault", exc_info=error)
    db.session.remove()
    title, sentence = _words_of_status(500)
    return _page(500, title=title, sentence=sentence, is_bare=True)


def _page(status: int, *, title: str, sentence: str, is_bare: bool = False) -> Response:
    if is_bare:
        visitors.look_nobody_up()
    if requests.is_htmx():
        toast = make_response(render_template("errors/_toast.html", sentence=sentence), status)
        toast.headers["HX-Retarget"] = "#toasts"
        toast.headers["HX-Reswap"] = "beforeend"
        return toast
    who_to_ask = "" if is_bare or status != 403 else _who_to_ask()
    return make_response(
        render_template(
            "errors/page.html",
            is_bare=is_bare,
            status=status,
            title=title,
            sentence=sentence,
            who_to_ask=who_to_ask,
            request_id=requests.request_id(),
        ),
        status,
    )


def _who_to_ask() -> str:
    if current_user.is_customer:
        return _("You are signed in as a customer. Ask your agent, or sign in with the account this page is for.")
    if not current_user.is_user:
        return _("Sign in with the account this page is for.")
    if current_user.agent_id:
        return _("Ask the owner of your agent account, or the operator of the portal.")
    return _("Ask an administrator of the portal to do it, or to change your role.")


def _words_of_status(status: int) -> tuple[str, str]:
    words = {
        400: (
            _("That did not work"),
            _("Your browser sent something this page does not understand. Nothing was changed."),
        ),
        404: (_("Not found"), _("There is no such page, or it is not yours to see.")),
        405: (_("That did not work"), _("This address cannot be used in this way. Nothing was changed.")),
        413: (_("Too large"), _("What you sent is too large: at most 12 MB. Nothing was saved.")),
        429: (
            _("Too many attempts"),
            _("That was tried too often in a short time. Please wait a few minutes, then try again."),
        ),
        500: (
            _("Something went wrong on our side"),
            _("It has been written down and will be looked at. Money moves whole or not at all."),
        ),
    }
    return words.get(status, words[400] if status < 500 else words[500])
