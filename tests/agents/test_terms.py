from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from portal.agents import queries, terms
from portal.agents.commission import Scheme, Terms
from portal.audit.models import AuditRecord
from portal.core import turns
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput
from portal.ledger.models import Account
from tests import make

FIVE_PERCENT = Terms(fee_bps=500, fee_fixed_minor=100, fee_min_minor=200, fee_max_minor=5000, share_bps=300)
SIX_PERCENT = Terms(fee_bps=600, share_bps=300)


def test_a_change_makes_a_new_version_and_keeps_the_old_one(app):
    agent = make.agent()

    first = terms.change(agent_id=agent.id, currency="USD", terms=FIVE_PERCENT, actor=make.actor())
    second = terms.change(agent_id=agent.id, currency="USD", terms=SIX_PERCENT, actor=make.actor())

    assert (first.version, second.version) == (1, 2)
    assert first.superseded_at is not None
    assert queries.terms_of(first) == FIVE_PERCENT
    assert queries.terms_in_force(agent.id, "USD") is second
    assert [row.version for row in queries.terms_history(agent.id) if row.currency == "USD"] == [2, 1]
    assert db.session.scalars(select(Account.kind).where(Account.owner_id == agent.id, Account.currency == "USD")).all()


def test_the_same_terms_make_no_version(app):
    agent = make.agent()
    first = terms.change(agent_id=agent.id, currency="USD", terms=FIVE_PERCENT, actor=make.actor())

    again = terms.change(agent_id=agent.id, currency="USD", terms=FIVE_PERCENT, actor=make.actor())

    acts = db.session.scalars(select(AuditRecord.act).where(AuditRecord.subject_id == agent.id)).all()
    assert again is first
    assert acts == ["agents.change_terms"]


def test_the_default_serves_agents_without_terms_of_their_own(app):
    alice, bob = make.agent(), make.agent()
    default = terms.change_default(currency="USD", terms=FIVE_PERCENT, actor=make.actor())
    own = terms.change(agent_id=alice.id, currency="USD", terms=SIX_PERCENT, actor=make.actor())

    assert queries.terms_in_force(alice.id, "USD") is own
    assert queries.terms_in_force(bob.id, "USD") is default
    assert queries.terms_in_force(bob.id, "JPY") is None
    assert [(row.currency, row.agent_id) for row in queries.all_terms_in_force(bob.id)] == [
        ("CNY", bob.id),
        ("USD", None),
    ]


def test_ending_its_own_terms_puts_an_agent_back_on_the_default(app):
    agent = make.agent()
    default = terms.change_default(currency="CNY", terms=SIX_PERCENT, actor=make.actor())

    terms.end_own(agent_id=agent.id, currency="CNY", actor=make.actor())
    terms.end_own(agent_id=agent.id, currency="CNY", actor=make.actor())
    assert queries.terms_in_force(agent.id, "CNY") is default

    again = terms.change(agent_id=agent.id, currency="CNY", terms=FIVE_PERCENT, actor=make.actor())
    assert again.version == 2


@pytest.mark.parametrize(
    ("wanted", "field", "reason"),
    [
        (Terms(fee_bps=10001), "fee_bps", "rate_out_of_range"),
        (Terms(share_bps=-1), "share_bps", "rate_out_of_range"),
        (Terms(fee_fixed_minor=-1), "fee_fixed_minor", "amount_negative"),
        (Terms(fee_max_minor=10**12 + 1), "fee_max_minor", "amount_too_large"),
        (Terms(fee_min_minor=200, fee_max_minor=100), "fee_max_minor", "fee_bounds"),
        (Terms(hold_days=366), "hold_days", "hold_days_range"),
        (Terms(hold_days=-1), "hold_days", "hold_days_range"),
    ],
)
def test_names_what_is_wrong_with_terms(wanted, field, reason):
    with pytest.raises(InvalidInput) as refusal:
        terms.check(Scheme(wanted))

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == (field, reason)


def test_refuses_terms_in_no_currency(app):
    agent = make.agent()

    with pytest.raises(InvalidInput) as refusal:
        terms.change(agent_id=agent.id, currency="XXY", terms=FIVE_PERCENT, actor=make.actor())

    assert refusal.value.parts == {"field": "currency", "reason": "currency_unknown"}


def _change_at_once(own_app, agent_id):
    def change(fee_bps: int) -> str:
        with own_app.app_context():
            try:
                in_transaction(
                    lambda: terms.change(
                        agent_id=agent_id, currency="EUR", terms=Terms(fee_bps=fee_bps), actor=make.actor()
                    )
                )
            except Exception as error:
                return type(error).__name__
            finally:
                db.session.remove()
            return "changed"

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(change, range(100, 700, 100)))


def test_changes_at_once_queue_up_into_versions(own_app):
    agent = in_transaction(make.agent)

    outcomes = _change_at_once(own_app, agent.id)

    assert outcomes == ["changed"] * 6
    history = queries.terms_history(agent.id)
    assert [row.version for row in history if row.currency == "EUR"] == [6, 5, 4, 3, 2, 1]


def test_changes_at_once_collide_without_the_turn(own_app, monkeypatch):
    agent = in_transaction(make.agent)
    meeting = Barrier(6, timeout=60)
    last_version = queries.last_version

    def all_look_before_any_writes(*of):
        seen = last_version(*of)
        meeting.wait()
        return seen

    monkeypatch.setattr(turns, "wait_for", lambda name: None)
    monkeypatch.setattr(queries, "last_version", all_look_before_any_writes)

    outcomes = _change_at_once(own_app, agent.id)

    assert sorted(outcomes) == ["IntegrityError"] * 5 + ["changed"]
