"""An agent places a renewal from the wallet."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.agents.errors import AgentMayNotSell
from portal.agents.models import AgentStatus
from portal.audit.models import AuditRecord
from portal.cards.models import CardState
from portal.core import clock
from portal.core.db import db, transaction
from portal.core.errors import NotFound
from portal.core.outbox import OutboxRow
from portal.ledger.errors import NotCovered
from portal.ledger.models import Transfer
from portal.renewals import placing
from portal.renewals.errors import CardNotRenewable, KeyReused, PlanNotForCard, QuoteChanged
from portal.renewals.models import Renewal, RenewalEvent
from portal.renewals.states import RenewalState
from tests import make
from tests.renewals.conftest import Counter


def test_takes_the_total_from_the_wallet_into_escrow(counter: Counter) -> None:
    placed = counter.order()

    assert counter.wallet_minor() == 100_000 - 10_500
    (hold,) = db.session.scalars(select(Transfer).where(Transfer.subject_id == placed.id)).all()
    assert (hold.kind, hold.amount_minor, hold.debit_balance_minor) == ("hold", 10_500, 89_500)


def test_keeps_every_line_of_the_quote(counter: Counter) -> None:
    placed = counter.order()

    renewal = db.session.get_one(Renewal, placed.id)
    assert renewal.state is RenewalState.PAID
    assert (renewal.price_minor, renewal.discount_minor, renewal.base_minor) == (10_000, 0, 10_000)
    assert (renewal.tax_minor, renewal.fee_minor, renewal.share_minor) == (566, 500, 300)
    assert (renewal.total_minor, renewal.cost_minor, renewal.currency) == (10_500, 6_120, "CNY")
    assert renewal.placed_by_name == "Alice"


def test_writes_the_event_the_audit_record_and_the_work_that_follows(counter: Counter) -> None:
    placed = counter.order()

    (event,) = db.session.scalars(select(RenewalEvent).where(RenewalEvent.renewal_id == placed.id)).all()
    assert (event.state, event.actor_name, event.address) == (RenewalState.PAID, "Alice", "203.0.113.7")
    (record,) = db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == placed.id)).all()
    assert (record.act, record.after["total_minor"]) == ("renewals.place", 10_500)
    (row,) = db.session.scalars(select(OutboxRow).where(OutboxRow.subject_id == placed.id)).all()
    assert (row.kind, row.done_at) == ("renewals.fulfil", None)


def test_gives_the_first_renewal_again_for_the_same_key(counter: Counter) -> None:
    quote = counter.signed_quote()

    first = counter.order(signed_quote=quote, key="form-1")
    again = counter.order(signed_quote=quote, key="form-1")

    assert again == first
    assert counter.renewals() == 1
    assert counter.wallet_minor() == 89_500


def test_refuses_a_key_that_was_used_for_another_order(counter: Counter) -> None:
    counter.order(key="form-1")
    with transaction():
        other = make.plan(price_minor=20_000)

    counter.plan = other
    with pytest.raises(KeyReused):
        counter.order(key="form-1")

    assert counter.renewals() == 1


def test_refuses_a_quote_that_was_altered(counter: Counter) -> None:
    quote = counter.signed_quote()

    with pytest.raises(QuoteChanged):
        counter.order(signed_quote=quote[:-3] + "abc")

    assert counter.wallet_minor() == 100_000


def test_refuses_a_quote_after_fifteen_minutes_and_brings_the_new_one(counter: Counter) -> None:
    now = clock.now()
    with clock.fixed(now):
        quote = counter.signed_quote()

    with clock.fixed(now + timedelta(minutes=15)), pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=quote)

    assert refused.value.parts["quote"].total_minor == 10_500
    assert counter.renewals() == 0


def test_refuses_a_quote_once_the_price_has_changed_and_brings_the_new_one(counter: Counter) -> None:
    quote = counter.signed_quote()
    with transaction():
        make.new_version(counter.plan, price_minor=12_000)

    with pytest.raises(QuoteChanged) as refused:
        counter.order(signed_quote=quote)

    assert refused.value.parts["quote"].total_minor == 12_600
    assert counter.wallet_minor() == 100_000


def test_refuses_when_the_wallet_holds_one_unit_too_little(session: object, counter: Counter) -> None:
    with transaction():
        make.spend(counter.agent, 100_000 - 10_499)

    with pytest.raises(NotCovered):
        counter.order()

    assert counter.renewals() == 0
    assert counter.wallet_minor() == 10_499


def test_lets_the_wallet_fall_to_its_credit_limit_and_no_further(counter: Counter) -> None:
    with transaction():
        make.spend(counter.agent, 100_000)
        make.credit_limit(counter.agent, 10_500)

    counter.order()

    assert counter.wallet_minor() == -10_500
    with pytest.raises(NotCovered):
        counter.order()


@pytest.mark.parametrize("state", [CardState.SUSPENDED, CardState.REMOVED])
def test_refuses_a_card_that_is_not_active(counter: Counter, state: CardState) -> None:
    quote = counter.signed_quote()
    with transaction():
        counter.card.state = state

    with pytest.raises(CardNotRenewable):
        counter.order(signed_quote=quote)


@pytest.mark.parametrize("status", [AgentStatus.PENDING, AgentStatus.SUSPENDED])
def test_refuses_an_agent_that_is_not_verified(counter: Counter, status: AgentStatus) -> None:
    quote = counter.signed_quote()
    with transaction():
        counter.agent.status = status

    with pytest.raises(AgentMayNotSell):
        counter.order(signed_quote=quote)


def test_refuses_a_plan_that_was_retired(counter: Counter) -> None:
    quote = counter.signed_quote()
    with transaction():
        counter.plan.plan.retired_at = clock.now()

    with pytest.raises(PlanNotForCard):
        counter.order(signed_quote=quote)


def test_does_not_find_another_agents_card(counter: Counter) -> None:
    quote = counter.signed_quote()
    with transaction():
        bob = make.agent(name_en="Rival")

    with pytest.raises(NotFound), transaction():
        placing.place(
            agent_id=bob.id,
            card_id=counter.card.id,
            signed_quote=quote,
            idempotency_key="form-1",
            actor=counter.actor,
        )


def test_refuses_a_quote_for_another_card(counter: Counter) -> None:
    with transaction():
        other = make.card(counter.customer)
    quote = counter.signed_quote()

    counter.card = other
    with pytest.raises(QuoteChanged):
        counter.order(signed_quote=quote)


def test_moves_no_money_for_a_renewal_that_costs_nothing(counter: Counter) -> None:
    with transaction():
        counter.plan = make.plan(price_minor=0, cost_minor=0)

    placed = counter.order()

    assert placed.total.minor == 0
    assert counter.wallet_minor() == 100_000
    assert db.session.scalars(select(Transfer).where(Transfer.subject_id == placed.id)).all() == []
