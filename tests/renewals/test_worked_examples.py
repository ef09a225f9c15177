"""The books told as stories: what everybody holds after each event in `docs/money.md`, in minor units."""

from dataclasses import replace

import pytest

from portal.core.ids import new_id
from portal.core.money import Money
from portal.ledger import chart, journal, queries, verification
from portal.ledger.chart import AccountRef
from portal.ledger.journal import Line
from portal.renewals import bookkeeping
from portal.renewals.bookkeeping import Account, Left
from tests.ledger.books import ALICE, ALICE_EARNED, draft, top_up

pytestmark = pytest.mark.usefixtures("session")

CARRIER = chart.carrier_payable("sandbox-east")
CAROL = AccountRef("customer_balance", "carol")


def ordered(**changes: object) -> Account:
    """Carol pays 94.50: 100.00 less 10.00, tax of 5.09 in it, a fee of 4.50 on top. Share 2.70, cost 61.20."""
    order = Account(
        renewal_id=new_id(),
        currency="CNY",
        source=ALICE,
        commission=ALICE_EARNED,
        carrier=CARRIER,
        discount_minor=1_000,
        base_minor=9_000,
        tax_minor=509,
        fee_minor=450,
        share_minor=270,
        total_minor=9_450,
        cost_minor=6_120,
    )
    return replace(order, **changes)  # type: ignore[arg-type]


def hold(order: Account) -> None:
    total = Money(order.total_minor, order.currency)
    journal.post(bookkeeping.hold(order.renewal_id, source=order.source, total=total))


def holds() -> dict[str, int]:
    """What every account holds that holds anything."""
    rows = queries.accounts(queries.AccountFilter()).rows
    return {row.name: row.balance_minor for row in rows if row.balance_minor}


@pytest.fixture(autouse=True)
def books_are_right(session: object) -> object:
    yield
    assert verification.verify() == []
    for table in queries.trial_balance():
        assert table.debit == table.credit


def test_alice_pays_in_and_renews_a_card() -> None:
    top_up(ALICE, 100_000)
    assert holds() == {"bank": 100_000, "agent_wallet:alice": 100_000}

    order = ordered()
    hold(order)
    assert holds() == {"bank": 100_000, "agent_wallet:alice": 90_550, "escrow": 9_450}

    journal.post(bookkeeping.deliver(order))
    assert holds() == {
        "bank": 100_000,
        "agent_wallet:alice": 90_550,
        "revenue": 9_491,  # 84.91 from escrow, and the 10.00 that the promotion stands for
        "promotions": 1_000,
        "tax_payable": 509,
        "commission_earned:alice": 720,  # the fee of 4.50 and the share of 2.70
        "commission_expense": 270,
        "carrier_cost": 6_120,
        "carrier_payable:sandbox-east": 6_120,
    }


def test_the_carrier_refuses_and_alice_has_her_money_back() -> None:
    top_up(ALICE, 100_000)
    order = ordered()
    hold(order)

    journal.post(bookkeeping.give_back(order))

    assert holds() == {"bank": 100_000, "agent_wallet:alice": 100_000}


def test_the_answer_comes_twice_and_is_booked_once() -> None:
    top_up(ALICE, 100_000)
    order = ordered()
    hold(order)
    journal.post(bookkeeping.deliver(order))
    after_one = holds()

    journal.post(bookkeeping.deliver(order))

    assert holds() == after_one


def test_carol_is_refunded_in_full_and_the_loss_shows() -> None:
    top_up(ALICE, 100_000)
    order = ordered()
    hold(order)
    journal.post(bookkeeping.deliver(order))

    journal.post(bookkeeping.refund_in_full(order))

    assert holds() == {
        "bank": 100_000,
        "agent_wallet:alice": 100_000,
        "carrier_cost": 6_120,  # the carrier keeps its money
        "carrier_payable:sandbox-east": 6_120,
    }


