"""The verifier holds every dispute against the books, and finds one that was altered behind our back."""

import pytest

from portal.core.db import db
from portal.payments.models import PaymentPurpose
from portal.payments.providers.base import DisputeState
from portal.renewals import verification
from tests.ledger.books import tamper
from tests.refunds.conftest import Office
from tests.refunds.test_disputing import paid_online, told


def found() -> set[tuple[str, str]]:
    return {(one.what, one.where) for one in verification.verify_everything() if one.rule == "disputes"}


@pytest.fixture
def disputed(office: Office) -> Office:
    """CNY 105.00 of carol's payment are disputed, and 8.00 that alice earned on it are frozen."""
    paid_online(office)
    told(DisputeState.OPEN)
    return office


def id_of_the_dispute() -> str:
    return str(db.session.scalar(db.text("SELECT id FROM disputes")))


@pytest.mark.parametrize("ends", [(), (DisputeState.WON,), (DisputeState.LOST,)])
@pytest.mark.parametrize("purpose", [PaymentPurpose.RENEWAL, PaymentPurpose.TOP_UP])
def test_disputes_that_nobody_touched_are_right(
    office: Office, purpose: PaymentPurpose, ends: tuple[DisputeState, ...]
) -> None:
    paid_online(office, purpose=purpose)
    for state in (DisputeState.OPEN, *ends):
        told(state)

    assert found() == set()


def test_a_dispute_that_was_closed_by_hand_leaves_money_in_the_books(disputed: Office) -> None:
    tamper("UPDATE disputes SET state = 'won', decided_at = now()")

    assert found() == {
        ("the books hold 10500, open disputes 0", "account disputed:stripe CNY"),
        ("the books hold 800, open disputes 0", f"account frozen:{disputed.counter.agent.id} CNY"),
        ("an entry of a dispute is missing", f"dispute:{id_of_the_dispute()}:dispute_end"),
    }


def test_a_dispute_that_was_opened_again_by_hand_is_not_in_the_books(disputed: Office) -> None:
    told(DisputeState.WON)
    tamper("UPDATE disputes SET state = 'open', decided_at = NULL")

    assert found() == {
        ("the books hold 0, open disputes 10500", "account disputed:stripe CNY"),
        ("the books hold 0, open disputes 800", f"account frozen:{disputed.counter.agent.id} CNY"),
        ("an entry that no dispute calls for", f"dispute:{id_of_the_dispute()}:dispute_end"),
    }


@pytest.mark.parametrize("state", [DisputeState.WON, DisputeState.LOST])
@pytest.mark.parametrize("change", ["amount_minor = amount_minor - 1", "frozen_minor = 0"])
def test_a_decided_dispute_whose_amounts_were_altered_is_named(
    disputed: Office, state: DisputeState, change: str
) -> None:
    told(state)
    tamper(f"UPDATE disputes SET {change}")

    named = {where for what, where in found() if what == "an entry with other transfers than its dispute calls for"}
    assert f"dispute:{id_of_the_dispute()}:dispute" in named


def test_an_open_dispute_whose_frozen_part_was_altered_is_named(disputed: Office) -> None:
    tamper("UPDATE disputes SET frozen_minor = 500")

    assert found() == {
        ("the books hold 800, open disputes 500", f"account frozen:{disputed.counter.agent.id} CNY"),
        ("an entry with other transfers than its dispute calls for", f"dispute:{id_of_the_dispute()}:dispute"),
    }


def test_money_that_was_taken_out_of_a_frozen_account_is_missed(disputed: Office) -> None:
    frozen = f"(SELECT id FROM ledger_accounts WHERE name = 'frozen:{disputed.counter.agent.id}')"
    tamper(f"UPDATE ledger_transfers SET amount_minor = 1 WHERE credit_account_id = {frozen}")

    assert found() == {("the books hold 1, open disputes 800", f"account frozen:{disputed.counter.agent.id} CNY")}
