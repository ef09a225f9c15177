"""Two orders at once for one card, both shown what a first sale earns: one is a first sale, the other is shown anew."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select

from portal.agents import rules
from portal.agents.commission import Conditions, Rule, SaleKind
from portal.core.db import db, in_transaction
from portal.ledger import chart
from portal.renewals.models import Renewal
from tests.beside import all_at_once
from tests.functions import allow_meeting, define, rewritten
from tests.renewals.conftest import Counter as SalesCounter
from tests.renewals.conftest import open_counter

pytestmark = pytest.mark.slow

GUARD = "PERFORM FROM cards WHERE id = of_card FOR NO KEY UPDATE;"
LOOKED = "    INSERT INTO renewals (id,"


def shop() -> tuple[SalesCounter, str]:
    counter = open_counter()
    in_transaction(lambda: chart.open_accounts([chart.ESCROW], "CNY"))  # as after the first renewal ever
    first = Rule(Conditions(sale=SaleKind.FIRST), share_bps=1_000)
    in_transaction(lambda: rules.add(agent_id=counter.agent.id, currency="CNY", rule=first, actor=counter.actor))
    quote = counter.signed_quote()
    db.session.rollback()  # nothing of ours stays open beside the orders
    return counter, quote


def order_twice(app: Flask) -> tuple[dict[str, int], list[int]]:
    counter, quote = shop()
    placed = all_at_once(app, lambda: counter.order(signed_quote=quote), times=2)
    shares = db.session.scalars(select(Renewal.share_minor)).all()
    return dict(Counter(type(ending).__name__ for ending in placed)), list(shares)


def test_of_two_first_sales_at_once_one_is(own_app: Flask) -> None:
    allow_meeting()
    define(rewritten("place_renewal", GUARD, f"PERFORM meet(2); {GUARD}"))

    assert order_twice(own_app) == ({"Placed": 1, "QuoteChanged": 1}, [1_000])


def test_both_are_first_sales_without_the_turn_on_the_card(own_app: Flask) -> None:
    allow_meeting()
    define(rewritten("place_renewal", GUARD, "").replace(LOOKED, f"    PERFORM meet(2);\n{LOOKED}"))

    assert order_twice(own_app) == ({"Placed": 2}, [1_000, 1_000])
