"""Differences are mended by entries that two people agree to, or explained; nothing is edited."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.audit import queries as audit
from portal.audit.queries import AuditFilter
from portal.core import clock
from portal.core.actor import WORKER
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput, NotAllowed
from portal.core.money import Money
from portal.ledger import chart
from portal.payments import settling
from portal.reconciliation import explaining, mending, queries
from portal.reconciliation.errors import DifferenceMoved, MendOverdraws, MendProposed, SameProposer
from portal.reconciliation.models import Difference, Explanation, Mend
from tests import make
from tests.payments import stage
from tests.reconciliation.conftest import NOW, House, balance, findings


@pytest.fixture
def fee(house: House) -> Difference:
    """CNY 20.00 that the provider took for nothing of ours."""
    house.booked("fee", -2_000)
    house.fetch()
    return house.difference()


def propose(house: House, difference: Difference, account: str = "provider_fees") -> Mend:
    return in_transaction(
        lambda: mending.propose(
            difference_id=difference.id, counter_account=account, note="monthly fee", actor=house.actor()
        )
    )


def approve(house: House, mend: Mend) -> Mend:
    return in_transaction(lambda: mending.approve(mend_id=mend.id, actor=house.actor(house.frank)))


def refuse(house: House, mend: Mend) -> Mend:
    return in_transaction(lambda: mending.refuse(mend_id=mend.id, actor=house.actor(house.frank)))


def test_an_entry_of_two_people_makes_it_good(house: House, fee: Difference) -> None:
    mend = propose(house, fee)
    assert balance("provider_fees") == 0

    approve(house, mend)

    assert house.differences() == [("fee_not_booked", "mended", 0)]
    assert house.account() == (-2_000, -2_000, 0)
    assert (balance("provider_fees"), balance("clearing")) == (2_000, -2_000)
    house.fetch()
    assert house.differences() == [("fee_not_booked", "mended", 0)]
    assert findings() == []


def test_money_that_is_too_much_is_mended_the_other_way(house: House) -> None:
    house.booked("other", 700)
    house.fetch()

    approve(house, propose(house, house.difference(), "write_off"))
    house.fetch()

    assert (balance("clearing"), balance("write_off")) == (700, -700)
    assert house.differences() == [("unknown_line", "mended", 0)]
    assert findings() == []


def test_who_proposed_does_not_approve(house: House, fee: Difference) -> None:
    mend = propose(house, fee)

    with pytest.raises(SameProposer):
        in_transaction(lambda: mending.approve(mend_id=mend.id, actor=house.actor()))
    assert balance("provider_fees") == 0


def test_the_database_refuses_one_pair_of_eyes(house: House, fee: Difference) -> None:
    mend = propose(house, fee)

    with pytest.raises(IntegrityError, match="ck_mends_four_eyes"):
        db.session.execute(
            text("UPDATE mends SET state = 'posted', decided_at = now(), decided_by = proposed_by WHERE id = :id"),
            {"id": mend.id},
        )
    db.session.rollback()


def test_one_entry_is_proposed_at_a_time(house: House, fee: Difference) -> None:
    mend = propose(house, fee)

    with pytest.raises(MendProposed):
        propose(house, fee)
    in_transaction(lambda: mending.refuse(mend_id=mend.id, actor=house.actor()))
    with pytest.raises(DifferenceMoved):
        approve(house, mend)
    propose(house, fee)


def test_refuses_what_says_something_else_by_now(house: House, fee: Difference) -> None:
    mend = propose(house, fee)
    house.stub.booked[:] = []
    house.booked("fee", -2_000)
    house.booked("fee", -3_000)
    in_transaction(lambda: db.session.get_one(Difference, fee.id).__setattr__("theirs_minor", -2_500))

    with pytest.raises(DifferenceMoved):
        approve(house, mend)
    assert balance("provider_fees") == 0


def test_refuses_what_was_booked_since_the_books_were_compared(house: House) -> None:
    payment = stage.top_up(house.agent)
    house.booked("payment", 100_000, reference=payment.reference)
    house.fetch()
    mend = propose(house, house.difference(), chart.agent_wallet(house.agent.id).name)

    with clock.fixed(NOW + timedelta(minutes=1)):
        house.stub.settle(payment.reference, payment.amount)
        settling.ask(payment.id)
        with pytest.raises(DifferenceMoved):
            approve(house, mend)
        house.fetch()

    assert stage.balance(house.agent) == 100_000
    assert house.differences() == [("missing_here", "gone", 0)]


def test_refuses_what_finance_is_to_decide_on_by_now(house: House) -> None:
    payment = stage.top_up(house.agent)
    house.booked("payment", 4_000, reference=payment.reference)
    house.fetch()
    mend = propose(house, house.difference(), "write_off")

    house.stub.settle(payment.reference, Money(4_000, "CNY"))
    settling.ask(payment.id)

    with pytest.raises(DifferenceMoved):
        approve(house, mend)
    in_transaction(lambda: mending.refuse(mend_id=mend.id, actor=house.actor()))
    with pytest.raises(InvalidInput):
        propose(house, house.difference(), "write_off")
    assert balance("write_off") == 0


def test_a_mend_may_go_against_the_agents_wallet_and_cannot_overdraw_it(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 4_000, fee=320, reference=payment.reference)
    house.fetch()
    wallet = chart.agent_wallet(house.agent.id).name
    mend = propose(house, house.difference(), wallet)
    in_transaction(lambda: make.spend(house.agent, 5_000))

    with pytest.raises(MendOverdraws):
        approve(house, mend)
    in_transaction(lambda: make.credit_limit(house.agent, 1_000))
    approve(house, mend)

    assert stage.balance(house.agent) == -1_000
    house.fetch()
    assert house.differences() == [("other_amount", "mended", 0)]
    assert findings() == []


def states(difference: Difference) -> list[tuple[str, str | None]]:
    return [
        (mend.state.value, mend.decided_by_name) for mend in in_transaction(lambda: queries.mends_of(difference.id))
    ]


def lapsed() -> list[str | None]:
    """Name the agent of each record of what lapsed."""
    records = in_transaction(lambda: audit.matching(AuditFilter(act="reconciliation.lapse_mend")).rows)
    return [record.actor_name for record in records]


def test_what_was_proposed_lapses_when_the_difference_closes_by_itself(house: House) -> None:
    payment = stage.top_up(house.agent, 10_000)
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.fetch()
    found = house.difference()
    mend = propose(house, found, "write_off")
    house.fetch()
    assert (states(found), lapsed()) == ([("proposed", None)], [])

    house.stub.settle(payment.reference, Money(10_000, "CNY"), fee=Money(320, "CNY"))
    settling.ask(payment.id)
    house.fetch()

    assert house.differences() == [("missing_here", "gone", 0)]
    assert (states(found), lapsed()) == ([("lapsed", "worker")], ["worker"])
    assert in_transaction(queries.proposed_count) == 0
    house.fetch()
    assert lapsed() == ["worker"]
    for decide in (lambda: approve(house, mend), lambda: refuse(house, mend)):
        with pytest.raises(DifferenceMoved):
            decide()
    assert balance("write_off") == 0


def test_what_was_proposed_lapses_when_the_sum_changes(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 9_999, fee=320, reference=payment.reference)
    house.fetch()
    propose(house, house.difference(), "write_off")
    house.booked("payment", -5_000, reference=payment.reference)

    house.fetch()

    assert house.differences() == [("other_amount", "open", -5_001)]
    assert states(house.difference()) == [("lapsed", "worker")]
    with clock.fixed(NOW + timedelta(minutes=1)):
        propose(house, house.difference(), "write_off")
    assert states(house.difference()) == [("lapsed", "worker"), ("proposed", None)]


def test_what_was_proposed_for_a_payment_that_came_to_be_held_lapses(house: House) -> None:
    payment = stage.top_up(house.agent)
    house.booked("payment", 4_000, reference=payment.reference)
    house.fetch()
    propose(house, house.difference(), "write_off")
    house.stub.settle(payment.reference, Money(4_000, "CNY"))
    settling.ask(payment.id)

    house.fetch()

    assert house.differences() == [("held_payment", "open", 4_000)]
    assert states(house.difference()) == [("lapsed", "worker")]


def test_what_closed_before_anything_could_lapse_lapses_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = stage.top_up(house.agent, 10_000)
    house.booked("payment", 10_000, reference=payment.reference)
    house.fetch()
    found = house.difference()
    propose(house, found, "write_off")
    house.stub.settle(payment.reference, Money(10_000, "CNY"))
    settling.ask(payment.id)
    with monkeypatch.context() as before:
        before.setattr(mending, "lapse", lambda _source: None)
        house.fetch()
    assert (house.difference().state.value, states(found)) == ("gone", [("proposed", None)])

    house.fetch()

    assert states(found) == [("lapsed", "worker")]


@pytest.mark.parametrize("account", ["revenue", "escrow", "agent_wallet:somebody", "", "clearing:stripe"])
def test_refuses_an_account_that_was_not_offered(house: House, fee: Difference, account: str) -> None:
    with pytest.raises(InvalidInput):
        propose(house, fee, account)


def test_only_people_propose_and_agree(house: House, fee: Difference) -> None:
    with pytest.raises(NotAllowed):
        in_transaction(
            lambda: mending.propose(difference_id=fee.id, counter_account="provider_fees", note="x", actor=WORKER)
        )
    mend = propose(house, fee)
    with pytest.raises(NotAllowed):
        in_transaction(lambda: mending.approve(mend_id=mend.id, actor=WORKER))


def test_what_is_explained_opens_again_when_somebody_says_so(house: House, fee: Difference) -> None:
    def explain(note: str, why: Explanation = Explanation.TIMING) -> Difference:
        return in_transaction(
            lambda: explaining.explain(difference_id=fee.id, explanation=why, note=note, actor=house.actor())
        )

    for note in ("", " \n", "x" * 501):
        with pytest.raises(InvalidInput):
            explain(note)
    explain("comes back tomorrow")
    assert house.differences() == [("fee_not_booked", "explained", -2_000)]

    in_transaction(lambda: explaining.reopen(difference_id=fee.id, actor=house.actor()))
    assert house.differences() == [("fee_not_booked", "open", -2_000)]
    with pytest.raises(DifferenceMoved):
        in_transaction(lambda: explaining.reopen(difference_id=fee.id, actor=house.actor()))
    with clock.fixed(NOW + timedelta(days=8)), pytest.raises(InvalidInput):
        explain("comes back tomorrow")


def test_nothing_is_said_of_what_is_settled(house: House, fee: Difference) -> None:
    approve(house, propose(house, fee))

    with pytest.raises(DifferenceMoved):
        in_transaction(
            lambda: explaining.explain(
                difference_id=fee.id, explanation=Explanation.ACCEPTED, note="x", actor=house.actor()
            )
        )
    with pytest.raises(DifferenceMoved):
        propose(house, fee)


def test_a_fetched_line_never_changes(house: House, fee: Difference) -> None:
    for statement in ("UPDATE report_lines SET gross_minor = 0", "DELETE FROM report_lines"):
        with pytest.raises(DBAPIError, match="append-only"):
            db.session.execute(text(statement))
        db.session.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mends SET gap_minor = -1999",
        "UPDATE mends SET state = 'refused'",
        "UPDATE mends SET counter_account = 'write_off'",
    ],
)
def test_the_verifier_names_a_mend_that_was_altered(house: House, fee: Difference, statement: str) -> None:
    approve(house, propose(house, fee))
    in_transaction(lambda: db.session.execute(text(statement)))

    assert len(findings()) == 1


def test_the_verifier_names_a_fee_that_was_not_booked(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.fetch()
    in_transaction(lambda: db.session.execute(text("UPDATE report_lines SET fee_booked_at = NULL")))

    assert findings() == ["an entry that nothing calls for"]
