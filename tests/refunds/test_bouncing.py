"""A refund that was done and came back: held for its payer, given again or another way, and counted once."""

import pytest
from flask import Flask

from portal.carriers.base import Refused
from portal.core.db import in_transaction
from portal.core.errors import Conflict
from portal.core.money import Money
from portal.ledger import chart
from portal.payments import queries as payments
from portal.payments import refunding as provider_refunds
from portal.payments import sending_back
from portal.payments.models import ProviderRefund, ProviderRefundState
from portal.payments.providers.base import Declined, DisputeStanding, DisputeState
from portal.receipts import credit_notes
from portal.refunds import disputing, ending, queries, requesting
from portal.refunds.errors import RefundDecided
from portal.refunds.models import Refund, RefundState
from portal.renewals import bouncing, fulfilment
from portal.renewals.models import BounceEnd
from portal.renewals.states import RenewalState
from tests import make
from tests.bounced import Sold, sell, wrong
from tests.ledger.books import net, tamper
from tests.payments.conftest import stub
from tests.payments.stub import StubProvider
from tests.refunds.conftest import StandIn
from tests.renewals import online
from tests.renewals.conftest import open_counter

__all__ = ["stub"]

CLEARING = chart.clearing("stripe")


@pytest.fixture
def sold(app: Flask, carrier: StandIn, stub: StubProvider) -> Sold:
    return sell(open_counter(), stub)


@pytest.fixture
def bounced(sold: Sold) -> Refund:
    """All of it was refunded, and carol's bank sent it back."""
    refund = sold.refund()
    sold.bounce(sold.given(refund))
    return sold.now(refund)


def try_again(sold: Sold, refund: Refund) -> None:
    in_transaction(lambda: ending.try_again(refund.id, actor=make.actor(name="Fiona")))
    sending_back.carry_out(sold.given(refund).id)


def into_wallet(refund: Refund) -> None:
    in_transaction(lambda: ending.into_wallet(refund.id, actor=make.actor(name="Fiona")))


def bounce_transfers(sold: Sold) -> list[tuple[str, str, str, int]]:
    return [row for row in online.transfers(sold.renewal_id) if row[0].startswith("bounce")]


def dispute(sold: Sold, state: DisputeState) -> None:
    standing = DisputeStanding(
        state=state,
        provider_id="dp_1",
        payment_id=sold.payment.provider_id or "",
        amount=Money(10_500, "CNY"),
        fee=None,
        reason="credit_not_processed",
        answer_before=None,
        raw={},
    )
    in_transaction(lambda: disputing.take_down("stripe", standing))


def test_its_money_lies_at_the_provider_again_and_is_held_for_the_payer(sold: Sold, bounced: Refund) -> None:
    assert (bounced.state, bounced.failure_code) == (RefundState.CAME_BACK, "lost_or_stolen_card")
    assert sold.renewal().state is RenewalState.REFUNDED
    assert bounce_transfers(sold) == [("bounce", "clearing:stripe", "escrow", 10_500)]
    assert -net(CLEARING) == 10_500
    assert net(chart.ESCROW) == 10_500
    assert net(chart.commission_earned(sold.counter.agent.id)) == 0
    assert credit_notes.of_refund(bounced.id) is not None
    assert wrong() == []


def test_it_is_owed_and_not_refundable_anew(sold: Sold, bounced: Refund) -> None:
    assert queries.refundable(sold.renewal()) == Money(0, "CNY")
    assert queries.back_with_payer(sold.renewal()) == Money(0, "CNY")
    assert not requesting.may_be_asked_for(sold.renewal())


def test_told_again_changes_nothing(sold: Sold, bounced: Refund) -> None:
    given = sold.given(bounced)

    in_transaction(lambda: ending.ended(given))

    assert len(bounce_transfers(sold)) == 1
    assert wrong() == []


def test_given_again_it_is_done_again(sold: Sold, bounced: Refund) -> None:
    try_again(sold, bounced)

    again = sold.now(bounced)
    assert (again.state, again.failure_code) == (RefundState.DONE, None)
    assert bounce_transfers(sold)[1:] == [("bounce_end", "escrow", "clearing:stripe", 10_500)]
    assert (net(CLEARING), net(chart.ESCROW)) == (0, 0)
    assert queries.back_with_payer(sold.renewal()) == Money(10_500, "CNY")
    assert wrong() == []


def test_it_stays_with_us_until_the_provider_says_that_it_went_again(sold: Sold, bounced: Refund) -> None:
    in_transaction(lambda: ending.try_again(bounced.id, actor=make.actor(name="Fiona")))
    assert sold.now(bounced).state is RefundState.CAME_BACK
    with pytest.raises(RefundDecided):
        into_wallet(bounced)
    assert wrong() == []

    sold.stripe.failure = Declined("charge_already_refunded")
    sending_back.carry_out(sold.given(bounced).id)

    refused = sold.now(bounced)
    assert (refused.state, refused.failure_code) == (RefundState.CAME_BACK, "charge_already_refunded")
    assert net(chart.ESCROW) == 10_500
    assert wrong() == []


def test_it_may_come_back_a_second_time(sold: Sold, bounced: Refund) -> None:
    try_again(sold, bounced)
    sold.bounce(sold.given(bounced))

    assert sold.now(bounced).state is RefundState.CAME_BACK
    assert [row[0] for row in bounce_transfers(sold)] == ["bounce", "bounce_end", "bounce"]
    assert net(chart.ESCROW) == 10_500
    assert wrong() == []


