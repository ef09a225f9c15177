"""Workers, webhooks and the machines of others, which fail as the seed says; time passes by making due what waits."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from portal.core import clock, working
from portal.core.db import db, in_transaction
from portal.core.errors import PortalError
from portal.core.outbox import OutboxRow
from portal.payments import settling
from portal.payments.models import (
    Payment,
)
from portal.renewals.models import PayLink, Renewal
from portal.renewals.states import RenewalState
from tests.beside import all_at_once
from tests.carriers.sandbox_process import BROWSER, RunningSandbox
from tests.faults.people import CARRIERS
from tests.payments.providers.receiver import Post, Receiver
from tests.payments.providers.stages import STAGES, Stage
from tests.payments.providers.wallet_stages import WALLET_STAGES

BREAKDOWNS = {
    "submit": ("drop", "error_before", "error_after", "error_page", "busy", "down", "closed", "refuse"),
    "look_up": ("drop", "busy", "down", "error_page"),
    "take_back": ("drop", "error_after", "refuse", "down"),
    "begin": ("drop", "error_before", "error_after", "busy", "closed"),
    "pay": ("refuse", "other_amount", "other_currency"),
    "capture": ("drop", "error_after", "error_before", "refuse"),
    "charge": ("drop", "error_after", "refuse"),
    "close": ("drop", "error_after", "down"),
    "refund": ("drop", "error_before", "error_after", "busy", "pending", "failed"),
    "notify": ("twice",),
}

OF_CARRIERS = {"submit", "take_back"}
OF_BOTH = {"look_up"}
PROVIDERS = ("stripe", "paypal", "alipay", "wechat_pay")


class Killed(BaseException):
    """A worker's process ended in the middle of what it did."""


