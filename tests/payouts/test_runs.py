from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput
from portal.core.mail import Mail
from portal.core.money import Money
from portal.ledger import chart
from portal.ledger import queries as ledger
from portal.payouts import paying, queries, running
from portal.payouts.errors import NothingChosen, PayoutMoved, SameEyes
from portal.payouts.models import Payout, PayoutRunState, PayoutState
from portal.renewals import verification
from tests import make
from tests.payouts.conftest import book

PAID_ON = date(2026, 11, 22)


def prepared(earner, *payouts):
    return in_transaction(
        lambda: running.prepare(currency="CNY", payout_ids=[one.id for one in payouts], actor=make.actor(earner.fiona))
    )


def approved(earner, *payouts):
    run = prepared(earner, *payouts)
    return in_transaction(lambda: running.approve(run_id=run.id, actor=make.actor(earner.frank)))


def pay(earner, payout):
    run_id = db.session.get(Payout, payout.id, populate_existing=True).run_id
    return in_transaction(
        lambda: paying.mark_run_paid(
            run_id=run_id, bank_reference="icbc 4711", paid_on=PAID_ON, actor=make.actor(earner.fiona)
        )
    )


def state(payout):
    return db.session.get(Payout, payout.id, populate_existing=True).state


def bank(currency="CNY"):
    (account,) = [one for one in ledger.accounts(ledger.AccountFilter(kind="bank")).rows if one.currency == currency]
    return account.balance_minor


def test_a_payout_goes_through_four_eyes_to_the_bank(earner):
    earner.earn(times=2)
    before = bank()

    asked = earner.request(1500)
    run = approved(earner, asked)
    assert state(asked) is PayoutState.APPROVED
    pay(earner, asked)

    assert state(asked) is PayoutState.PAID
    assert queries.run(run.id).state is PayoutRunState.DONE
    assert before - bank() == 1500
    assert (earner.earned().balance.minor, earner.earned().payable.minor) == (100, 100)
    assert in_transaction(verification.verify_everything) == []


def test_whoever_prepared_a_run_cannot_approve_it(earner):
    earner.earn()
    run = prepared(earner, earner.request(800))

    with pytest.raises(SameEyes):
        running.approve(run_id=run.id, actor=make.actor(earner.fiona))


def test_the_database_itself_refuses_one_pair_of_eyes(earner):
    earner.earn()
    run = prepared(earner, earner.request(800))

    with pytest.raises(IntegrityError, match="four_eyes"):
        db.session.execute(text("UPDATE payout_runs SET approved_by = prepared_by WHERE id = :id"), {"id": run.id})


def test_a_payout_is_paid_once(earner):
    earner.earn()
    asked = earner.request(800)
    approved(earner, asked)
    pay(earner, asked)

    with pytest.raises(PayoutMoved):
        pay(earner, asked)


def test_nothing_is_paid_before_it_is_approved(earner):
    earner.earn()
    asked = earner.request(800)
    prepared(earner, asked)

    with pytest.raises(PayoutMoved):
        pay(earner, asked)


def test_a_payout_stands_in_one_run_only(earner):
    earner.earn()
    asked = earner.request(800)
    prepared(earner, asked)

    with pytest.raises(PayoutMoved):
        prepared(earner, asked)


def test_an_empty_run_is_refused(earner):
    with pytest.raises(NothingChosen):
        prepared(earner)


def test_a_discarded_run_gives_its_payouts_back(earner):
    earner.earn()
    asked = earner.request(800)
    run = prepared(earner, asked)

    in_transaction(lambda: running.discard(run_id=run.id, actor=make.actor(earner.fiona)))

    assert state(asked) is PayoutState.REQUESTED
    with pytest.raises(PayoutMoved):
        running.approve(run_id=run.id, actor=make.actor(earner.frank))


def test_approval_refuses_what_refunds_have_eaten_up(earner):
    first, _second = earner.earn(times=2)
    asked = earner.request(1600)
    run = prepared(earner, asked)
    earner.refund(first)

    in_transaction(lambda: running.approve(run_id=run.id, actor=make.actor(earner.frank)))

    assert state(asked) is PayoutState.REFUSED
    assert queries.run(run.id).state is PayoutRunState.DONE
    assert earner.earned().payable.minor == 800


def test_the_whole_run_is_paid_with_one_reference(earner):
    earner.earn(times=3)
    asked = [earner.request(800), earner.request(900)]
    run = approved(earner, *asked)

    count = in_transaction(
        lambda: paying.mark_run_paid(
            run_id=run.id, bank_reference="ICBC 4711", paid_on=PAID_ON, actor=make.actor(earner.frank)
        )
    )

    assert count == 2
    assert [db.session.get(Payout, one.id).bank_reference for one in asked] == ["ICBC 4711", "ICBC 4711"]
    assert earner.earned().balance.minor == 700


def test_what_the_bank_refused_is_payable_again(earner):
    earner.earn()
    asked = earner.request(800)
    approved(earner, asked)

    in_transaction(lambda: paying.refuse(payout_id=asked.id, why="account closed", actor=make.actor(earner.fiona)))

    assert state(asked) is PayoutState.REFUSED
    assert earner.earned().payable.minor == 800


def test_what_the_bank_sent_back_is_owed_again_once(earner):
    earner.earn()
    asked = earner.request(800)
    approved(earner, asked)
    pay(earner, asked)
    before = bank()

    def send_back():
        paying.record_return(payout_id=asked.id, why="account closed", actor=make.actor(earner.fiona))

    in_transaction(send_back)
    with pytest.raises(PayoutMoved):
        in_transaction(send_back)

    assert bank() - before == 800
    assert earner.earned().payable.minor == 800
    assert in_transaction(verification.verify_everything) == []


def test_a_reason_is_asked_for(earner):
    earner.earn()
    asked = earner.request(800)

    with pytest.raises(InvalidInput):
        paying.refuse(payout_id=asked.id, why="  ", actor=make.actor(earner.fiona))


def test_two_requests_of_one_agent_are_covered_by_its_money_once(earner):
    earner.earn(times=2)
    asked = [earner.request(800), earner.request(800)]
    run = prepared(earner, *asked)
    book("correction", chart.commission_earned(earner.agent.id), chart.COMMISSION_EXPENSE, 100)

    in_transaction(lambda: running.approve(run_id=run.id, actor=make.actor(earner.frank)))

    assert sorted(state(one).value for one in asked) == ["approved", "refused"]
    assert earner.earned().payable == Money(700, "CNY")


def test_the_agent_is_told_when_its_payout_was_paid(earner):
    earner.earn(times=2)
    asked = earner.request(1500)
    approved(earner, asked)

    pay(earner, asked)

    (told,) = db.session.scalars(select(Mail).where(Mail.kind == "payout_paid"))
    assert told.recipient == "alice@global-link.example"
    assert asked.reference in told.subject
    assert "ICBC 4711" in told.text
    assert "3334" in told.text
    assert "https://portal.example/agent/payouts/" in told.text
