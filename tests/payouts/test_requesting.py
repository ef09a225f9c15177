import pytest

from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput, NotFound
from portal.core.money import Money
from portal.payouts import bank_account, banking, requesting
from portal.payouts.errors import BankAccountMissing, BelowMinimum, NotPayable, PayoutMoved
from portal.payouts.models import AgentBankAccount, Payout, PayoutState
from portal.renewals import verification
from portal.wallets import queries as wallets
from tests import make


def wallet(earner) -> int:
    return wallets.in_currency(earner.agent.id, "CNY").balance.minor


def test_moves_commission_into_the_wallet_at_once(earner):
    earner.earn(times=2)
    before = wallet(earner)

    moved = earner.move(1000)

    assert moved.state is PayoutState.PAID
    assert wallet(earner) - before == 1000
    assert earner.earned().balance.minor == 600
    assert in_transaction(verification.verify_everything) == []


def test_moves_no_more_than_is_payable(earner):
    earner.earn()
    earner.request(300)

    with pytest.raises(NotPayable) as refused:
        earner.move(501)

    assert refused.value.parts["payable"] == Money(500, "CNY")


def test_moving_twice_with_one_key_moves_once(earner):
    earner.earn()
    before = wallet(earner)

    first = earner.move(400, key="k")
    again = earner.move(400, key="k")

    assert again.id == first.id
    assert wallet(earner) - before == 400


def test_a_key_of_the_other_act_is_refused(earner):
    earner.earn()
    earner.request(400, key="k")

    with pytest.raises(PayoutMoved):
        earner.move(400, key="k")


def test_a_request_keeps_the_account_it_was_asked_for(earner):
    earner.earn()

    asked = earner.request(800)

    in_transaction(
        lambda: banking.keep(
            agent_id=earner.agent.id,
            currency="CNY",
            account=bank_account.read(holder="Mallory", bank="Elsewhere", number="99999999", bic=""),
            actor=make.actor(earner.alice),
        )
    )
    kept = db.session.get_one(Payout, asked.id)
    assert bank_account.opened(kept.bank_account).number == "6222021001112223334"
    assert kept.bank_label == "ICBC •••• 3334"


def test_the_account_is_not_readable_in_the_database(earner):
    kept = db.session.get_one(AgentBankAccount, (earner.agent.id, "CNY"))

    assert b"6222021001112223334" not in bytes(kept.bank_account)


def test_refuses_less_than_the_minimum_but_moves_it_to_the_wallet(earner):
    in_transaction(
        lambda: banking.set_conditions(minimum=Money(1000, "CNY"), account=None, actor=make.actor(earner.fiona))
    )
    earner.earn()

    with pytest.raises(BelowMinimum):
        earner.request(800)
    earner.move(800)

    assert earner.earned().balance.minor == 0


def test_refuses_without_a_bank_account(earner):
    earner.earn()
    db.session.delete(db.session.get_one(AgentBankAccount, (earner.agent.id, "CNY")))
    db.session.flush()

    with pytest.raises(BankAccountMissing):
        earner.request(800)


@pytest.mark.parametrize("minor", [0, -1])
def test_refuses_what_is_not_positive(earner, minor):
    with pytest.raises(InvalidInput):
        earner.request(minor)


def test_a_request_can_be_taken_back_until_finance_begins(earner):
    earner.earn()
    asked = earner.request(800)

    in_transaction(
        lambda: requesting.cancel(agent_id=earner.agent.id, payout_id=asked.id, actor=make.actor(earner.alice))
    )

    assert earner.earned().payable.minor == 800
    with pytest.raises(PayoutMoved):
        requesting.cancel(agent_id=earner.agent.id, payout_id=asked.id, actor=make.actor(earner.alice))


def test_another_agents_request_looks_like_none(earner):
    earner.earn()
    asked = earner.request(800)
    rival = make.agent(name_en="Pacific Roam")

    with pytest.raises(NotFound):
        requesting.cancel(agent_id=rival.id, payout_id=asked.id, actor=make.actor())
