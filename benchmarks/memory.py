"""Resident memory of a web process and of a worker, and how much a worker grows over 500 receipts."""

from functools import lru_cache

import httpx

from benchmarks.processes import children, rss_mb, serving
from benchmarks.receipts_through_rq import receipts_ready, wait_for_receipts, working
from benchmarks.renewing_over_http import open_counter, signed_in
from benchmarks.stage import stage
from portal.core.db import db
from portal.core.embedded import free_port

WARM_UP, RECEIPTS = 50, 500


def rss_web_mb() -> float:
    """A web process after a few hundred pages."""
    port = free_port()
    with stage() as here:
        counter = open_counter(here)
        with serving(here, port=port) as server:
            (process,) = children(server.pid)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
                signed_in(browser, counter)
                for _ in range(100):
                    for page in ("/agent/", "/agent/cards/", f"/agent/cards/{counter.card_id}/renew", "/agent/wallet"):
                        browser.get(page).raise_for_status()
            return rss_mb(process)


def rss_worker_mb() -> float:
    """A worker after 500 receipts."""
    return _worker()[1]


def rss_worker_growth_mb() -> float:
    """What a warm worker grows by over 500 receipts."""
    before, after = _worker()
    return after - before


@lru_cache(maxsize=1)
def _worker() -> tuple[float, float]:
    with stage(broker=True) as here, here.app().app_context():
        with working(here, receipts=WARM_UP + RECEIPTS) as pid:
            wait_for_receipts(WARM_UP)
            (process,) = children(pid)
            before = rss_mb(process)
            wait_for_receipts(WARM_UP + RECEIPTS)
            after = rss_mb(process)
        assert receipts_ready() == WARM_UP + RECEIPTS
        db.engine.dispose()
        return before, after
