"""Money that came through a payment provider goes back through it; what it will not give is shown and tried again."""

import pytest

from portal.core import settings
from portal.core.db import db, in_transaction
from portal.core.errors import Conflict
from portal.core.outbox import TryLater
from portal.payments import refunding as provider_refunds
from portal.payments import registry, sending_back
from portal.payments.providers.base import Declined
from portal.payments.providers.base import RefundState as ProviderState
from portal.receipts import credit_note, credit_notes
from portal.refunds import ending, paying_back, refunding
from portal.refunds.errors import OwnRefund, RefundDecided
from portal.refunds.models import Refund, RefundState
from portal.renewals.models import Renewal
from portal.renewals.states import RenewalState
from tests.payments.stub import StubProvider
from tests.refunds.conftest import Office, refund_transfers
from tests.refunds.test_disputing import paid_online


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> StubProvider:
    made = StubProvider()
    monkeypatch.setattr(registry, "get", lambda _name: made)
    return made


@pytest.fixture
def online(office: Office, stripe: StubProvider) -> Office:
    """Carol paid by card through Stripe."""
    paid_online(office)

    def came_from_stripe() -> None:
        db.session.get_one(Renewal, office.renewal_id).source = "clearing:stripe"

    in_transaction(came_from_stripe)
    return office


def carried_out(office: Office, amount_minor: int = 10_500) -> Refund:
    refund = office.request(amount_minor)
    refunding.carry_out(refund.id)
    return refund


def ask_provider(refund: Refund) -> None:
    asked = paying_back.asked_of(refund.id)
    assert asked is not None
    sending_back.carry_out(asked.id)


def test_the_books_move_when_the_provider_says_that_it_succeeded(online: Office, stripe: StubProvider) -> None:
    refund = carried_out(online)
    assert online.refund(refund.id).state is RefundState.PAYING_BACK
    assert refund_transfers(online.renewal_id) == []

    ask_provider(refund)

    assert online.refund(refund.id).state is RefundState.DONE
    assert online.renewal().state is RenewalState.REFUNDED
    assert ("refund", "escrow", "clearing:stripe", 10_500) in refund_transfers(online.renewal_id)
    assert online.counter.wallet_minor() == 89_500
    note = credit_notes.of_refund(refund.id)
    assert note is not None
    assert credit_note.from_canonical_json(note.content).paid_back_to == "card"


def test_a_pending_one_is_asked_about_again(online: Office, stripe: StubProvider) -> None:
    stripe.refund_state = ProviderState.PENDING
    refund = carried_out(online)

    with pytest.raises(TryLater):
        ask_provider(refund)

    assert online.refund(refund.id).state is RefundState.PAYING_BACK
    assert online.renewal().state is RenewalState.REFUNDING
    assert credit_notes.of_refund(refund.id) is None


def failed(online: Office, stripe: StubProvider) -> Refund:
    stripe.failure = Declined("insufficient_funds", "The balance is too low.")
    refund = carried_out(online)
    ask_provider(refund)
    stripe.failure = None
    return refund


def test_a_failed_one_is_shown_and_the_books_have_not_moved(online: Office, stripe: StubProvider) -> None:
    refund = failed(online, stripe)

    shown = online.refund(refund.id)
    assert (shown.state, shown.failure_code) == (RefundState.FAILED, "insufficient_funds")
    assert refund_transfers(online.renewal_id) == []


def test_a_failed_one_is_tried_again_on_demand(online: Office, stripe: StubProvider) -> None:
    refund = failed(online, stripe)

    in_transaction(lambda: ending.try_again(refund.id, actor=online.fiona))
    ask_provider(refund)

    assert online.refund(refund.id).state is RefundState.DONE


def test_a_failed_one_goes_into_the_wallet_on_demand(online: Office, stripe: StubProvider) -> None:
    refund = failed(online, stripe)

    in_transaction(lambda: ending.into_wallet(refund.id, actor=online.fiona))

    assert online.refund(refund.id).state is RefundState.DONE
    assert online.counter.wallet_minor() == 100_000
    with pytest.raises(RefundDecided):
        in_transaction(lambda: ending.into_wallet(refund.id, actor=online.fiona))


def test_above_the_limit_who_asked_for_it_does_not_send_it_elsewhere_alone(
    online: Office, stripe: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = failed(online, stripe)
    monkeypatch.setattr(settings.current(), "refund_approval_above", 100)

    with pytest.raises(OwnRefund):
        in_transaction(lambda: ending.into_wallet(refund.id, actor=online.fiona))
    assert online.counter.wallet_minor() == 89_500
    in_transaction(lambda: ending.into_wallet(refund.id, actor=online.dana))

    assert online.counter.wallet_minor() == 100_000


def test_what_is_on_its_way_again_does_not_go_into_the_wallet_too(online: Office, stripe: StubProvider) -> None:
    refund = failed(online, stripe)
    asked = paying_back.asked_of(refund.id)
    assert asked is not None
    in_transaction(lambda: provider_refunds.try_again(asked.id, actor=online.fiona))

    with pytest.raises(RefundDecided):
        in_transaction(lambda: ending.into_wallet(refund.id, actor=online.fiona))

    ask_provider(refund)
    assert online.refund(refund.id).state is RefundState.DONE
    assert online.counter.wallet_minor() == 89_500


def test_what_went_into_the_wallet_is_not_asked_of_the_provider_again(online: Office, stripe: StubProvider) -> None:
    refund = failed(online, stripe)
    asked = paying_back.asked_of(refund.id)
    assert asked is not None
    in_transaction(lambda: ending.into_wallet(refund.id, actor=online.fiona))

    with pytest.raises(Conflict):
        in_transaction(lambda: provider_refunds.try_again(asked.id, actor=online.fiona))