def test_it_goes_into_the_wallet_instead_and_never_to_the_payer_too(sold: Sold, bounced: Refund) -> None:
    before = sold.counter.wallet_minor()

    into_wallet(bounced)

    assert sold.now(bounced).state is RefundState.DONE
    assert sold.counter.wallet_minor() == before + 10_500
    assert (-net(CLEARING), net(chart.ESCROW)) == (10_500, 0)
    assert queries.back_with_payer(sold.renewal()) == Money(0, "CNY")
    given = sold.given(bounced)
    assert given.state is ProviderRefundState.REPLACED
    with pytest.raises(Conflict):
        in_transaction(lambda: provider_refunds.try_again(given.id, actor=make.actor()))
    with pytest.raises(RefundDecided):
        into_wallet(bounced)
    assert wrong() == []


def test_a_part_may_come_back_while_another_part_is_refunded(sold: Sold) -> None:
    first = sold.refund(6_000)
    sold.bounce(sold.given(first))
    second = sold.refund(4_500)

    assert (sold.now(first).state, sold.now(second).state) == (RefundState.CAME_BACK, RefundState.DONE)
    assert sold.renewal().state is RenewalState.REFUNDED
    assert queries.back_with_payer(sold.renewal()) == Money(4_500, "CNY")
    assert wrong() == []

    try_again(sold, first)

    assert queries.back_with_payer(sold.renewal()) == Money(10_500, "CNY")
    assert net(CLEARING) == 0
    assert wrong() == []


def test_what_the_payer_then_took_by_a_dispute_is_never_given_again(sold: Sold, bounced: Refund) -> None:
    dispute(sold, DisputeState.OPEN)
    assert wrong() == []

    dispute(sold, DisputeState.LOST)

    assert sold.now(bounced).state is RefundState.DONE
    assert sold.given(bounced).state is ProviderRefundState.REPLACED
    (bounce,) = in_transaction(lambda: bouncing.of_renewal(sold.renewal_id))
    assert bounce.ended_as is BounceEnd.DISPUTE
    # Nobody lost anything: what was kept for the payer is what they took.
    assert (net(CLEARING), net(chart.ESCROW), net(chart.WRITE_OFF)) == (0, 0, 0)
    assert net(chart.disputed("stripe")) == 0
    assert queries.back_with_payer(sold.renewal()) == Money(10_500, "CNY")
    assert wrong() == []


def test_a_dispute_takes_first_what_came_back_and_then_what_was_not_refunded(sold: Sold) -> None:
    first = sold.refund(6_000)
    sold.bounce(sold.given(first))

    dispute(sold, DisputeState.OPEN)
    dispute(sold, DisputeState.LOST)

    amounts = [refund.amount_minor for refund in queries.of_renewal(sold.renewal_id)]
    assert amounts == [6_000, 4_500]
    assert sold.renewal().state is RenewalState.REFUNDED
    assert (net(CLEARING), net(chart.ESCROW), net(chart.WRITE_OFF)) == (0, 0, 0)
    assert wrong() == []


def test_a_dispute_that_is_won_leaves_it_owed(sold: Sold, bounced: Refund) -> None:
    dispute(sold, DisputeState.OPEN)
    dispute(sold, DisputeState.WON)

    assert sold.now(bounced).state is RefundState.CAME_BACK
    assert net(chart.ESCROW) == 10_500
    assert wrong() == []


@pytest.fixture
def returned(app: Flask, carrier: StandIn, stub: StubProvider, monkeypatch: pytest.MonkeyPatch) -> Sold:
    """The carrier refused the renewal, and carol has her money back."""

    def refuse(**_asked: str) -> None:
        raise Refused("card_suspended", "The card is suspended.", {})

    monkeypatch.setattr(carrier, "submit_renewal", refuse)
    sold = sell(open_counter(), stub, delivers=False)
    fulfilment.fulfil(sold.renewal_id)
    online.carry_out_refunds()
    assert sold.renewal().state is RenewalState.RETURNED
    return sold


def the_return() -> ProviderRefund:
    (given,) = in_transaction(online.refunds)
    return given


def test_what_was_returned_for_a_refused_renewal_may_come_back_too(returned: Sold) -> None:
    returned.bounce(the_return())

    assert returned.renewal().state is RenewalState.RETURNED
    assert (-net(CLEARING), net(chart.ESCROW)) == (10_500, 10_500)
    assert in_transaction(payments.count_failed_refunds) == 1
    assert wrong() == []

    failed = the_return()
    in_transaction(lambda: provider_refunds.try_again(failed.id, actor=make.actor()))
    online.carry_out_refunds()

    assert the_return().state is ProviderRefundState.SUCCEEDED
    assert (net(CLEARING), net(chart.ESCROW)) == (0, 0)
    assert wrong() == []


def test_a_payer_who_disputes_what_was_returned_and_came_back_took_it_by_themselves(returned: Sold) -> None:
    returned.bounce(the_return())

    dispute(returned, DisputeState.OPEN)
    dispute(returned, DisputeState.LOST)

    assert the_return().state is ProviderRefundState.REPLACED
    assert (net(CLEARING), net(chart.ESCROW), net(chart.WRITE_OFF)) == (0, 0, 0)
    assert wrong() == []


@pytest.mark.parametrize(
    ("altered", "what"),
    [
        ("DELETE FROM bounces", "an entry that no bounce calls for"),
        ("UPDATE bounces SET amount_minor = 10400", "a bounce with other transfers than its row says"),
        ("UPDATE bounces SET ended_at = now(), ended_as = 'payer'", "an entry of a bounce is missing"),
        ("UPDATE bounces SET ended_at = now(), ended_as = 'payer'", "escrow holds 10500"),
        ("UPDATE refunds SET state = 'done'", "a refund that is done and of which 10500 came back"),
    ],
)
def test_the_verifier_names_what_was_altered(sold: Sold, bounced: Refund, altered: str, what: str) -> None:
    tamper(altered)

    assert any(finding.startswith(what) for finding in wrong())
