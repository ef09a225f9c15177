"""HTML by audience, over one frame: guards, language, headers, and what a refusal looks like."""

from flask import Blueprint, Flask
from flask_wtf import CSRFProtect

from portal.core.settings import current as settings
from portal.web import (
    access,
    assets,
    errors,
    filters,
    health,
    language,
    limits,
    navigation,
    offering,
    request_log,
    security,
    visitors,
    words,
)
from portal.web.admin.blueprint import blueprint as admin
from portal.web.agent.blueprint import blueprint as agent
from portal.web.auth.blueprint import blueprint as auth
from portal.web.customer.blueprint import blueprint as customer
from portal.web.hooks.blueprint import blueprint as hooks
from portal.web.public.blueprint import blueprint as public

BLUEPRINTS: tuple[Blueprint, ...] = (auth, agent, customer, public, admin, hooks)

csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Hang the frame and every audience's pages on the application."""
    with app.app_context():
        portal_settings = settings()
    request_log.register(app)
    security.register(app, portal_settings)
    language.register(app)
    visitors.register(app)
    csrf.init_app(app)
    limits.register(app, portal_settings)
    filters.register(app)
    words.register(app)
    assets.register(app, portal_settings)
    navigation.register(app)
    offering.register(app)
    errors.register(app)
    health.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    csrf.exempt(hooks)  # machines carry signatures, not tokens
    access.register(app)
