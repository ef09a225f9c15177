"""One log line a request: which view, which status, how long, who by id; never an address bar, a name or a form."""

import time

import structlog
from flask import Flask, Response, g, request

from portal.web import requests

logger = structlog.get_logger("portal.requests")

QUIET = {"static", "health.healthz", "health.readyz", "assets.theme"}
"""Views that are asked for every few seconds or beside every page."""


def register(app: Flask) -> None:
    """Give every request an id, in the log, in the audit log and in its answer."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began_at = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=requests.request_id())


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = requests.request_id()
    if request.endpoint not in QUIET:
        visitor = g.get("_login_user")
        logger.info(
            "answered",
            method=request.method,
            view=request.endpoint,
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("began_at", time.perf_counter())) * 1000),
            visitor=str(getattr(visitor, "id", "") or ""),
        )
    return response
