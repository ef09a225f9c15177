"""Who may have what refunded, and when a second person has to agree."""

import pytest
from sqlalchemy import func, select

from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.refunds import queries, refunding, requesting
from portal.refunds.errors import MoreThanLeft, NotRefundable, OwnRefund, RefundDecided, RefundUnderWay
from portal.refunds.models import Refund, RefundState
from portal.renewals.states import RenewalState
from tests.refunds.conftest import Office


@pytest.fixture
def strict_office(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Every refund above CNY 50.00 waits for a second person."""
    monkeypatch.setattr(requesting, "needs_approval", lambda amount: amount.minor > 5_000)
    return office


def approve(refund: Refund, office: Office) -> Refund:
    return in_transaction(lambda: requesting.approve(refund.id, actor=office.dana))


@pytest.mark.parametrize(
    ("amount", "needed"), [((50_000, "CNY"), False), ((50_001, "CNY"), True), ((501, "JPY"), True)]
)
def test_above_the_limit_in_whole_units_of_its_currency_a_second_person_agrees(
    office: Office, amount: tuple[int, str], needed: bool
) -> None:
    assert requesting.needs_approval(Money(*amount)) is needed


def test_up_to_the_limit_it_is_begun_at_once(strict_office: Office) -> None:
    refund = strict_office.request(5_000)

    assert refund.state is RefundState.ASKING_CARRIER
    assert strict_office.renewal().state is RenewalState.REFUNDING


def test_above_the_limit_nothing_moves_until_somebody_else_agrees(strict_office: Office) -> None:
    refund = strict_office.request(5_001)

    assert refund.state is RefundState.AWAITING_APPROVAL
    assert strict_office.renewal().state is RenewalState.DELIVERED
    refunding.carry_out(refund.id)
    assert strict_office.counter.wallet_minor() == 89_500
    approve(refund, strict_office)
    refunding.carry_out(refund.id)
    assert strict_office.counter.wallet_minor() == 94_501
    assert strict_office.refund(refund.id).decided_by_name == "Dana"


def test_nobody_agrees_to_their_own_refund(strict_office: Office) -> None:
    refund = strict_office.request(5_001)

    with pytest.raises(OwnRefund):
        in_transaction(lambda: requesting.approve(refund.id, actor=strict_office.fiona))
    with pytest.raises(OwnRefund):
        in_transaction(lambda: requesting.decline(refund.id, why="Mine", actor=strict_office.fiona))

    assert strict_office.refund(refund.id).state is RefundState.AWAITING_APPROVAL


def test_a_declined_refund_leaves_room_for_another(strict_office: Office) -> None:
    refund = strict_office.request(5_001)

    in_transaction(lambda: requesting.decline(refund.id, why="The card works", actor=strict_office.dana))

    declined = strict_office.refund(refund.id)
    assert (declined.state, declined.refusal) == (RefundState.DECLINED, "The card works")
    assert strict_office.request(10_500).state is RefundState.AWAITING_APPROVAL


def test_whoever_asked_may_withdraw_until_somebody_agrees(strict_office: Office) -> None:
    refund = strict_office.request(5_001)
    in_transaction(lambda: requesting.withdraw(refund.id, actor=strict_office.fiona))

    with pytest.raises(RefundDecided):
        approve(refund, strict_office)


def test_a_refund_is_decided_once(strict_office: Office) -> None:
    refund = strict_office.request(5_001)
    approve(refund, strict_office)

    with pytest.raises(RefundDecided):
        approve(refund, strict_office)


def test_refuses_a_second_refund_while_one_is_under_way(office: Office) -> None:
    first = office.request(100)

    with pytest.raises(RefundUnderWay) as refused:
        office.request(100)

    assert refused.value.parts == {"reference": first.reference}


def test_refuses_more_than_is_left(office: Office) -> None:
    office.refunded(10_000)

    with pytest.raises(MoreThanLeft) as refused:
        office.request(501)

    assert refused.value.parts["left"] == Money(500, "CNY")
    assert queries.refundable(office.renewal()) == Money(500, "CNY")


@pytest.mark.parametrize(("amount_minor", "currency"), [(0, "CNY"), (-1, "CNY"), (100, "JPY")])
def test_refuses_amounts_that_are_none(office: Office, amount_minor: int, currency: str) -> None:
    with pytest.raises(InvalidInput):
        office.request(amount_minor, currency=currency)

    assert db.session.scalar(select(func.count()).select_from(Refund)) == 0


def test_refuses_a_renewal_that_was_refunded_whole(office: Office) -> None:
    office.refunded()

    with pytest.raises(NotRefundable):
        office.request(1)


def test_refuses_a_renewal_that_is_not_delivered(office: Office) -> None:
    placed = office.counter.order()
    office.renewal_id = placed.id

    with pytest.raises(NotRefundable) as refused:
        office.request(1)

    assert refused.value.parts == {"state": "paid"}
