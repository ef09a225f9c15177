"""Webhooks of payments: how long one takes from HTTP to the credited wallet, and how fast a queue of them is drained.

The first figure runs gunicorn, one `flask worker` and the payment sandbox as processes of their own and sends signed
Stripe webhooks; it includes the worker's call to the sandbox, which stands for the provider, so it is above our own
time. For the second the provider answers in this process, and the worker's own loop (`working.work_through`) runs here.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx
from sqlalchemy import func, insert, select, text

from benchmarks.processes import running, serving
from benchmarks.stage import stage
from portal import handlers
from portal.core import clock, working
from portal.core.db import db, in_transaction
from portal.core.ids import new_id, reference
from portal.core.money import Money
from portal.core.outbox import OutboxRow
from portal.payments import offers, registry
from portal.payments.beginning import Choice
from portal.payments.models import Payment, PaymentChannel, PaymentNotice, PaymentState
from portal.payments.providers.base import Method, NoticeKind, Surface
from portal.wallets import paying_in
from portal.wallets.models import TopUp
from tests import make
from tests.carriers.sandbox_process import running_sandbox
from tests.payments.stub import StubProvider

assert handlers.HANDLED  # the worker's loop below finds every handler

PORT = 18_790
SENT, WARM_UP = 100, 10

QUEUED, AGENTS = 10_000, 100


def webhook_p95_ms() -> float:
    """Milliseconds from sending a settled webhook to the wallet being credited, the 95th percentile of 100."""
    with _sandbox(), stage(broker=True) as here, here.app().app_context():
        agent_id, payments = in_transaction(_cast)
        for number in range(WARM_UP + SENT):
            payments.append(_paid_at_the_sandbox(agent_id, number))
        with serving(here, port=PORT), running(["flask", "worker"], here):
            taken = [_milliseconds(payment) for payment in payments]
        db.engine.dispose()
        return sorted(taken[WARM_UP:])[int(SENT * 0.95) - 1]


def webhooks_drained_per_s() -> float:
    """Webhooks a second that one worker looks into and books, 10,000 of them waiting."""
    with stage() as here, here.app().app_context(), _stubbed() as stub:
        in_transaction(lambda: _queue(stub))
        began = time.perf_counter()
        while _waiting():
            working.work_through()
        taken = time.perf_counter() - began
        booked = db.session.scalar(select(func.count()).select_from(TopUp))
        db.session.rollback()
        db.engine.dispose()
        if booked != QUEUED:
            raise RuntimeError(f"{booked} of {QUEUED} top-ups were booked")
        return QUEUED / taken


@contextmanager
def _sandbox() -> Iterator[None]:
    with running_sandbox() as sandbox:
        os.environ["SANDBOX_URL"] = sandbox.url
        try:
            yield
        finally:
            del os.environ["SANDBOX_URL"]


@contextmanager
def _stubbed() -> Iterator[StubProvider]:
    stub, real = StubProvider(), registry.get
    registry.get = lambda _name: stub
    try:
        yield stub
    finally:
        registry.get = real


def _cast() -> tuple[UUID, list[Payment]]:
    agent = make.agent(currency="USD")
    offers.offer(currency="USD", channel=PaymentChannel.AGENT, chosen={Method.CARD: "stripe"}, actor=make.actor())
    return agent.id, []


def _paid_at_the_sandbox(agent_id: UUID, number: int) -> Payment:
    payment = paying_in.begin(
        agent_id=agent_id,
        amount=Money(10_000, "USD"),
        choice=Choice(Method.CARD, Surface.PAGE, "en"),
        description="Wallet top-up",
        actor=make.actor(),
        idempotency_key=f"benchmark-{number}",
    )
    httpx.post(str(payment.go_to), data={"choice": "pay"}, trust_env=False)
    return payment


def _milliseconds(payment: Payment) -> float:
    body = json.dumps(_event(payment)).encode()
    seconds = int(time.time())
    mac = hmac.new(b"whsec_sandbox", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    began = time.perf_counter()
    answer = httpx.post(
        f"http://127.0.0.1:{PORT}/hooks/stripe",
        content=body,
        headers={"Stripe-Signature": f"t={seconds},v1={mac}", "Content-Type": "application/json"},
        trust_env=False,
    )
    answer.raise_for_status()
    while not _is_settled(payment.id):
        if time.perf_counter() - began > 30:
            raise TimeoutError(payment.reference)
        time.sleep(0.001)
    return (time.perf_counter() - began) * 1000


def _event(payment: Payment) -> dict[str, object]:
    session = {
        "id": payment.provider_id,
        "object": "checkout.session",
        "client_reference_id": payment.reference,
        "metadata": {"reference": payment.reference},
    }
    return {
        "id": f"evt_{payment.id.hex}",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(time.time()),
        "data": {"object": session},
    }


def _is_settled(payment_id: UUID) -> bool:
    state = db.session.scalar(text("SELECT state FROM payments WHERE id = :id"), {"id": payment_id})
    db.session.rollback()
    return bool(state == PaymentState.SETTLED)


def _queue(stub: StubProvider) -> None:
    agents = [make.agent().id for _ in range(AGENTS)]
    now = clock.now()
    payments, notices, works = [], [], []
    for number in range(QUEUED):
        payment_id, notice_id, ours = new_id(), new_id(), reference("P")
        stub.settle(ours, Money(10_000, "CNY"))
        payments.append(
            {
                "id": payment_id,
                "reference": ours,
                "purpose": "top_up",
                "subject_id": new_id(),
                "agent_id": agents[number % AGENTS],
                "method": Method.CARD,
                "surface": Surface.PAGE,
                "provider": "stripe",
                "currency": "CNY",
                "amount_minor": 10_000,
                "state": PaymentState.BEGUN,
                "description": "Wallet top-up",
                "language": "en",
                "return_url": "",
                "cancel_url": "",
                "expires_at": now + timedelta(hours=1),
                "idempotency_key": str(number),
                "request_digest": b"",
                **make.actor().columns,
            }
        )
        notices.append(
            {
                "id": notice_id,
                "provider": "stripe",
                "event_id": f"evt_{number}",
                "kind": NoticeKind.PAYMENT,
                "word": "checkout.session.completed",
                "reference": ours,
                "occurred_at": now,
                "headers": {},
                "body": b"{}",
            }
        )
        works.append({"id": new_id(), "kind": "payments.notice", "subject_id": notice_id, "due_at": now, "facts": {}})
    db.session.execute(insert(Payment), payments)
    db.session.execute(insert(PaymentNotice), notices)
    db.session.execute(insert(OutboxRow), works)


def _waiting() -> int:
    waiting = db.session.scalar(select(func.count()).where(OutboxRow.done_at.is_(None))) or 0
    db.session.rollback()
    return waiting
