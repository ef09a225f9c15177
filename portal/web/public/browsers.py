"""What browsers and search engines ask for by themselves."""

from flask import Response, jsonify
from flask_babel import gettext as _

from portal.core.settings import current as settings
from portal.web import access, assets
from portal.web.public.blueprint import blueprint

A_DAY = "public, max-age=86400"

ROBOTS = """User-agent: *
Disallow: /admin/
Disallow: /agent/
Disallow: /my/
Disallow: /pay/
Disallow: /verify/
"""


@blueprint.get("/robots.txt")
@access.unattended
def robots() -> Response:
    """Keep search engines to the front page."""
    return _kept(Response(ROBOTS, mimetype="text/plain"))


@blueprint.get("/favicon.ico")
@access.unattended
def favicon() -> Response:
    """Give the mark to browsers that look for it under its old name."""
    return _kept(Response((assets.STATIC / "img" / "favicon.svg").read_bytes(), mimetype="image/svg+xml"))


@blueprint.get("/manifest.webmanifest")
@access.unattended
def manifest() -> Response:
    """Let customers keep their cards on a phone's home screen."""
    response = jsonify(
        name="LEB",
        short_name="LEB",
        description=_("My cards and receipts"),
        start_url="/my/",
        scope="/",
        display="standalone",
        background_color="#fafafa",
        theme_color=settings().accent_colour,
        icons=[{"src": assets.address("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}],
    )
    response.mimetype = "application/manifest+json"
    return _kept(response)


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = A_DAY
    return response
