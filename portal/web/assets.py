"""Style sheets, scripts and pictures: addresses that change with their content, icons, and the operator's colour."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response
from markupsafe import Markup

from portal.core.settings import Settings
from portal.core.settings import current as settings
from portal.web import access

STATIC = Path(__file__).resolve().parent.parent / "static"
ICONS = STATIC / "vendor" / "icons"

FOREVER = "public, max-age=31536000, immutable"

blueprint = Blueprint("assets", __name__)


def register(app: Flask, portal_settings: Settings) -> None:
    """Give templates `asset(path)` and `icon(name)`, and serve the colours."""
    theme_digest = hashlib.sha256(theme_css(portal_settings.accent_colour).encode()).hexdigest()[:8]
    app.jinja_env.globals.update(asset=address, icon=icon, theme_address=f"/theme.css?v={theme_digest}")
    app.register_blueprint(blueprint)


@lru_cache(maxsize=64)
def address(path: str) -> str:
    """Give the address of a static file; it changes with the file, so browsers may keep it for ever."""
    file = STATIC / path
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8] if file.is_file() else "missing"
    return f"/static/{path}?v={digest}"


@lru_cache(maxsize=128)
def icon(name: str) -> Markup:
    """Give an outline icon of Tabler as SVG, hidden from screen readers: the words beside it say the same."""
    file = ICONS / f"{name}.svg"
    if not file.is_file():
        return Markup("")
    drawing = re.sub(r"\s+", " ", file.read_text()).partition(">")[2]
    return Markup(  # noqa: S704 - a file that was packaged with the portal
        f'<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        f' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{drawing}'
    )


@blueprint.get("/theme.css")
@access.unattended
def theme() -> Response:
    """Serve the accent colour as CSS variables; a style attribute would need an unsafe policy."""
    response = Response(theme_css(settings().accent_colour), mimetype="text/css")
    response.headers["Cache-Control"] = FOREVER
    return response


def theme_css(accent: str) -> str:
    """Write the variables for an accent `#rrggbb`: itself by day, lighter by night so that text stays readable."""
    by_night = _mixed(accent, "#ffffff", part=35)
    return (
        f":root,[data-bs-theme=light]{{{_variables(accent)}}}"
        f"[data-bs-theme=dark]{{{_variables(accent)}--accent-text:{by_night};}}"
    )


def _variables(accent: str) -> str:
    red, green, blue = _channels(accent)
    return (
        f"--accent:{accent};--accent-text:{accent};--accent-dark:{_mixed(accent, '#000000', part=18)};"
        f"--tblr-primary:{accent};--tblr-primary-rgb:{red},{green},{blue};"
        f"--tblr-primary-fg:{_readable_on(accent)};--tblr-primary-darken:{_mixed(accent, '#000000', part=18)};"
        f"--tblr-link-color:var(--accent-text);--tblr-link-hover-color:var(--accent-text);"
    )


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(colour: str, other: str, *, part: int) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{(own * (100 - part) + their * part) // 100:02x}" for own, their in pairs)


def _readable_on(colour: str) -> str:
    """Choose black or white text by WCAG's relative luminance."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if luminance < 0.25 else "#182433"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
