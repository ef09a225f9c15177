"""Orders a second, eight clients at once, against pgbench's own on the same server, interleaved."""

import gc
import multiprocessing
import random
import time
from itertools import count
from statistics import median
from uuid import UUID

from benchmarks.stage import Stage, stage
from portal.agents.commission import Terms
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.promotions import beginning
from portal.promotions.beginning import PromotionTerms
from portal.promotions.discounting import Discounting, PromotionKind
from portal.renewals import placing, pricing, quoting
from portal.renewals.pricing import PlanPrice
from tests import make

CLIENTS = 8
ROUNDS = 3
SECONDS = 4
Row = tuple[UUID, UUID, UUID]  # agent, card, terms


def place_1000_wallets() -> float:
    """Orders on 1,000 wallets / tpcb-like."""
    return _ratio(wallets=1000)


def place_hot_wallet() -> float:
    """Orders that all draw on one wallet / tpcb-like."""
    return _ratio(wallets=1)


def place_with_promotion() -> float:
    """Orders on 1,000 wallets that all redeem one limited promotion / tpcb-like."""
    return _ratio(wallets=1000, has_promotion=True)


def _ratio(*, wallets: int, has_promotion: bool = False) -> float:
    with stage() as here:
        plan_id, rows, actor = _prepare(here, wallets=wallets)
        promotion_id = _begin_promotion(here, actor) if has_promotion else None
        here.prepare_pgbench(scale=10)  # more branches than clients, or pgbench would measure its own contention
        ratios = []
        for _ in range(ROUNDS):
            reference = here.pgbench(seconds=SECONDS, clients=CLIENTS)
            ratios.append(_orders_per_second(here, plan_id, rows, actor, promotion_id) / reference)
        return median(ratios)


def _prepare(here: Stage, *, wallets: int) -> tuple[UUID, list[Row], Actor]:
    app = here.app()
    with app.app_context():
        rows: list[Row] = []

        def act() -> tuple[UUID, Actor]:
            plan = make.plan()
            user = make.user()
            for _ in range(wallets):
                agent = make.agent()
                card = make.card(make.customer(agent))
                make.money_in(agent, 10**11, by=user)
                rows.append((agent.id, card.id, make.terms_of(agent).id))
            return plan.id, make.actor(user)

        plan_id, actor = in_transaction(act)
        db.engine.dispose()
    return plan_id, rows, actor


def _begin_promotion(here: Stage, actor: Actor) -> UUID:
    """Begin ten per cent off, a million times at most: every order is counted."""
    terms = PromotionTerms(
        name="Rush",
        banner_en="10 % off",
        banner_zh="九折",
        is_automatic=True,
        kind=PromotionKind.PERCENT,
        currency="CNY",
        bps=1000,
        total_limit=1_000_000,
        starts_at=clock.now(),
    )
    with here.app().app_context():
        promotion_id = in_transaction(lambda: beginning.begin(terms, actor=actor).id)
        db.engine.dispose()
    return promotion_id


def _orders_per_second(here: Stage, plan_id: UUID, rows: list[Row], actor: Actor, promotion_id: UUID | None) -> float:
    go = multiprocessing.Barrier(CLIENTS + 1)
    done: multiprocessing.Queue[int] = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=_client, args=(here, plan_id, rows, actor, promotion_id, go, done, number))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    go.wait()
    orders = sum(done.get() for _ in clients)
    for client in clients:
        client.join()
    return orders / SECONDS


def _client(
    here: Stage,
    plan_id: UUID,
    rows: list[Row],
    actor: Actor,
    promotion_id: UUID | None,
    go: object,
    done: object,
    number: int,
) -> None:
    chosen = random.Random(number)
    numbers = count()
    with here.app().app_context():
        shown = [
            (agent_id, card_id, _signed_quote(plan_id, card_id, terms_id, promotion_id))
            for agent_id, card_id, terms_id in rows
        ]

        def order() -> None:
            agent_id, card_id, signed = chosen.choice(shown)
            key = f"{number}-{time.time_ns()}-{next(numbers)}"
            in_transaction(
                lambda: placing.place(
                    agent_id=agent_id, card_id=card_id, signed_quote=signed, idempotency_key=key, actor=actor
                )
            )

        for _ in range(15):  # prepares the statements, as any process that lives has done
            order()
        gc.freeze()  # as in gunicorn.conf.py
        go.wait()  # type: ignore[attr-defined]
        orders, end = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            order()
            orders += 1
        done.put(orders)  # type: ignore[attr-defined]


def _signed_quote(plan_id: UUID, card_id: UUID, terms_id: UUID, promotion_id: UUID | None) -> str:
    quote = pricing.quote(
        card_id=card_id,
        plan=PlanPrice(plan_id, 10000, 6120, "CNY", 600),
        terms_id=terms_id,
        terms_version=1,
        terms=Terms(500, 0, None, None, 300),
        now=clock.now(),
        promotion=Discounting(PromotionKind.PERCENT, bps=1000, promotion_id=promotion_id) if promotion_id else None,
    )
    return quoting.sign(quote)
