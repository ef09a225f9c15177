"""The Transactions page over a million renewals: its slowest filter, and how it grows from ten thousand."""

import math
import time
from functools import lru_cache
from statistics import median, quantiles

from flask.testing import FlaskClient
from sqlalchemy import text

from benchmarks import volume
from benchmarks.stage import stage
from portal.accounts.models import Role
from portal.core.db import db, in_transaction
from tests import browsing, make

SMALL, LARGE = 10_000, 1_000_000
REPEATS = 21


def transactions_p95_ms() -> float:
    """95th percentile of the page's time with its worst filter, in ms, at a million renewals."""
    return _measured()[1]


def transactions_growth() -> float:
    """The exponent k in time ~ renewals ** k between 10,000 and 1,000,000, of the median over all filters' worst."""
    small, large = _measured()[2:]
    return math.log(large / small) / math.log(LARGE / SMALL)


@lru_cache(maxsize=1)
def _measured() -> tuple[str, float, float, float]:
    with stage() as here:
        app = here.app()
        with app.app_context():
            user = in_transaction(lambda: make.user(role=Role.ADMIN))
            volume.fill(renewals=SMALL)
            browser = browsing.sign_in(app.test_client(), user)
            small = _times(browser)
            db.session.remove()  # what the last page read must not hold back the filling
            volume.fill(renewals=LARGE - SMALL)
            large = _times(browser)
            worst = max(large, key=lambda name: quantiles(large[name], n=20)[-1])
            slowest = quantiles(large[worst], n=20)[-1]
            db.session.remove()
            db.engine.dispose()
    return worst, slowest, max(median(t) for t in small.values()), max(median(t) for t in large.values())


def _times(browser: FlaskClient) -> dict[str, list[float]]:
    taken = {}
    for name, address in _filters().items():
        taken[name] = [_milliseconds(browser, address) for _ in range(REPEATS)][1:]
    return taken


def _milliseconds(browser: FlaskClient, address: str) -> float:
    began = time.perf_counter()
    answer = browser.get(address)
    taken = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, (address, answer.status_code)
    return taken


def _filters() -> dict[str, str]:
    one = db.session.execute(
        text(
            """
            SELECT renewals.reference, renewals.agent_id, customers.email, customers.name, cards.iccid,
                   renewals.placed_at, renewals.id
            FROM renewals
            JOIN customers ON customers.id = renewals.customer_id
            JOIN cards ON cards.id = renewals.card_id
            ORDER BY renewals.id OFFSET 3000 LIMIT 1
            """
        )
    ).one()
    db.session.rollback()
    page = "/admin/transactions"
    return {
        "none": page,
        "deep page": f"{page}?older={one.id}",
        "agent": f"{page}?agent={one.agent_id}",
        "agent and state": f"{page}?agent={one.agent_id}&state=returned",
        "state": f"{page}?state=returned",
        "state without rows": f"{page}?state=cancelled",
        "rare currency": f"{page}?currency=KWD",
        "state and currency": f"{page}?state=returned&currency=JPY",
        "amount": f"{page}?currency=CNY&amount_from=94.50&amount_to=94.60",
        "wide amount and state": f"{page}?currency=CNY&amount_from=1&amount_to=9000&state=refunded",
        "customer": f"{page}?customer={one.email}",
        "customer's name": f"{page}?customer={one.name}",
        "card": f"{page}?card={one.iccid}",
        "reference": f"{page}?reference={one.reference}",
        "time": f"{page}?since={one.placed_at:%Y-%m-%d}&until={one.placed_at:%Y-%m-%d}",
        "top-ups": f"{page}?kind=top_up",
        "time and agent": f"{page}?agent={one.agent_id}&since={one.placed_at:%Y-%m-%d}",
    }
