"""Put the stand-in carriers and payment providers together as one WSGI application."""

from pathlib import Path

from flask import Flask
from jinja2 import StrictUndefined

from portal.sandbox import alipay_words, plans, trading, wechat_app, wechat_pay_words
from portal.sandbox.alipay_api import alipay_api
from portal.sandbox.books import Books
from portal.sandbox.carrier_api import carrier_api
from portal.sandbox.control import control
from portal.sandbox.paying import paying
from portal.sandbox.paypal_api import paypal_api
from portal.sandbox.paypal_pages import PayPalTill, paypal_pages
from portal.sandbox.renewing import Desk
from portal.sandbox.stripe_api import stripe_api
from portal.sandbox.stripe_pages import StripeTill, stripe_pages
from portal.sandbox.tills import Till
from portal.sandbox.trade_till import TradeTill
from portal.sandbox.wechat_pay_api import wechat_pay_api

DEMO_LATENCY = (0.3, 2.0)
"""Seconds that a carrier takes to answer in a demonstration: from, to."""


def create_app(home: Path, *, demo: bool) -> Flask:
    """Make the application over the books in `home`; only in a demonstration it takes its time and uses data up."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    sold = plans.read(plans.DEMO_CATALOGUE)
    app.extensions["books"] = Books(home / "sandbox.sqlite3")
    app.extensions["desks"] = {
        name: Desk(stand_in, sold[name], is_draining=demo) for name, stand_in in plans.STAND_INS.items()
    }
    trading.prepare(app.extensions["books"])
    wechat_app.prepare(app.extensions["books"])
    tills: dict[str, Till] = {
        "stripe": StripeTill(),
        "paypal": PayPalTill(),
        "alipay": TradeTill(alipay_words.SELLER, alipay_words.notify),
        "wechat_pay": TradeTill(wechat_pay_words.SELLER, wechat_pay_words.notify_refund),
    }
    app.extensions["tills"] = tills
    app.extensions["latency"] = DEMO_LATENCY if demo else (0.0, 0.0)
    app.register_blueprint(carrier_api)
    app.register_blueprint(control)
    app.register_blueprint(paying)
    app.register_blueprint(stripe_api)
    app.register_blueprint(stripe_pages)
    app.register_blueprint(paypal_api)
    app.register_blueprint(paypal_pages)
    app.register_blueprint(alipay_api)
    app.register_blueprint(wechat_pay_api)
    app.register_blueprint(wechat_app.wechat_app)
    return app
