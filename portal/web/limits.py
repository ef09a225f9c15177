"""How often the same visitor may try: counted in the broker, or in this process's memory while that is down."""

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from flask_login import current_user

from portal.accounts.queries import normal_email
from portal.core.settings import Settings
from portal.core.settings import current as settings
from portal.web import requests


def by_address() -> str:
    """Count by network address."""
    return requests.address() or "nowhere"


def by_address_and_email() -> str:
    """Count by network address and the e-mail typed, so one guesser does not lock a whole office out."""
    return f"{by_address()} {normal_email(request.form.get('email', ''))[:254]}"


def by_visitor() -> str:
    """Count by who is signed in, or by network address."""
    return str(current_user.id) if current_user.is_authenticated else by_address()


def for_sign_in() -> str:
    """Give the operator's limit on signing in."""
    return settings().rate_limit_sign_in


limiter = Limiter(key_func=by_visitor, swallow_errors=True, in_memory_fallback_enabled=True, strategy="moving-window")

sign_in = limiter.limit(for_sign_in, key_func=by_address_and_email, methods=["POST"])
"""On views that take an e-mail with a password or a code, and on those that send a mail to it."""

sign_in_from_address = limiter.limit("100 per hour", key_func=by_address, methods=["POST"])
"""Beside `sign_in`: one password tried on many e-mails."""

orders = limiter.limit("60 per minute", methods=["POST"])
"""On views that take money: far above what a counter does by hand."""

hooks = limiter.limit("3000 per minute", key_func=by_address, methods=["POST"])
"""On webhooks: fifty a second from one address; a provider sends what is refused again later."""

exports = limiter.limit("20 per hour", methods=["POST"])
"""On views that start long work."""


def names_no_code() -> bool:
    """Tell whether nobody tries a promotion's code here."""
    return not request.values.get("code", "").strip()


def is_wrong_code(_response: Response) -> bool:
    """Tell whether the code that was tried is none."""
    return bool(g.get("is_wrong_code", False))


codes = limiter.limit("20 per hour", exempt_when=names_no_code, deduct_when=is_wrong_code)
"""On views that take a promotion's code: only codes that do not exist are counted."""


@limiter.request_filter
def is_unlimited() -> bool:
    """Tell whether the operator switched counting off."""
    return not settings().rate_limits


def register(app: Flask, portal_settings: Settings) -> None:
    """Count in the broker when there is one."""
    app.config["RATELIMIT_STORAGE_URI"] = portal_settings.redis_url or "memory://"
    if portal_settings.redis_url:
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {"socket_connect_timeout": 0.5, "socket_timeout": 1}
    limiter.init_app(app)
