"""Answers that the stand-in does not give, read strictly."""

from typing import Any

import pytest

from portal.core.money import Money
from portal.payments.providers.base import DisputeState, PaymentState, RefundState
from portal.payments.providers.reading import Unreadable
from portal.payments.providers.stripe import answers


def session(page: str, **intent: Any) -> dict[str, Any]:
    whole = {"id": "pi_1", "status": "succeeded", "amount_received": 1_000, "currency": "usd"} | intent
    return {"id": "cs_1", "status": page, "payment_intent": whole}


@pytest.mark.parametrize(
    ("status", "intent", "state"),
    [
        ("complete", "processing", PaymentState.PENDING),
        ("complete", "requires_payment_method", PaymentState.DECLINED),
        ("open", "requires_payment_method", PaymentState.PENDING),
        ("open", "requires_action", PaymentState.PENDING),
        ("expired", "requires_payment_method", PaymentState.EXPIRED),
        ("complete", "canceled", PaymentState.EXPIRED),
        # A payment that went through in the very moment of the expiry is paid all the same.
        ("expired", "succeeded", PaymentState.SETTLED),
    ],
)
def test_the_payment_intent_decides_over_the_page(status: str, intent: str, state: PaymentState) -> None:
    assert answers.session_standing(session(status, status=intent)).state is state


def test_knows_no_fee_before_it_is_booked() -> None:
    charge = {
        "id": "ch_1",
        "created": 1_795_000_000,
        "balance_transaction": None,
        "amount_refunded": 0,
        "currency": "usd",
    }

    standing = answers.session_standing(session("complete", latest_charge=charge))

    assert (standing.amount, standing.fee) == (Money(1_000, "USD"), None)


def test_tells_the_fee_in_the_currency_it_was_taken_in() -> None:
    booked = {"fee": 2_410, "currency": "hkd", "created": 1_795_000_000}
    charge = {"id": "ch_1", "created": 1, "balance_transaction": booked, "amount_refunded": 0, "currency": "usd"}

    assert answers.session_standing(session("complete", latest_charge=charge)).fee == Money(2_410, "HKD")


@pytest.mark.parametrize(
    "change", [{"amount_received": "1000"}, {"amount_received": 10.5}, {"currency": None}, {"status": 1}, {"id": ""}]
)
def test_guesses_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        answers.session_standing(session("complete", **change))


@pytest.mark.parametrize(
    ("status", "state"),
    [("requires_action", RefundState.PENDING), ("canceled", RefundState.FAILED), ("failed", RefundState.FAILED)],
)
def test_reads_what_became_of_a_refund(status: str, state: RefundState) -> None:
    refund = {"id": "re_1", "status": status, "amount": 5, "currency": "jpy"}

    assert answers.refund_standing(refund).state is state
    with pytest.raises(Unreadable):
        answers.refund_standing(refund | {"status": "astonished"})


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("under_review", DisputeState.OPEN),
        ("warning_needs_response", DisputeState.OPEN),
        ("warning_closed", DisputeState.WON),
        ("lost", DisputeState.LOST),
    ],
)
def test_reads_what_became_of_a_dispute(status: str, state: DisputeState) -> None:
    dispute = {"id": "dp_1", "status": status, "charge": "ch_1", "amount": 5, "currency": "usd"}

    standing = answers.dispute_standing(dispute)

    assert (standing.state, standing.fee, standing.payment_id) == (state, None, "ch_1")