def test_carol_is_refunded_in_two_parts() -> None:
    top_up(ALICE, 100_000)
    order = ordered()
    hold(order)
    journal.post(bookkeeping.deliver(order))

    journal.post(bookkeeping.refund_in_part(order, 3_000, left=bookkeeping.delivered_in_full(order), number=1))
    assert holds() == {
        "bank": 100_000,
        "agent_wallet:alice": 93_550,
        "revenue": 6_796,
        "promotions": 1_000,
        "tax_payable": 347,
        "commission_earned:alice": 491,
        "commission_expense": 184,
        "carrier_cost": 6_120,
        "carrier_payable:sandbox-east": 6_120,
    }

    left = Left(revenue_minor=5_796, tax_minor=347, fee_minor=307, share_minor=184)
    journal.post(bookkeeping.refund_in_part(order, 6_450, left=left, number=2))
    assert holds() == {
        "bank": 100_000,
        "agent_wallet:alice": 100_000,
        "revenue": 1_000,  # promotions stay
        "promotions": 1_000,
        "carrier_cost": 6_120,
        "carrier_payable:sandbox-east": 6_120,
    }


def test_carol_pays_online_and_the_provider_pays_out_less_its_fee() -> None:
    stripe = chart.clearing("stripe")
    order = ordered(source=stripe)
    hold(order)
    journal.post(bookkeeping.deliver(order))
    assert holds()["clearing:stripe"] == 9_450

    journal.post(draft(Line(chart.BANK, stripe, 9_318), Line(chart.PROVIDER_FEES, stripe, 132), kind="payout"))

    after = holds()
    assert "clearing:stripe" not in after
    assert (after["bank"], after["provider_fees"]) == (9_318, 132)


def test_carol_pays_from_her_store_credit() -> None:
    journal.post(draft(Line(chart.WRITE_OFF, CAROL, 10_000), kind="goodwill"))
    order = ordered(source=CAROL)

    hold(order)
    journal.post(bookkeeping.give_back(order))

    assert holds() == {"write_off": 10_000, "customer_balance:carol": 10_000}


def test_alice_takes_her_commission_into_the_wallet_and_to_the_bank() -> None:
    top_up(ALICE, 9_450)
    order = ordered()
    hold(order)
    journal.post(bookkeeping.deliver(order))

    journal.post(draft(Line(ALICE_EARNED, ALICE, 500), kind="commission"))
    journal.post(draft(Line(ALICE_EARNED, chart.BANK, 220), kind="commission"))

    after = holds()
    assert "commission_earned:alice" not in after
    assert (after["agent_wallet:alice"], after["bank"]) == (500, 9_230)


def test_a_refund_after_her_payout_leaves_alice_owing_commission() -> None:
    top_up(ALICE, 9_450)
    order = ordered()
    hold(order)
    journal.post(bookkeeping.deliver(order))
    journal.post(draft(Line(ALICE_EARNED, chart.BANK, 720), kind="commission"))

    journal.post(bookkeeping.refund_in_full(order))

    assert holds()["commission_earned:alice"] == -720


def test_a_renewal_given_away_moves_no_money_of_the_customer() -> None:
    order = ordered(discount_minor=10_000, base_minor=0, tax_minor=0, fee_minor=0, share_minor=0, total_minor=0)

    hold(order)
    journal.post(bookkeeping.deliver(order))

    assert holds() == {
        "promotions": 10_000,
        "revenue": 10_000,
        "carrier_cost": 6_120,
        "carrier_payable:sandbox-east": 6_120,
    }


def test_yen_and_yuan_never_meet() -> None:
    top_up(ALICE, 100_000)
    top_up(ALICE, 10_300, currency="JPY")
    in_yen = ordered(
        currency="JPY",
        discount_minor=0,
        base_minor=10_000,
        tax_minor=909,
        fee_minor=300,
        share_minor=0,
        total_minor=10_300,
        cost_minor=6_800,
    )

    hold(in_yen)
    journal.post(bookkeeping.deliver(in_yen))

    cny, jpy = queries.trial_balance()
    assert (cny.currency, cny.debit) == ("CNY", Money(100_000, "CNY"))
    assert (jpy.currency, jpy.debit) == ("JPY", Money(17_100, "JPY"))
