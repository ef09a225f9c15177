"""The reader's language: what they chose here, else what their browser asks for, else the portal's default."""

from typing import Any

from flask import Blueprint, Flask, request
from flask_babel import Babel, get_locale
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts import lifecycle
from portal.core import i18n
from portal.core.db import transaction
from portal.core.errors import NotFound
from portal.core.settings import current as settings
from portal.web import access, requests

COOKIE = "language"
COOKIE_SECONDS = 365 * 24 * 3600

blueprint = Blueprint("language", __name__)


def register(app: Flask) -> None:
    """Make `_()`, dates and sums follow the reader."""
    Babel(app, locale_selector=of_reader)
    app.jinja_env.globals["language"] = current
    app.jinja_env.globals["languages"] = i18n.LANGUAGES
    app.jinja_env.globals["paper_languages"] = i18n.PAPER_LANGUAGES
    app.register_blueprint(blueprint)


def of_reader() -> str:
    """Choose the language of a page for this request."""
    chosen = request.cookies.get(COOKIE)
    if chosen in i18n.LANGUAGES:
        return chosen
    for wanted, _quality in request.accept_languages:
        primary = wanted.replace("_", "-").partition("-")[0].lower()
        if primary in i18n.LANGUAGES:
            return primary
    return settings().default_language


def current() -> str:
    """Tell the language that is being written: the reader's, or a mail's while one is written."""
    locale = get_locale()
    return str(locale.language) if locale else settings().default_language


def name_of(named: Any) -> str:
    """Give the name, in the reader's language, of what has `name_zh` and `name_en`: an agent, a plan."""
    name: str = named.name_zh if current() == "zh" else named.name_en
    return name


def remember(response: Response, language: str) -> Response:
    """Keep a language in the browser for a year."""
    response.set_cookie(
        COOKIE,
        language,
        max_age=COOKIE_SECONDS,
        secure=settings().is_production,
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.route("/language/<chosen>", methods=["GET", "POST"])
@access.public
def choose(chosen: str) -> Response:
    """Switch the language and go back to the page."""
    if chosen not in i18n.LANGUAGES:
        raise NotFound
    if current_user.is_user:
        with transaction():
            lifecycle.remember_language(current_user.user, chosen)
    return remember(requests.go_to(requests.next_path(default=access.home_of_visitor())), chosen)


def is_unchosen() -> bool:
    """Tell whether nobody has switched the language in this browser yet."""
    return COOKIE not in request.cookies
