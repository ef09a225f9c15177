"""Tell machines whether this process lives, and whether everything behind it does."""

from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.core import queue
from portal.core.db import db
from portal.web import access

blueprint = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Serve `/healthz` and `/readyz`."""
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
@access.unattended
def healthz() -> Response:
    """Say that the process answers, whatever is behind it."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@access.unattended
def readyz() -> tuple[Response, int]:
    """Say whether database, broker and a worker are there, and name what is missing."""
    is_broker_up = queue.is_reachable()
    parts = {
        "database": _is_database_up(),
        "broker": is_broker_up,
        "worker": is_broker_up and queue.has_worker(),
    }
    missing = [name for name, is_up in parts.items() if not is_up]
    return jsonify(status="missing" if missing else "ready", missing=missing), 503 if missing else 200


def _is_database_up() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    finally:
        db.session.rollback()
    return True
