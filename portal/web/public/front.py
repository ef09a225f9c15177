"""The front page."""

from flask import render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core.settings import current as settings
from portal.web import access, language, requests
from portal.web.public.blueprint import blueprint


@blueprint.get("/")
@access.public
def start() -> Response | str:
    """Say what this is to a stranger; bring everybody else to their own first page."""
    if current_user.is_authenticated:
        return requests.go_to(access.home_of_visitor())
    is_zh = language.current() == "zh"
    portal_settings = settings()
    return render_template(
        "public/front/show.html",
        issuer=portal_settings.issuer_name_zh if is_zh else portal_settings.issuer_name_en,
        issuer_address=portal_settings.issuer_address_zh if is_zh else portal_settings.issuer_address_en,
    )
