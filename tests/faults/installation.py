"""An installation with servers of its own, which a test may stop under the feet of the running processes."""

import os
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from threading import Event
from uuid import UUID

import httpx
from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from portal.accounts import sessions
from portal.accounts.models import Role
from portal.catalogue.models import Plan, PlanVersion
from portal.core.db import db, in_transaction
from portal.core.embedded.postgres import PostgresServer
from portal.core.embedded.valkey import ValkeyServer
from portal.ledger import chart
from tests import make
from tests.faults.house import House
from tests.renewals.conftest import Counter, open_counter

PLAN = "JP-10G-30D"
"""A plan that the stand-in carrier sells; CNY 105.00 with the agent's fee."""


class Installation:
    """Web, worker and clock in processes of their own, on a database and a broker that nobody else uses."""

    def __init__(self, app: Flask, *, postgres: PostgresServer, valkey: ValkeyServer) -> None:
        self.app = app
        self.postgres = postgres
        self.valkey = valkey
        # A connection kept alive would hide, or die with, the process behind it.
        self.http = httpx.Client(
            verify=False, trust_env=False, timeout=20, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self.house = House(app.extensions["portal_settings"])
        self.web = self.house.web()
        self.worker = self.house.worker()
        self.clock = self.house.clock()

    def open_shop(self, *, money_minor: int) -> "Shop":
        """Open a counter whose seller sends forms to the web server."""
        counter = open_counter(money_minor=money_minor)
        sold = db.session.scalar(select(PlanVersion).join(Plan).where(Plan.code == PLAN))
        counter.plan = sold or counter.plan
        counter.plan.plan.code = PLAN
        counter.plan.carrier = counter.card.carrier = "sandbox-west"
        db.session.commit()
        return Shop(self, counter)

    def get(self, path: str) -> httpx.Response:
        """Ask the web server for a page, as nobody."""
        return self.http.get(f"{self.address}{path}")

    @property
    def address(self) -> str:
        """Where the web server listens."""
        return f"http://127.0.0.1:{self.house.port}"

    def sign_in(self, user_id: UUID) -> tuple[dict[str, str], str]:
        """Open a session for a user; gives the header that carries its cookie, and the token of its forms."""
        token = in_transaction(lambda: sessions.open_for_user(user_id, address=None, user_agent="tests"))
        with self.app.test_request_context():
            csrf = generate_csrf()
            kept = dict(session) | {"_user_id": token, "_fresh": True}
        cookie = self.app.session_interface.get_signing_serializer(self.app).dumps(kept)  # type: ignore[attr-defined]
        return {"Cookie": f"{self.app.config['SESSION_COOKIE_NAME']}={cookie}"}, csrf

    def forget_connections(self) -> None:
        """Drop this process's own connections, which a stopped database has broken."""
        db.session.remove()
        db.engine.dispose()
        chart.forget_ids()


class Shop:
    """A counter with a signed-in browser that sends order forms; one form may be sent often."""

    def __init__(self, installation: Installation, counter: Counter) -> None:
        self.counter = counter
        self._quote = counter.signed_quote()
        assert counter.actor.id is not None
        self._installation = installation
        self._cookie, self._csrf = installation.sign_in(counter.actor.id)
        self._http = installation.http
        self._address = f"{installation.address}/agent/cards/{counter.card.id}/renew"

    def send(self, key: str) -> httpx.Response:
        """Send the order form with this key."""
        form = {"plan": "", "quote": self._quote, "idempotency_key": key, "csrf_token": self._csrf}
        return self._http.post(self._address, data=form, headers=self._cookie)

    def page_for_admin(self, path: str) -> str:
        """Give a page as an admin sees it, in English."""
        admin = in_transaction(lambda: make.user(role=Role.ADMIN))
        cookie, _ = self._installation.sign_in(admin.id)
        answer = self._http.get(f"{self._installation.address}{path}", headers=cookie | {"Accept-Language": "en"})
        assert answer.status_code == 200
        return answer.text

    def order(self, key: str) -> str | None:
        """Send the order form; gives the renewal's id, or None when nobody said that it was placed."""
        try:
            answer = self.send(key)
        except httpx.TransportError:
            return None
        placed = answer.status_code == 303 and answer.headers["Location"].startswith("/agent/renewals/")
        return answer.headers["Location"].removeprefix("/agent/renewals/") if placed else None

    @contextmanager
    def ordering(self, keys: list[str], *, threads: int = 4) -> Iterator["Orders"]:
        """Send a form for each key from several threads while the block runs, and until every form was sent once."""
        orders = Orders()

        def send(key: str) -> None:
            placed = self.order(key)
            orders.unknown.append(key) if placed is None else orders.acknowledged.update({key: placed})
            if len(orders.acknowledged) >= 8:
                orders.are_flowing.set()

        with ThreadPoolExecutor(threads) as pool:
            for key in keys:
                pool.submit(send, key)
            yield orders


class Orders:
    """What a browser knows of the orders that it sent."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, str] = {}
        """Key -> renewal, where the portal said that it was placed."""
        self.unknown: list[str] = []
        """Keys of forms that brought no answer, or a refusal."""
        self.are_flowing = Event()


@contextmanager
def files_at_most(process: "Popen[bytes]", size: int) -> Iterator[None]:
    """Let no file of a process and its children grow beyond `size` bytes: a write fails half-way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    _limit_files(process, (size, before[1]))
    try:
        yield
    finally:
        _limit_files(process, before)


def _limit_files(process: "Popen[bytes]", limits: tuple[int, int]) -> None:
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            if os.getpgid(pid) == process.pid:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)  # type: ignore[attr-defined,unused-ignore]
        except ProcessLookupError:
            continue
