"""What users of other software report of commissions and prepaid money: each is tried here, and must not happen.

The sixth, getlago/lago-api#1962 (automatic top-ups that fire again while one is pending), is tried where they are made:
tests/wallets/test_refilling.py.
"""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.agents import parents
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.ledger import chart
from portal.payments import settling
from portal.payments.beginning import Choice
from portal.payments.models import PaymentState
from portal.payments.providers.base import Method, Surface
from portal.payouts import earnings
from portal.renewals import fulfilment, verification
from portal.renewals.states import RenewalState
from portal.wallets import crediting, topping_up
from tests import make
from tests.beside import all_at_once
from tests.functions import allow_meeting, define, rewritten
from tests.ledger.books import net
from tests.payments.conftest import stub
from tests.payments.stub import StubProvider
from tests.payouts.conftest import Earner
from tests.payouts.test_closing import IN_OCTOBER, close, part_of
from tests.refunds.conftest import Office, open_office
from tests.refunds.conftest import StandIn as Carrier
from tests.refunds.conftest import carrier as takes_back
from tests.renewals import online
from tests.renewals.conftest import open_counter
from tests.renewals.online import Waiting

__all__ = ["stub", "takes_back"]

WRITES = "    INSERT INTO renewals (id,"
"""Where an order begins to write, in `place_renewal`."""


def earned(of: Waiting) -> earnings.Earnings:
    return earnings.in_currency(of.counter.agent.id, "CNY")


def test_no_commission_is_earned_on_money_that_has_not_come(
    app: Flask, stub: StubProvider, takes_back: Carrier
) -> None:
    """Commission paid on money not yet received: on an order, a payment begun, and a payment that is held."""
    in_transaction(lambda: chart.open_accounts([chart.ESCROW], "CNY"))
    counter = open_counter()
    online.offering()
    waiting = Waiting(counter, online.order(counter), stub)
    assert earned(waiting).balance.minor == 0

    too_little = waiting.begin()
    assert earned(waiting).balance.minor == 0
    stub.settle(too_little.reference, Money(10_499, "CNY"))
    settling.ask(too_little.id)
    assert online.now(too_little).state is PaymentState.HELD
    assert earned(waiting).balance.minor == 0

    waiting.settle(waiting.begin(Choice(Method.CARD, Surface.MOBILE, "en")))
    assert waiting.renewal.state is RenewalState.PAID
    assert earned(waiting).balance.minor == 0  # it may still be refused, and go back

    fulfilment.fulfil(waiting.ordered.id)
    assert earned(waiting).balance.minor == 800
    assert (earned(waiting).on_hold.minor, earned(waiting).payable.minor) == (800, 0)


class TestAfterACreditNote:
    """OCA/commission#607: a settlement held only the negative line, for the sale itself was in none."""

    def test_a_sale_refunded_in_its_month_shows_both_lines_and_nets_to_nothing(self, earner: Earner) -> None:
        (renewal_id,) = earner.earn(at=IN_OCTOBER)
        with clock.fixed(datetime(2026, 10, 20, tzinfo=UTC)):
            earner.refund(renewal_id)

        close()

        part = part_of(earner)
        assert part.whole.moved == {"fees": 500, "shares": 300, "clawbacks": -800}
        assert (part.opening_minor, part.closing_minor) == (0, 0)

    def test_a_sale_refunded_later_stands_in_the_first_month_and_its_clawback_in_the_next(self, earner: Earner) -> None:
        (renewal_id,) = earner.earn(at=IN_OCTOBER)
        with clock.fixed(datetime(2026, 11, 20, tzinfo=UTC)):
            earner.refund(renewal_id)

        close()
        close(date(2026, 11, 1), at=datetime(2026, 12, 2, tzinfo=UTC))

        october, november = part_of(earner), part_of(earner, date(2026, 11, 1))
        assert (october.whole.moved, october.closing_minor) == ({"fees": 500, "shares": 300}, 800)
        assert (november.opening_minor, november.whole.moved, november.closing_minor) == (800, {"clawbacks": -800}, 0)


def test_a_sub_agents_sale_is_paid_by_the_sub_agent_and_earns_its_parent_a_part(
    app: Flask, takes_back: Carrier
) -> None:
    """ASTPP#192: the parent was not debited when a sub-agent sold, so what the parent earned came from nowhere.

    Here the seller pays the whole price from its own wallet, the parent's part is the operator's expense, and both go
    back with a refund: nothing is minted.
    """
    above = in_transaction(lambda: make.agent(name_en="Above"))
    in_transaction(lambda: make.money_in(above, 50_000))
    office = _office_below(takes_back, above.id)
    seller = office.counter.agent.id

    assert office.counter.wallet_minor() == 89_500
    assert net(chart.agent_wallet(above.id)) == 50_000
    assert (net(chart.commission_earned(seller)), net(chart.commission_earned(above.id))) == (800, 50)
    assert -net(chart.COMMISSION_EXPENSE) == 350  # share and override, of the operator's own
    assert net(chart.REVENUE) + net(chart.TAX_PAYABLE) + 500 == 10_500  # with the fee, what the seller paid

    office.refunded()

    assert office.counter.wallet_minor() == 100_000
    for account in (chart.commission_earned(seller), chart.commission_earned(above.id), chart.COMMISSION_EXPENSE):
        assert net(account) == 0
    assert in_transaction(verification.verify_everything) == []


def _office_below(carrier: Carrier, parent_id: object) -> Office:
    counter = open_counter()

    def below() -> None:
        above = db.session.get_one(type(counter.agent), parent_id)
        parents.set_parent(counter.agent, parent=above, override_bps=50, actor=counter.actor)

    in_transaction(below)
    return open_office(carrier, counter=counter)


@pytest.mark.parametrize("minor", [-1, -100_000])
def test_negative_credit_mints_no_money(app: Flask, minor: int) -> None:
    """OpenXC-Resellers#9: a negative amount typed as credit raised the giver's balance."""
    agent = in_transaction(make.agent)
    in_transaction(lambda: make.money_in(agent, 1_000))

    with pytest.raises(InvalidInput):
        crediting.set_limit(agent_id=agent.id, limit=Money(minor, "CNY"), actor=make.actor())
    with pytest.raises(InvalidInput):
        topping_up.record(
            agent_id=agent.id,
            amount=Money(minor, "CNY"),
            bank_reference="ICBC 1",
            received_on=date(2026, 11, 20),
            note="",
            actor=make.actor(),
        )
    for column in ("credit_limit_minor", "balance_minor"):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(text(f"UPDATE ledger_accounts SET {column} = :minor WHERE guarded"), {"minor": minor})

    assert (net(chart.agent_wallet(agent.id)), -net(chart.BANK)) == (1_000, 1_000)


@pytest.mark.slow
def test_orders_that_all_saw_enough_money_do_not_overdraw_the_wallet(own_app: Flask) -> None:
    """sub2api#3384: the balance was checked before the order, and orders at once all passed the check."""
    counter = open_counter(money_minor=10_500)
    in_transaction(lambda: chart.open_accounts([chart.ESCROW], "CNY"))
    quote = counter.signed_quote()
    db.session.rollback()
    allow_meeting()  # nobody writes before all have passed every check that is made before
    define(rewritten("place_renewal", WRITES, f"    PERFORM meet(4);\n{WRITES}"))

    endings = all_at_once(own_app, lambda: counter.order(signed_quote=quote), times=4)

    assert Counter(type(ending).__name__ for ending in endings) == {"Placed": 1, "NotCovered": 3}
    assert counter.wallet_minor() == 0
    assert in_transaction(verification.verify_everything) == []