class Machines:
    def __init__(self, app: Flask, sandbox: RunningSandbox, receiver: Receiver, *, seed: int) -> None:
        self.app, self.sandbox, self.receiver = app, sandbox, receiver
        self.random = random.Random(seed)
        self.tally: Counter[str] = Counter()
        """How often each act was done, and how often it was refused with which code."""
        self._commits_to_live: int | None = None
        self._looked_at = 0
        self._rested_at = clock.now()
        self._undelivered: list[Post] = []
        self._stages: dict[str, Stage] = {name: of(sandbox, receiver) for name, of in (STAGES | WALLET_STAGES).items()}

    def take_a_notice(self) -> bool:
        """Webhooks come in any order, and again."""
        self._collect()
        if not self._undelivered:
            return False
        post = self._undelivered.pop(self.random.randrange(len(self._undelivered)))
        self._deliver(post, times=self.random.choice((1, 1, 1, 2, 5)))
        if self.random.random() < 0.3:
            self._undelivered.append(post)  # it comes once more, some other time
        return True

    def take_a_bad_notice(self) -> bool:
        """Somebody else's signature, or a good one of last week."""
        name = self.random.choice(PROVIDERS)
        about = [post for post in list(self.receiver.posts) if post.path.endswith(name)]
        if not about:
            return False
        post, stage = self.random.choice(about), self._stages[name]
        bad = self.random.choice(
            (stage.by_somebody_else, stage.unsigned, lambda one: stage.resigned(one, clock.now() - timedelta(days=7)))
        )(post)
        answer = self.app.test_client().post(f"/hooks/{name}", data=bad.body, headers=bad.headers)
        assert answer.status_code == 400, (name, answer.status_code)
        return True

    def work(self) -> bool:
        """A worker does one piece of what is due; sometimes two at once, sometimes it dies half-way."""
        row = self._one_of(self._waiting())
        if row is None:
            return False
        self._work([row.id])
        return True

    def work_much(self) -> bool:
        rows = [row.id for row in self._read(self._waiting())]
        self.random.shuffle(rows)
        self._work(rows[:8])
        return bool(rows)

    def work_at_once(self) -> bool:
        """Several workers reach for the same rows."""
        rows = [row.id for row in self._read(self._waiting())][:3]
        if not rows:
            return False
        self._make_due(rows)
        self._all_well(all_at_once(self.app, lambda: [working.work(row) for row in rows], times=3))
        return True

    def ask_about_payments(self) -> None:
        """The clock's sweep, later."""
        self._write("UPDATE payments SET ask_at = :now WHERE ask_at > :now AND state = 'begun'", now=clock.now())
        in_transaction(settling.sweep)

    def break_something(self) -> None:
        call = self.random.choice(list(BREAKDOWNS))
        carrier = self.random.choice(
            CARRIERS if call in OF_CARRIERS else CARRIERS + PROVIDERS if call in OF_BOTH else PROVIDERS
        )
        kind = self.random.choice(BREAKDOWNS[call])
        if kind == "other_currency" and carrier not in ("stripe", "paypal"):
            kind = "other_amount"  # Alipay and WeChat Pay know one currency here: another could only go back by hand
        self.sandbox.set_fault(kind, call=call, carrier=carrier, times=self.random.randrange(1, 3))

    def let_an_answer_be_late(self) -> None:
        self.sandbox.set_fault("late", call="submit", seconds=0.4, times=1)

    def kill_a_worker(self) -> None:
        """The next worker dies before one of its next commits."""
        self._commits_to_live = self.random.randrange(1, 6)

    def come_to_rest(self) -> list[str]:
        """Mend every machine, bring every webhook and do all that can be done; gives the kinds of work that wait."""
        self.sandbox.clear_faults()
        self._commits_to_live = None
        # Whoever has not paid since the rest before does not come any more.
        now = clock.now()
        self._write(
            "UPDATE payments SET expires_at = :now WHERE state = 'begun' AND begun_at < :before",
            now=now,
            before=self._rested_at,
        )
        self._rested_at = now
        self.ask_about_payments()
        left: list[UUID] = []
        for _ in range(100):
            self._collect(until_quiet=True)
            while self._undelivered:
                self._deliver(self._undelivered.pop(), times=1)
            waiting = self._read(self._waiting())
            self._work([row.id for row in waiting])
            if [row.id for row in waiting] == left and not any(row.kind == "renewals.fulfil" for row in waiting):
                break
            left = [row.id for row in waiting]
        return sorted(row.kind for row in self._read(self._waiting()))

    def _collect(self, *, until_quiet: bool = False) -> None:
        if until_quiet:
            self._wait_for_the_postman()
        posts = list(self.receiver.posts)
        self._undelivered += posts[self._looked_at :]
        self._looked_at = len(posts)

    def _wait_for_the_postman(self) -> None:
        for _ in range(200):
            notices = self._control("GET", "notices")["notices"]
            if all(notice["is_taken"] for notice in notices if notice["url"]):
                return
            time.sleep(0.02)
        raise AssertionError("webhooks are on their way for ever")

    def _deliver(self, post: Post, *, times: int) -> None:
        def take() -> int:
            return self.app.test_client().post(post.path, data=post.body, headers=post.headers).status_code

        for status in [take()] if times == 1 else all_at_once(self.app, take, times=times):
            if status not in (200, 204):  # PayPal could not be asked whether it is genuine: it sends it again
                assert status == 503, status
                self._undelivered.append(post)
                return

    def _work(self, rows: Sequence[UUID]) -> None:
        self._make_due(rows)
        for row in rows:
            try:
                with self._mortal():
                    working.work(row)
            except Killed:
                db.session.remove()
                self.tally["killed"] += 1

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        """Let the worker die before the commit at which its time is over."""

        def count_down(_session: Session) -> None:
            if self._commits_to_live is not None:
                self._commits_to_live -= 1
                if self._commits_to_live <= 0:
                    self._commits_to_live = None
                    raise Killed

        event.listen(db.session, "before_commit", count_down)
        try:
            yield
        finally:
            event.remove(db.session, "before_commit", count_down)

    def _make_due(self, rows: Sequence[UUID]) -> None:
        self._write(
            "UPDATE outbox SET due_at = least(due_at, :now), leased_until = NULL WHERE id = ANY (:rows)",
            now=clock.now(),
            rows=list(rows),
        )

    def _at_once_or_alone(self, act: Callable[[], object]) -> None:
        if self.random.random() < 0.2:
            self._all_well(all_at_once(self.app, act, times=2))
        else:
            act()

    def _all_well(self, endings: list[Any]) -> None:
        for failure in endings:
            if isinstance(failure, Exception) and not isinstance(failure, PortalError):
                raise failure

    def _at_the_control_page(self, payment_id: UUID, act: str, thing: str) -> bool:
        provider = in_transaction(lambda: db.session.get_one(Payment, payment_id).provider)
        answer = BROWSER.post(f"{self.sandbox.url}/control/payments/{provider}/{act}", json={"id": thing})
        assert answer.status_code in (200, 422), answer.text
        return answer.status_code == 200

    def _control(self, method: str, path: str) -> Any:
        answer = BROWSER.request(method, f"{self.sandbox.url}/control/{path}")
        answer.raise_for_status()
        return answer.json()

    def _open_links(self) -> Any:
        return (
            select(PayLink)
            .join(Renewal, Renewal.id == PayLink.renewal_id)
            .where(Renewal.state == RenewalState.AWAITING_PAYMENT, PayLink.expires_at > clock.now())
        )

    def _waiting(self) -> Any:
        """What is to be done now: the end of a link that still holds is not."""
        holding = self._open_links().with_only_columns(PayLink.renewal_id)
        return select(OutboxRow).where(
            OutboxRow.done_at.is_(None),
            OutboxRow.given_up_at.is_(None),
            (OutboxRow.kind != "renewals.expire") | OutboxRow.subject_id.not_in(holding),
        )

    def _read(self, query: Any) -> list[Any]:
        found = in_transaction(lambda: list(db.session.scalars(query)))
        return sorted(found, key=lambda one: getattr(one, "id", None) or getattr(one, "renewal_id", one))

    def _one_of(self, query: Any) -> Any:
        found = self._read(query)
        return self.random.choice(found) if found else None

    def _write(self, sql: str, **values: object) -> None:
        in_transaction(lambda: db.session.execute(text(sql), values))
