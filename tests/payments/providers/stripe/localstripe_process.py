"""Run localstripe, another people's stand-in for Stripe, as a real process on the loopback.

Started by its own command it listens on every interface and keeps its things in /tmp; here it does neither. It knows
Stripe as it was some years ago, so three things of today are put on top of it: a payment intent takes `description` and
`allowed_payment_method_types`, which it refuses, and tells `amount_received`.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

_START = """
import sys
from aiohttp import web
from localstripe import resources
from localstripe.server import app

resources.Store.dump_to_disk = lambda self: None
made_as_then = resources.PaymentIntent.__init__

def made_as_today(self, description=None, allowed_payment_method_types=None, **wanted):
    made_as_then(self, **wanted)

resources.PaymentIntent.__init__ = made_as_today
resources.PaymentIntent.amount_received = property(lambda self: self.amount if self.status == "succeeded" else 0)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""

PATIENCE_SECONDS = 20


@contextmanager
def running_localstripe() -> Iterator[str]:
    """Run it while the block lasts; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _START, str(port)])
    try:
        _wait_until_it_listens(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


def _wait_until_it_listens(port: int) -> None:
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < gives_up_at:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("localstripe does not listen")


def client_of(address: str) -> httpx.Client:
    """Give a client for what the portal never asks: customers, cards, webhooks of the test's own."""
    return httpx.Client(base_url=address, auth=("sk_test_12345", ""), trust_env=False)
