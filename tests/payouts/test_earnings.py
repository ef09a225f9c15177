from datetime import timedelta

from portal.core import clock
from portal.core.db import in_transaction
from portal.core.money import Money
from portal.ledger import chart, snapshots
from portal.payments.providers.base import DisputeState
from portal.payouts import earnings
from portal.promotions.models import PromotionBearer
from portal.receipts import numbering
from portal.receipts import queries as receipts
from tests.disputed import disputed
from tests.payouts.conftest import LONG_AGO, NOW, book
from tests.promotions import promoting


def test_nothing_is_earned_before_a_delivery(earner):
    assert earner.earned().payable == Money(0, "CNY")


def test_a_delivery_is_payable_once_its_hold_is_over(earner):
    earner.earn(at=NOW)

    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (800, 800)
    assert earner.earned().payable.minor == 0

    with clock.fixed(NOW + timedelta(days=14, seconds=2)):
        assert earner.earned().on_hold.minor == 0
        assert earner.earned().payable.minor == 800


def test_a_refund_within_the_hold_takes_from_the_hold_not_from_what_is_payable(earner):
    earner.earn(times=2)
    (held,) = earner.earn(at=NOW)

    earner.refund(held)

    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (1600, 0)
    assert earner.earned().payable.minor == 1600


def test_a_refund_after_the_hold_takes_from_what_is_payable(earner):
    first, _second = earner.earn(times=2)

    earner.refund(first)

    assert earner.earned().payable.minor == 800


def test_a_balance_below_zero_is_carried_forward_and_filled_first(earner):
    (first,) = earner.earn()
    earner.move(800)

    earner.refund(first)

    assert earner.earned().balance.minor == -800
    assert earner.earned().is_negative
    assert earner.earned().payable.minor == 0

    earner.earn(times=2)
    assert earner.earned().payable.minor == 800


def test_an_open_payout_counts_against_what_is_payable(earner):
    earner.earn(times=2)

    earner.request(1000)

    assert earner.earned().under_way.minor == 1000
    assert earner.earned().payable.minor == 600


def test_snapshots_change_nothing(earner):
    earner.earn(times=3)
    earner.earn(at=NOW)
    in_transaction(snapshots.take)
    book("correction", chart.COMMISSION_EXPENSE, chart.commission_earned(earner.agent.id), 25)

    (only,) = earnings.of_agent(earner.agent.id)
    assert (only.balance.minor, only.on_hold.minor, only.payable.minor) == (3225, 800, 2425)


def test_an_old_snapshot_does_not_hide_what_is_on_hold(earner):
    with clock.fixed(LONG_AGO - timedelta(days=400)):
        book("correction", chart.COMMISSION_EXPENSE, chart.commission_earned(earner.agent.id), 100)
        in_transaction(snapshots.take)

    earner.earn(at=NOW)

    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (900, 800)


def test_a_dispute_within_the_hold_takes_from_the_hold_not_from_what_is_payable(earner):
    earner.earn(times=2)
    (held,) = earner.earn(at=NOW)

    disputed(held)

    # 8.00 of the disputed delivery are frozen: neither in the balance nor held back from it a second time.
    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (1600, 0)
    assert earner.earned().payable.minor == 1600


def test_a_dispute_that_is_won_puts_what_was_frozen_on_hold_again(earner):
    earner.earn(times=2)
    (held,) = earner.earn(at=NOW)
    disputed(held)

    disputed(held, DisputeState.WON)

    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (2400, 800)
    assert earner.earned().payable.minor == 1600


def test_a_dispute_after_the_hold_takes_from_what_is_payable(earner):
    first, _second = earner.earn(times=2)

    disputed(first)

    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (800, 0)
    assert earner.earned().payable.minor == 800


def test_a_discount_that_the_agent_bears_is_not_held_back_twice(earner):
    earner.earn(times=2)
    in_transaction(
        lambda: promoting.campaign(
            bearer=PromotionBearer.AGENT, agent_ids=[earner.agent.id], bps=500, starts_at=LONG_AGO
        )
    )

    earner.earn(at=NOW)

    # Of 95.00: fee 4.75, share 2.85, less the discount of 5.00.
    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (1860, 260)
    assert earner.earned().payable.minor == 1600


def test_a_discount_above_what_was_earned_takes_from_what_is_payable_at_once(earner):
    earner.earn(times=2)
    in_transaction(
        lambda: promoting.campaign(bearer=PromotionBearer.AGENT, agent_ids=[earner.agent.id], starts_at=LONG_AGO)
    )

    earner.earn(at=NOW)

    # Of 90.00: fee 4.50, share 2.70, less the discount of 10.00.
    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (1320, 0)
    assert earner.earned().payable.minor == 1320


def test_freezes_no_more_than_the_agent_earned_under_a_discount_that_it_bears(earner):
    in_transaction(
        lambda: promoting.campaign(
            bearer=PromotionBearer.AGENT, agent_ids=[earner.agent.id], bps=500, starts_at=LONG_AGO
        )
    )
    (held,) = earner.earn(at=NOW)

    dispute = disputed(held)

    assert dispute.frozen_minor == 260
    assert (earner.earned().balance.minor, earner.earned().on_hold.minor) == (0, 0)

    in_transaction(lambda: numbering.number(receipts.of_renewal(held).id))
    disputed(held, DisputeState.LOST)

    # Fee, share and discount all went back: nothing was earned.
    assert earner.earned().balance.minor == 0
