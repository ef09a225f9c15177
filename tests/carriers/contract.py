"""What the portal relies on with every carrier; each connector passes it against a server that misbehaves."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any, Protocol

import pytest

from portal.carriers.base import CardStatus, Carrier, Outcome, Refused, Retry, UnknownOutcome
from portal.core import clock, ids


class Stage(Protocol):
    """The other side of the connector, made to misbehave."""

    plan_code: str
    """A plan of 30 days and limited data that the carrier sells."""

    def new_card(self) -> str:
        """Give the ICCID of an active card with limited data."""

    def suspend(self, iccid: str) -> None: ...

    def misbehave(self, how: str, iccid: str) -> None:
        """Make the next submission for the card go wrong.

        `late`, `dropped`, `failed_after`, `error_page`, `other_plan`: carried out all the same.
        `failed_before`, `closed`, `down`, `busy`: not carried out.
        """

    def go_silent(self) -> None:
        """Be down for everything from now on, questions included."""

    def carried_out(self, iccid: str) -> int:
        """Count the renewals really carried out for a card."""


class CarrierContract:
    """Subclass it, and give the fixtures `carrier` (patience at most 1 s) and `stage`."""

    @pytest.fixture
    def new_reference(self) -> Callable[[], str]:
        return lambda: ids.reference("R")

    def submit(self, carrier: Carrier, stage: Stage, reference: str, iccid: str) -> Any:
        return carrier.submit_renewal(reference=reference, iccid=iccid, plan_code=stage.plan_code)

    def test_sells_plans_with_whole_data_and_days(self, carrier: Carrier, stage: Stage) -> None:
        plans = {plan.code: plan for plan in carrier.plans()}

        assert plans[stage.plan_code].validity_days == 30
        assert all(plan.data_mb is None or plan.data_mb > 0 for plan in plans.values())

    def test_shows_a_card_with_its_validity_in_utc(self, carrier: Carrier, stage: Stage) -> None:
        state = carrier.card_state(stage.new_card())

        assert state.status is CardStatus.ACTIVE
        assert state.valid_until is not None
        assert state.valid_until.tzinfo is UTC
        assert state.data_total_mb is not None
        assert state.raw

    def test_renews_a_card_and_tells_its_state_before_and_after(
        self, carrier: Carrier, stage: Stage, new_reference
    ) -> None:
        iccid = stage.new_card()
        shown = carrier.card_state(iccid)
        reference = new_reference()

        confirmation = self.submit(carrier, stage, reference, iccid)

        assert confirmation.number
        assert confirmation.is_for(iccid=iccid, plan_code=stage.plan_code)
        assert confirmation.before.valid_until == shown.valid_until
        assert confirmation.after.valid_until == shown.valid_until + timedelta(days=30)
        assert confirmation.after.data_left_mb > shown.data_left_mb
        assert carrier.card_state(iccid).valid_until == confirmation.after.valid_until
        assert carrier.renewal_by_reference(reference).number == confirmation.number

    def test_is_sure_of_a_reference_it_never_received(self, carrier: Carrier, new_reference) -> None:
        assert carrier.renewal_by_reference(new_reference()) is None

    def test_carries_a_reference_out_once_however_often_it_is_sent(
        self, carrier: Carrier, stage: Stage, new_reference
    ) -> None:
        iccid, reference = stage.new_card(), new_reference()

        first = self.submit(carrier, stage, reference, iccid)
        second = self.submit(carrier, stage, reference, iccid)

        assert second.number == first.number
        assert stage.carried_out(iccid) == 1

    def test_never_takes_one_reference_for_two_cards(self, carrier: Carrier, stage: Stage, new_reference) -> None:
        reference, other_iccid = new_reference(), stage.new_card()
        self.submit(carrier, stage, reference, stage.new_card())

        with pytest.raises(UnknownOutcome):
            self.submit(carrier, stage, reference, other_iccid)

        assert stage.carried_out(other_iccid) == 0

    def test_refuses_a_suspended_card_for_good(self, carrier: Carrier, stage: Stage, new_reference) -> None:
        iccid, reference = stage.new_card(), new_reference()
        stage.suspend(iccid)

        with pytest.raises(Refused) as refusal:
            self.submit(carrier, stage, reference, iccid)
        with pytest.raises(Refused) as looked_up:
            carrier.renewal_by_reference(reference)

        assert refusal.value.outcome is Outcome.REFUSED
        assert refusal.value.reason_code == looked_up.value.reason_code == "card_suspended"
        assert refusal.value.message
        assert refusal.value.raw
        assert stage.carried_out(iccid) == 0

    @pytest.mark.parametrize("how", ["late", "dropped", "failed_after", "error_page", "other_plan"])
    def test_knows_nothing_of_a_spoilt_answer_until_it_looks_up(
        self, carrier: Carrier, stage: Stage, new_reference, how: str
    ) -> None:
        iccid, reference = stage.new_card(), new_reference()
        stage.misbehave(how, iccid)

        with pytest.raises(UnknownOutcome) as unknown:
            self.submit(carrier, stage, reference, iccid)
        found = carrier.renewal_by_reference(reference)

        assert unknown.value.reason_code
        assert found is not None
        assert found.is_for(iccid=iccid, plan_code=stage.plan_code)
        assert stage.carried_out(iccid) == 1

    @pytest.mark.parametrize("how", ["failed_before", "closed"])
    def test_knows_nothing_when_it_broke_before_anything_was_done_either(
        self, carrier: Carrier, stage: Stage, new_reference, how: str
    ) -> None:
        iccid, reference = stage.new_card(), new_reference()
        stage.misbehave(how, iccid)

        with pytest.raises(UnknownOutcome):
            self.submit(carrier, stage, reference, iccid)

        assert carrier.renewal_by_reference(reference) is None
        assert stage.carried_out(iccid) == 0

    @pytest.mark.parametrize("how", ["down", "busy"])
    def test_says_retry_when_nothing_was_taken(self, carrier: Carrier, stage: Stage, new_reference, how: str) -> None:
        iccid, reference = stage.new_card(), new_reference()
        stage.misbehave(how, iccid)

        with pytest.raises(Retry):
            self.submit(carrier, stage, reference, iccid)

        assert stage.carried_out(iccid) == 0
        assert self.submit(carrier, stage, reference, iccid).number

    def test_takes_a_renewal_back_once_however_often_it_is_asked(
        self, carrier: Carrier, stage: Stage, new_reference
    ) -> None:
        iccid, reference = stage.new_card(), new_reference()
        before = self.submit(carrier, stage, reference, iccid).before

        first, second = carrier.take_back(reference), carrier.take_back(reference)

        assert first.number == second.number
        assert first.reference == reference
        assert (first.card.data_left_mb, first.card.valid_until) == (before.data_left_mb, before.valid_until)
        assert carrier.card_state(iccid).valid_until == before.valid_until

    def test_keeps_its_money_for_what_was_renewed_since_or_never_delivered(
        self, carrier: Carrier, stage: Stage, new_reference
    ) -> None:
        iccid, reference = stage.new_card(), new_reference()
        self.submit(carrier, stage, reference, iccid)
        self.submit(carrier, stage, new_reference(), iccid)

        for kept in (reference, new_reference()):
            with pytest.raises(Refused) as refusal:
                carrier.take_back(kept)
            assert refusal.value.reason_code

    def test_asks_for_what_it_carried_out_and_no_more_for_what_it_took_back(
        self, carrier: Carrier, stage: Stage, new_reference
    ) -> None:
        sold, returned = new_reference(), new_reference()
        self.submit(carrier, stage, sold, stage.new_card())
        self.submit(carrier, stage, returned, stage.new_card())
        carrier.take_back(returned)
        now = clock.now()

        lines = carrier.costs(since=now - timedelta(hours=1), until=now + timedelta(hours=1))

        assert [line.amount.minor > 0 for line in lines if line.reference == sold] == [True]
        assert sum(line.amount.minor for line in lines if line.reference == returned) == 0
        assert len({line.line_id for line in lines}) == len(lines)
        assert all(line.booked_at.tzinfo is UTC for line in lines)
        assert carrier.costs(since=now - timedelta(hours=1), until=now + timedelta(hours=1)) == lines
        assert carrier.costs(since=now - timedelta(days=9), until=now - timedelta(days=8)) == []

    def test_learns_nothing_of_taking_back_from_a_carrier_that_is_silent(
        self, carrier: Carrier, stage: Stage, new_reference
    ) -> None:
        reference = new_reference()
        self.submit(carrier, stage, reference, stage.new_card())
        stage.go_silent()

        with pytest.raises(Retry):
            carrier.take_back(reference)

    def test_learns_nothing_from_a_carrier_that_cannot_be_asked(
        self, carrier: Carrier, stage: Stage, new_reference
    ) -> None:
        iccid, reference = stage.new_card(), new_reference()
        self.submit(carrier, stage, reference, iccid)
        stage.go_silent()

        for ask in (
            lambda: carrier.renewal_by_reference(reference),
            lambda: carrier.card_state(iccid),
            carrier.plans,
            lambda: carrier.costs(since=clock.now() - timedelta(hours=1), until=clock.now()),
        ):
            with pytest.raises(Retry):
                ask()
