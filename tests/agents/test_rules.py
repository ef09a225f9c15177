"""Rules and tiers hang on a version of terms, and never change."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.agents import queries, rules, schemes, terms
from portal.agents.commission import Conditions, Rule, SaleKind, Scheme, Terms, Tier
from portal.audit.models import AuditRecord
from portal.catalogue.models import Term
from portal.core.db import db
from portal.core.errors import InvalidInput
from tests import make

JAPAN = Rule(Conditions(region="JP"), share_bps=800)


def scheme_of(row):
    return schemes.of([row])[row.id]


def test_a_rule_makes_a_new_version_and_the_old_one_keeps_none(app):
    agent = make.agent()
    first = make.terms_of(agent)

    second = rules.add(agent_id=agent.id, currency="CNY", rule=JAPAN, actor=make.actor())

    assert second.version == 2
    assert scheme_of(second) == Scheme(Terms(fee_bps=500, share_bps=300), (JAPAN,))
    assert scheme_of(first).rules == ()
    assert schemes.in_force(agent.id)["CNY"].terms_id == second.id


def test_the_audit_log_says_what_was_added_and_removed(app):
    agent = make.agent()
    rules.add(agent_id=agent.id, currency="CNY", rule=JAPAN, actor=make.actor())

    rules.remove(agent_id=agent.id, currency="CNY", conditions=JAPAN.conditions, actor=make.actor())

    added, removed = db.session.query(AuditRecord).filter_by(subject_id=agent.id).order_by(AuditRecord.id)
    assert (added.before["rules"], added.after["rules"]) == ([], ["region=JP share_bps=800"])
    assert (removed.before["rules"], removed.after["rules"]) == (["region=JP share_bps=800"], [])


def test_what_is_gone_already_makes_no_new_version(app):
    agent = make.agent()

    rules.remove(agent_id=agent.id, currency="CNY", conditions=JAPAN.conditions, actor=make.actor())
    rules.remove_tier(agent_id=agent.id, currency="CNY", from_minor=1, actor=make.actor())

    assert queries.last_version(agent.id, "CNY") == 1


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Scheme(Terms(), (Rule(Conditions(), share_bps=1),)), "rule_without_condition"),
        (Scheme(Terms(), (Rule(Conditions(region="JP")),)), "rule_without_rate"),
        (Scheme(Terms(), (JAPAN, Rule(Conditions(region="JP"), fee_bps=1))), "rule_taken"),
        (Scheme(Terms(), (Rule(Conditions(region="JP"), fee_bps=10_001),)), "rate_out_of_range"),
        (Scheme(Terms(), tiers=(Tier(1, 100), Tier(1, 200))), "tier_taken"),
        (Scheme(Terms(), tiers=(Tier(0, 100),)), "amount_negative"),
        (Scheme(Terms(), tiers=(Tier(10**13, 100),)), "amount_too_large"),
        (Scheme(Terms(), tiers=(Tier(1, 0),)), "rate_out_of_range"),
    ],
)
def test_names_what_is_wrong(wanted, reason):
    with pytest.raises(InvalidInput) as refusal:
        terms.check(wanted)

    assert refusal.value.parts["reason"] == reason


def test_rules_and_tiers_never_change(app):
    agent = make.agent()
    rules.add(agent_id=agent.id, currency="CNY", rule=JAPAN, actor=make.actor())
    rules.add_tier(agent_id=agent.id, currency="CNY", tier=Tier(100, 100), actor=make.actor())

    for statement in (
        "UPDATE commission_rules SET share_bps = 900",
        "DELETE FROM commission_rules",
        "UPDATE commission_tiers SET extra_bps = 900",
        "DELETE FROM commission_tiers",
    ):
        with pytest.raises(IntegrityError, match="append-only"), db.session.begin_nested():
            db.session.execute(text(statement))


def test_every_condition_is_kept(app):
    agent, plan = make.agent(), make.plan()
    wanted = Rule(Conditions(plan.plan_id, "JP", Term.SHORT, SaleKind.FIRST), fee_bps=100, share_bps=200)

    changed = rules.add(agent_id=agent.id, currency="CNY", rule=wanted, actor=make.actor())

    (kept,) = scheme_of(changed).rules
    assert kept == wanted
    assert schemes.rules_by_id([kept.id]) == {kept.id: wanted}
