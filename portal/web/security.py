"""Headers that keep a page to itself: what it may load, who may frame it, what it tells to others."""

from wsgiref.headers import Headers

from flask import Flask, Response, abort, g, request

from portal.core.settings import Settings

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",  # Tabler draws ticks and arrows as data: images
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
)

FRAMES_OF_APPS = "frame-src weixin: wvjbscheme:"
"""What WeChat's bridge opens in a page to speak with the app; no other page of ours has frames."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Other sites learn who sends somebody to them, never from which page: WeChat's page for phones wants to know.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(self), clipboard-write=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

TWO_YEARS = 2 * 365 * 24 * 3600


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer; pages with somebody's figures on them are kept by no cache."""

    def add_headers(response: Response) -> Response:
        if "speaks_with_app" in g:
            response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; {FRAMES_OF_APPS}"
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.is_production:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={TWO_YEARS}; includeSubDomains")
        if not response.cache_control:
            response.headers["Cache-Control"] = "no-store"
        return response

    app.before_request(refuse_nul)
    app.after_request(add_headers)


def let_app_in() -> None:
    """Let the app around this request's page speak with it: WeChat, where a payment is handed to it."""
    g.speaks_with_app = True


def refuse_nul() -> None:
    """Refuse an address with a NUL in its query: PostgreSQL could only answer it with a fault."""
    if any("\0" in value for value in request.args.values()):
        abort(400)


def add_static_headers(headers: Headers, _path: str, _url: str) -> None:
    """Put what concerns files on static ones, which WhiteNoise answers before the application is asked."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
