"""A refund that the payer's bank sends back after it had succeeded, with the real client library and the sandbox."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.core import clock, settings
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.demo.stand_in import StandIns
from portal.ledger import chart
from portal.payments import queries as payments
from portal.payments import refunding as provider_refunds
from portal.payments import sending_back
from portal.payments.models import Payment, ProviderRefund, ProviderRefundState
from portal.refunds import paying_back, refunding, requesting
from portal.refunds.models import Refund, RefundDestination, RefundReason, RefundState
from portal.renewals import verification
from tests import make
from tests.ledger.books import net
from tests.payments.providers.stages import Stage
from tests.refunds.test_disputes_at_providers import paid, receiver, sandbox, sandbox_process, stage, waiting
from tests.renewals import online
from tests.renewals.online import Waiting

__all__ = ["paid", "receiver", "sandbox", "sandbox_process", "stage", "waiting"]

pytestmark = pytest.mark.slow


def refunded(waiting: Waiting, stage: Stage) -> Refund:
    """Refund the whole renewal: the provider says that the payer has it."""
    refund = in_transaction(
        lambda: requesting.request(
            renewal_id=waiting.ordered.id,
            amount=Money(10_500, stage.currency),
            reason=RefundReason.NOT_WORKING,
            note="",
            destination=RefundDestination.SOURCE,
            actor=make.actor(make.user(name="Fiona")),
        )
    )
    with StandIns(settings.current().portal_home / "stand-ins").in_charge():
        refunding.carry_out(refund.id)
    sending_back.carry_out(asked(refund).id)
    return refund


def asked(refund: Refund) -> ProviderRefund:
    def read() -> ProviderRefund:
        found = paying_back.asked_of(refund.id)
        assert found is not None
        return payments.refund_by_id(found.id)

    return in_transaction(read)


def state_of(refund: Refund) -> RefundState:
    return in_transaction(lambda: db.session.get_one(Refund, refund.id, populate_existing=True)).state


def held(stage: Stage) -> dict[str, int]:
    """Give what lies at the provider, and what of it is kept for the payer, in cents."""
    clearing, escrow = (
        net(chart.clearing(stage.name), currency=stage.currency),
        net(chart.ESCROW, currency=stage.currency),
    )
    return {"clearing": -clearing, "escrow": escrow}


def test_is_found_out_without_a_webhook_held_and_given_again(
    app: Flask, waiting: Waiting, paid: Payment, stage: Stage
) -> None:
    refund = refunded(waiting, stage)
    assert asked(refund).state is ProviderRefundState.SUCCEEDED

    stage.at_the_control_page("fail", refund.reference)
    with clock.fixed(clock.now() + timedelta(days=1)):
        in_transaction(sending_back.sweep)
        assert len(online.work(asked(refund).id)) == 2  # to give it, and to look again
        online.carry_out_refunds()

    assert [found.reference for found in in_transaction(payments.failed_refunds)] == [refund.reference]
    assert state_of(refund) is RefundState.CAME_BACK
    assert held(stage) == {"clearing": 10_500, "escrow": 10_500}
    assert in_transaction(verification.verify_everything) == []

    failed = asked(refund)
    in_transaction(lambda: provider_refunds.try_again(failed.id, actor=make.actor()))
    sending_back.carry_out(failed.id)

    assert asked(refund).state is ProviderRefundState.SUCCEEDED
    assert in_transaction(payments.count_failed_refunds) == 0
    assert state_of(refund) is RefundState.DONE
    assert held(stage) == {"clearing": 0, "escrow": 0}
    assert in_transaction(verification.verify_everything) == []
