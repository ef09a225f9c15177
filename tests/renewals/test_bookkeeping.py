"""Which transfers a renewal makes: the worked cases as written, and what refunds may never do."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.money import Money
from portal.ledger import chart
from portal.ledger.chart import AccountRef
from portal.ledger.journal import EntryDraft
from portal.renewals import bookkeeping
from portal.renewals.bookkeeping import Account, Left

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data/ledger_cases.json").read_text())
PARENT = AccountRef("commission_earned", "bob")
"""Of the agent above alice."""
RENEWAL = UUID("01930000-0000-7000-8000-000000000001")


def renewal(**changes: Any) -> Account:
    """CNY 100.00 less 10.00, 5.09 tax in it, 4.50 fee on top, 2.70 share, costing 61.20, paid by alice's wallet."""
    values = {
        "renewal_id": RENEWAL,
        "currency": "CNY",
        "source": AccountRef("agent_wallet", "alice"),
        "commission": AccountRef("commission_earned", "alice"),
        "carrier": AccountRef("carrier_payable", "sandbox-east"),
        "discount_minor": 1_000,
        "base_minor": 9_000,
        "tax_minor": 509,
        "fee_minor": 450,
        "share_minor": 270,
        "total_minor": 9_450,
        "cost_minor": 6_120,
    }
    return Account(**(values | changes))


def hold(books: Account) -> EntryDraft:
    total = Money(books.total_minor, books.currency)
    return bookkeeping.hold(books.renewal_id, source=books.source, total=total)


def transfers(*entries: EntryDraft) -> list[dict[str, Any]]:
    return [
        {"kind": entry.kind, "debit": line.debit.name, "credit": line.credit.name, "amount_minor": line.amount_minor}
        for entry in entries
        for line in entry.lines
    ]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_books_the_worked_case(case: dict[str, Any]) -> None:
    kind, _, owner = case["source"].partition(":")
    books = renewal(
        **{name: value for name, value in case.items() if name.endswith("_minor")},
        currency=case["currency"],
        source=AccountRef(kind, owner or None),
    )
    refunded = sum(
        line["amount_minor"] for line in case["transfers"] if line["kind"] == "refund" and line["debit"] == "escrow"
    )

    following = {
        "delivered": lambda: [bookkeeping.deliver(books)],
        "refused": lambda: [bookkeeping.give_back(books)],
        "refunded": lambda: [bookkeeping.deliver(books), bookkeeping.refund_in_full(books)],
        "partly_refunded": lambda: [
            bookkeeping.deliver(books),
            bookkeeping.refund_in_part(books, refunded, left=bookkeeping.delivered_in_full(books), number=1),
        ],
    }[case["outcome"]]()

    assert transfers(hold(books), *following) == case["transfers"]


def test_transfers_of_zero_are_not_booked() -> None:
    given_away = renewal(
        discount_minor=10_000, base_minor=0, tax_minor=0, fee_minor=0, share_minor=0, total_minor=0, cost_minor=6_120
    )

    assert hold(given_away).lines == ()
    assert transfers(bookkeeping.deliver(given_away)) == [
        {"kind": "deliver", "debit": "promotions", "credit": "revenue", "amount_minor": 10_000},
        {"kind": "deliver", "debit": "carrier_cost", "credit": "carrier_payable:sandbox-east", "amount_minor": 6_120},
    ]


def test_the_agent_above_earns_out_of_the_operators_part_and_gives_it_back() -> None:
    books = renewal(parent=PARENT, override_minor=45)

    booked = transfers(bookkeeping.deliver(books), bookkeeping.refund_in_full(books))

    assert [line for line in booked if "commission_earned:bob" in (line["debit"], line["credit"])] == [
        {"kind": "deliver", "debit": "commission_expense", "credit": "commission_earned:bob", "amount_minor": 45},
        {"kind": "refund", "debit": "commission_earned:bob", "credit": "commission_expense", "amount_minor": 45},
    ]


def test_every_entry_has_its_own_key() -> None:
    books = renewal()
    left = bookkeeping.delivered_in_full(books)

    keys = [
        hold(books).key,
        bookkeeping.deliver(books).key,
        bookkeeping.give_back(books).key,
        bookkeeping.refund_in_full(books).key,
        bookkeeping.refund_in_part(books, 1, left=left, number=1).key,
        bookkeeping.refund_in_part(books, 1, left=left, number=2).key,
    ]

    assert keys[0] == "renewal:01930000-0000-7000-8000-000000000001:hold"
    assert keys[-1] == "renewal:01930000-0000-7000-8000-000000000001:refund:2"
    assert len(set(keys)) == 6


