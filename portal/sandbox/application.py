"""Put the stand-in carriers together as one WSGI application."""

from pathlib import Path

from flask import Flask
from jinja2 import StrictUndefined

from portal.sandbox import plans
from portal.sandbox.books import Books
from portal.sandbox.carrier_api import carrier_api
from portal.sandbox.control import control
from portal.sandbox.renewing import Desk

DEMO_LATENCY = (0.3, 2.0)
"""Seconds that a carrier takes to answer in a demonstration: from, to."""


def create_app(home: Path, *, demo: bool, catalogue: Path = plans.DEMO_CATALOGUE) -> Flask:
    """Make the application over the books in `home`; only in a demonstration it takes its time and uses data up."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    sold = plans.read(catalogue)
    app.extensions["books"] = Books(home / "sandbox.sqlite3")
    app.extensions["desks"] = {
        name: Desk(stand_in, sold[name], is_draining=demo) for name, stand_in in plans.STAND_INS.items()
    }
    app.extensions["latency"] = DEMO_LATENCY if demo else (0.0, 0.0)
    app.register_blueprint(carrier_api)
    app.register_blueprint(control)
    return app
