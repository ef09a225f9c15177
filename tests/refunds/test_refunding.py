"""A refund is carried out once: carrier asked, books mirrored, credit note issued."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.cards.models import Card
from portal.carriers.base import Retry
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow, TryLater
from portal.receipts import credit_note, credit_notes
from portal.refunds import refunding
from portal.refunds.models import CarrierAnswer, Refund, RefundDestination, RefundState
from portal.renewals import queries as renewals
from portal.renewals import verification
from portal.renewals.states import RenewalState
from tests.refunds.conftest import Office, refund_transfers, refusal


def verified() -> list[object]:
    return in_transaction(lambda: list(verification.verify_everything()))


def test_a_refund_in_full_mirrors_the_delivery_and_the_carrier_asks_no_money(office: Office) -> None:
    agent = office.counter.agent.id

    refund = office.refunded()

    assert refund.state is RefundState.DONE
    assert refund.carrier_answer is CarrierAnswer.TAKEN_BACK
    assert office.renewal().state is RenewalState.REFUNDED
    assert office.counter.wallet_minor() == 100_000
    assert refund_transfers(office.renewal_id) == [
        ("refund", "revenue", "escrow", 9_434),
        ("refund", "tax_payable", "escrow", 566),
        ("refund", f"commission_earned:{agent}", "escrow", 500),
        ("refund", f"commission_earned:{agent}", "commission_expense", 300),
        ("refund", "escrow", f"agent_wallet:{agent}", 10_500),
        ("take_back", "carrier_payable:sandbox-east", "carrier_cost", 6_120),
    ]
    assert verified() == []


def test_the_card_is_as_it_was_before_once_the_plan_was_taken_back(office: Office) -> None:
    office.refunded()

    card = db.session.get_one(Card, office.counter.card.id, populate_existing=True)
    assert (card.data_left_mb, card.data_total_mb, card.plan_version_id) == (614, 10240, None)


def test_the_loss_shows_when_the_carrier_keeps_its_money(office: Office) -> None:
    office.carrier.fails_with = refusal("plan_used")

    refund = office.refunded()

    assert (refund.carrier_answer, refund.carrier_reason) == (CarrierAnswer.KEPT, "plan_used")
    assert office.counter.wallet_minor() == 100_000
    assert "take_back" not in {kind for kind, *_ in refund_transfers(office.renewal_id)}
    assert verified() == []


def test_parts_sum_to_the_whole_and_the_last_one_empties_every_line(office: Office) -> None:
    first, second, third = office.refunded(3_333), office.refunded(3_333), office.refunded(3_834)

    assert [(refund.number, refund.share_minor) for refund in (first, second, third)] == [(1, 95), (2, 95), (3, 110)]
    assert [first.revenue_minor, first.tax_minor, first.fee_minor] == [2_994, 180, 159]
    assert office.renewal().state is RenewalState.REFUNDED
    assert office.counter.wallet_minor() == 100_000
    assert sum(amount for _, _, credit, amount in refund_transfers(office.renewal_id) if credit == "escrow") == 10_500
    assert verified() == []


def test_the_customer_keeps_the_plan_when_a_part_is_refunded(office: Office) -> None:
    refund = office.refunded(1_000)

    assert office.carrier.asked == 0
    assert refund.carrier_answer is CarrierAnswer.NOT_ASKED
    assert office.renewal().state is RenewalState.PARTLY_REFUNDED
    assert office.counter.wallet_minor() == 90_500
    assert verified() == []


def test_a_carrier_that_cannot_be_asked_is_asked_again(office: Office) -> None:
    office.carrier.fails_with = Retry("not_reached")
    refund = office.request()

    with pytest.raises(TryLater):
        refunding.carry_out(refund.id)
    assert office.renewal().state is RenewalState.REFUNDING
    assert office.counter.wallet_minor() == 89_500
    office.carrier.fails_with = None
    refunding.carry_out(refund.id)

    assert office.refund(refund.id).carrier_answer is CarrierAnswer.TAKEN_BACK
    assert office.counter.wallet_minor() == 100_000


def test_the_customer_does_not_wait_for_a_carrier_longer_than_a_day(office: Office) -> None:
    office.carrier.fails_with = Retry("not_reached")
    refund = office.request()

    with clock.fixed(clock.now() + timedelta(hours=25)):
        refunding.carry_out(refund.id)

    done = office.refund(refund.id)
    assert (done.state, done.carrier_answer, done.carrier_reason) == (
        RefundState.DONE,
        CarrierAnswer.KEPT,
        "not_reached",
    )


def test_carrying_out_twice_pays_back_once(office: Office) -> None:
    refund = office.refunded()

    refunding.carry_out(refund.id)

    assert office.counter.wallet_minor() == 100_000
    assert office.carrier.asked == 1
    assert len(credit_notes.of_renewal(office.renewal_id)) == 1


def test_asks_the_carrier_once_when_the_process_dies_after_its_answer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = office.request()
    with monkeypatch.context() as broken:
        broken.setattr(refunding, "finish", _die)
        with pytest.raises(RuntimeError):
            refunding.carry_out(refund.id)

    refunding.carry_out(refund.id)

    assert office.carrier.asked == 1
    assert office.refund(refund.id).state is RefundState.DONE
    assert verified() == []


def test_the_credit_note_names_the_receipt_and_what_was_paid_back(office: Office) -> None:
    office.refunded(3_000)
    refund = office.refunded(2_000)

    note = credit_notes.of_refund(refund.id)
    assert note is not None
    content = credit_note.from_canonical_json(note.content)
    assert content.receipt_number == "LEB-2026-0000001"
    assert content.refund_reference == refund.reference
    assert (content.lines.total_minor, content.lines.credited_before_minor, content.lines.paid_minor) == (
        2_000,
        3_000,
        10_500,
    )
    assert content.lines.base_minor + content.lines.fee_minor == 2_000
    assert (content.reason, content.paid_back_to) == ("not_working", "wallet")
    row = db.session.scalars(select(OutboxRow).where(OutboxRow.subject_id == note.id)).one()
    assert row.kind == "receipts.render_credit_note"


def test_every_step_is_written_down(office: Office) -> None:
    office.refunded(1_000)

    states = [event.state.value for event in renewals.events_of(office.renewal_id)]
    assert states[-3:] == ["delivered", "refunding", "partly_refunded"]


def test_a_refund_with_other_parts_than_were_posted_is_named(office: Office) -> None:
    refund = office.refunded(3_000)

    def alter() -> None:
        altered = db.session.get_one(Refund, refund.id)
        altered.share_minor = 1

    in_transaction(alter)

    assert [finding.what for finding in verified()] == ["a refund with other transfers than its row says"]


def test_into_the_wallet_on_demand(office: Office) -> None:
    refund = office.request(500, destination=RefundDestination.WALLET)

    refunding.carry_out(refund.id)

    assert office.counter.wallet_minor() == 90_000


def _die(*_: object) -> None:
    raise RuntimeError("killed")