@pytest.mark.parametrize("amount_minor", [0, -1, 9_451])
def test_refuses_a_refund_of_nothing_or_more_than_is_left(amount_minor: int) -> None:
    books = renewal()

    with pytest.raises(ValueError, match="a refund is positive"):
        bookkeeping.refund_in_part(books, amount_minor, left=bookkeeping.delivered_in_full(books), number=1)


def test_a_refund_of_a_part_is_taken_from_all_three_lines() -> None:
    books = renewal()

    refund = bookkeeping.refund_in_part(books, 3_000, left=bookkeeping.delivered_in_full(books), number=1)

    assert transfers(refund) == [
        {"kind": "refund", "debit": "revenue", "credit": "escrow", "amount_minor": 2_695},
        {"kind": "refund", "debit": "tax_payable", "credit": "escrow", "amount_minor": 162},
        {"kind": "refund", "debit": "commission_earned:alice", "credit": "escrow", "amount_minor": 143},
        {"kind": "refund", "debit": "commission_earned:alice", "credit": "commission_expense", "amount_minor": 86},
        {"kind": "refund", "debit": "escrow", "credit": "agent_wallet:alice", "amount_minor": 3_000},
    ]


@st.composite
def refunded_renewals(draw: st.DrawFn) -> tuple[Account, list[int]]:
    base = draw(st.integers(min_value=0, max_value=10**6))
    fee = draw(st.integers(min_value=1 if base == 0 else 0, max_value=10**5))
    books = renewal(
        base_minor=base,
        tax_minor=draw(st.integers(min_value=0, max_value=base)),
        fee_minor=fee,
        share_minor=draw(st.integers(min_value=0, max_value=base)),
        total_minor=base + fee,
        parent=PARENT,
        override_minor=draw(st.integers(min_value=0, max_value=base)),
    )
    left, refunds = base + fee, []
    while left and len(refunds) < 6:
        refunds.append(draw(st.integers(min_value=1, max_value=left)))
        left -= refunds[-1]
    if left:
        refunds.append(left)
    return books, refunds


@given(refunded_renewals())
def test_refunds_empty_every_line_and_never_more(refunded: tuple[Account, list[int]]) -> None:
    books, refunds = refunded
    left = bookkeeping.delivered_in_full(books)
    back = 0

    for number, amount in enumerate(refunds, start=1):
        entry = bookkeeping.refund_in_part(books, amount, left=left, number=number)
        moved = {(line.debit.kind, line.credit.kind): line.amount_minor for line in entry.lines if line.debit != PARENT}
        override = sum(line.amount_minor for line in entry.lines if line.debit == PARENT)
        into_escrow = sum(amount for (_, credit), amount in moved.items() if credit == "escrow")
        assert into_escrow == amount == moved["escrow", "agent_wallet"]
        left = Left(
            revenue_minor=left.revenue_minor - moved.get(("revenue", "escrow"), 0),
            tax_minor=left.tax_minor - moved.get(("tax_payable", "escrow"), 0),
            fee_minor=left.fee_minor - moved.get(("commission_earned", "escrow"), 0),
            share_minor=left.share_minor - moved.get(("commission_earned", "commission_expense"), 0),
            override_minor=left.override_minor - override,
        )
        assert min(left.revenue_minor, left.tax_minor, left.fee_minor, left.share_minor, left.override_minor) >= 0
        back += amount

    assert back == books.total_minor
    assert left == Left(0, 0, 0, 0, 0)


def test_escrow_is_empty_after_whatever_happened() -> None:
    books = renewal()
    stories = [
        [hold(books), bookkeeping.deliver(books)],
        [hold(books), bookkeeping.give_back(books)],
        [hold(books), bookkeeping.deliver(books), bookkeeping.refund_in_full(books)],
    ]

    for story in stories:
        lines = [line for entry in story for line in entry.lines]
        assert sum(line.amount_minor for line in lines if line.credit == chart.ESCROW) == sum(
            line.amount_minor for line in lines if line.debit == chart.ESCROW
        )
