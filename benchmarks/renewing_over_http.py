"""A signed-in renewal over HTTP against the same server's empty page, interleaved."""

import re
import threading
import time
from dataclasses import dataclass
from html import unescape
from itertools import count
from statistics import median
from uuid import UUID

import httpx

from benchmarks.processes import serving
from benchmarks.stage import Stage, stage
from portal.accounts import passwords
from portal.accounts.models import Role
from portal.core.db import db, in_transaction
from portal.core.embedded import free_port
from portal.core.ids import new_id
from tests import make

ROUNDS, SECONDS, CLIENTS = 3, 4, 4
PASSWORD = "a long enough benchmark password"
EMPTY_PAGE = "/healthz"


@dataclass(frozen=True)
class Counter:
    """An agent's user and the card they renew."""

    email: str
    card_id: UUID
    plan_code: str


def http_renewal() -> float:
    """Renewals a second / empty pages a second, four browsers at once."""
    port = free_port()
    with stage() as here:
        counters = [open_counter(here) for _ in range(CLIENTS)]
        with serving(here, port=port):
            browsers = [httpx.Client(base_url=f"http://127.0.0.1:{port}") for _ in range(CLIENTS)]
            orders = [_Orders(browser, counter) for browser, counter in zip(browsers, counters, strict=True)]
            ratios = []
            for _ in range(ROUNDS):
                empty = _per_second([lambda browser=browser: browser.get(EMPTY_PAGE) for browser in browsers])
                ratios.append(_per_second([one.place for one in orders]) / empty)
            return median(ratios)


def open_counter(here: Stage) -> Counter:
    """Open a counter with a filled wallet and a user who can sign in."""
    with here.app().app_context():

        def act() -> Counter:
            agent = make.agent()
            user = make.user(role=Role.AGENT_OWNER, of=agent, email=f"{new_id()}@bench.example", name="Alice")
            user.password_hash = passwords.make_hash(PASSWORD)
            make.money_in(agent, 10**11)
            plan = make.plan(code=f"P-{new_id()}")
            return Counter(user.email, make.card(make.customer(agent)).id, plan.code)

        opened = in_transaction(act)
        db.engine.dispose()
        return opened


def signed_in(browser: httpx.Client, counter: Counter) -> None:
    """Sign in as a person does."""
    token = _value(browser.get("/sign-in").text, "csrf_token")
    answer = browser.post("/sign-in", data={"email": counter.email, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 303, answer.status_code


class _Orders:
    """One browser that orders again and again: each POST carries CSRF token, signed quote and a key of its own."""

    def __init__(self, browser: httpx.Client, counter: Counter) -> None:
        signed_in(browser, counter)
        self._browser = browser
        self._address = f"/agent/cards/{counter.card_id}/renew"
        page = browser.get(self._address, params={"plan": counter.plan_code}).text
        self._fields = {name: _value(page, name) for name in ("csrf_token", "quote")} | {"plan": counter.plan_code}
        self._numbers = count()

    def place(self) -> None:
        key = f"bench-{id(self)}-{time.time_ns()}-{next(self._numbers)}"
        answer = self._browser.post(self._address, data={**self._fields, "idempotency_key": key})
        assert answer.status_code == 303, (answer.status_code, answer.text[:500])


def _value(page: str, name: str) -> str:
    tag = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', page)
    assert tag, name
    found = re.search(r'\bvalue="([^"]*)"', tag[0])
    assert found, name
    return unescape(found[1])


def _per_second(acts: list) -> float:  # type: ignore[type-arg]
    done = [0] * len(acts)

    def repeat(number: int) -> None:
        while time.perf_counter() < end:
            acts[number]()
            done[number] += 1

    threads = [threading.Thread(target=repeat, args=(number,)) for number in range(len(acts))]
    end = time.perf_counter() + SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS
