"""Make the WSGI application; reads like a table of contents."""

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from portal import web
from portal.accounts import sessions
from portal.carriers import registry
from portal.core import logs
from portal.core.db import db
from portal.core.queue import broker
from portal.core.settings import Settings
from portal.web import security

ROOT = Path(__file__).resolve().parent.parent

MAX_REQUEST_BYTES = 12 * 1024 * 1024
"""A catalogue of 10,000 plans is under 2 MB, a receipt under 100 kB; anything near this is a mistake or an attack."""

FOREVER = 365 * 24 * 3600


class ConfigurationError(SystemExit):
    """The settings do not permit a start; the message names each fault."""


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application from settings, or from the environment.

    Raises:
        ConfigurationError: production would start with a default secret, demo parts or without a mail server.
    """
    settings = settings or Settings()
    _refuse_faults(settings)
    logs.configure(is_production=settings.is_production)
    app = Flask("portal", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "portal/static"))
    app.extensions["portal_settings"] = settings
    app.config.update(_flask_config(settings))

    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"))
    broker.configure(url=settings.redis_url, queue_name=settings.queue_name)
    registry.configure(settings)
    web.register(app)

    _wrap_wsgi(app, settings)
    return app


def _refuse_faults(settings: Settings) -> None:
    if faults := settings.production_faults():
        listed = "\n".join(f"  - {fault}" for fault in faults)
        raise ConfigurationError(f"PORTAL_ENV=production refuses to start:\n{listed}")


def _flask_config(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "TESTING": settings.portal_env == "test",
        "MAX_CONTENT_LENGTH": MAX_REQUEST_BYTES,
        "MAX_FORM_MEMORY_SIZE": MAX_REQUEST_BYTES,
        "MAX_FORM_PARTS": 300,
        "SQLALCHEMY_DATABASE_URI": database_uri(settings.database_url),
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
        "SESSION_COOKIE_NAME": "__Host-portal" if settings.is_production else "portal",
        "SESSION_COOKIE_SECURE": settings.is_production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": sessions.CUSTOMER_LIFETIME,
        "SESSION_REFRESH_EACH_REQUEST": False,
        "WTF_CSRF_TIME_LIMIT": None,  # the token lives as long as the browser's session
        "WTF_CSRF_SSL_STRICT": False,  # we send no full Referer; the Origin header is checked in web.resending
        "BABEL_DEFAULT_LOCALE": settings.default_language,
        "BABEL_DEFAULT_TIMEZONE": settings.time_zone,
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "portal/translations"),
    }


def database_uri(url: str) -> str:
    """Name psycopg 3 as the driver of a PostgreSQL address, however the operator wrote it."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg{separator}{rest}"
    # No command needs a database before DATABASE_URL is set; the first query then says that nothing listens.
    return url or "postgresql+psycopg://"


def _engine_options(settings: Settings) -> dict[str, object]:
    return {
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
        "pool_timeout": 5,  # seconds; then 503 with Retry-After, see web.errors
        # No pre-ping: it costs every request a round trip. The first error after a restart of the database empties the
        # pool, `in_transaction` and the 503 page (Retry-After) cover the requests that met it.
        "connect_args": {
            "connect_timeout": 3,
            "application_name": "leb-portal",
            "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
        },
    }


def _wrap_wsgi(app: Flask, settings: Settings) -> None:
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(ROOT / "portal/static"),
        prefix="static/",
        max_age=FOREVER if settings.is_production else 0,  # addresses carry a digest, see web.assets
        autorefresh=not settings.is_production,
        add_headers_function=security.add_static_headers,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
