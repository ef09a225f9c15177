import pytest
from sqlalchemy import select

from portal.agents import profile, queries
from portal.agents.commission import Terms
from portal.agents.errors import LicenceTaken
from portal.agents.models import AgentStatus
from portal.agents.queries import AgentFilter
from portal.audit.models import AuditRecord
from portal.core.db import db
from portal.core.errors import InvalidInput, NotFound
from portal.core.ids import new_id
from portal.ledger.models import Account
from tests import make


def details(**typed: str) -> profile.AgentDetails:
    return profile.read(
        **{
            "name_zh": "环球通讯",
            "name_en": "Global Link",
            "licence_number": "91310000ma1k4b7x2c",
            "contact_name": "Alice",
            "contact_email": "Alice@Global-Link.example",
            "contact_phone": "13800138001",
        }
        | typed
    )


def test_takes_an_agent_on_pending_with_terms_and_wallets(app):
    agent = profile.create(
        details(),
        terms_by_currency={"CNY": Terms(fee_bps=500, share_bps=300), "JPY": Terms(fee_bps=400)},
        actor=make.actor(),
    )

    accounts = db.session.scalars(select(Account).where(Account.owner_id == agent.id).order_by(Account.id)).all()
    assert agent.status is AgentStatus.PENDING
    assert not agent.may_sell
    assert (agent.licence_number, agent.contact_email) == ("91310000MA1K4B7X2C", "alice@global-link.example")
    assert agent.contact_phone == "+8613800138001"
    assert {(account.kind, account.currency) for account in accounts} == {
        ("agent_wallet", "CNY"),
        ("commission_earned", "CNY"),
        ("agent_wallet", "JPY"),
        ("commission_earned", "JPY"),
    }
    assert queries.terms_in_force(agent.id, "CNY").share_bps == 300


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        ({"name_zh": ""}, "name_zh", "missing"),
        ({"name_en": "Al\u200bice Ltd"}, "name_en", "name_control_characters"),
        ({"name_en": "Glоbal Link"}, "name_en", "name_mixed_scripts"),
        ({"licence_number": "9" * 61}, "licence_number", "too_long"),
        ({"contact_email": "alice"}, "contact_email", "email_invalid"),
        ({"contact_phone": "12"}, "contact_phone", "phone_invalid"),
    ],
)
def test_names_what_is_wrong_with_an_agent(typed, field, reason):
    with pytest.raises(InvalidInput) as refusal:
        details(**typed)

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == (field, reason)


def test_refuses_a_licence_number_twice(app):
    profile.create(details(), actor=make.actor())

    with pytest.raises(LicenceTaken) as refusal:
        profile.create(details(name_en="Copy Cat", licence_number="91310000MA1K4B7X2C"), actor=make.actor())

    assert refusal.value.parts["name_en"] == "Global Link"


def test_edits_an_agent_and_writes_down_only_what_changed(app):
    agent = profile.create(details(), actor=make.actor())

    profile.edit(agent, details=details(contact_name="Amy"), actor=make.actor())

    record = db.session.scalars(
        select(AuditRecord).where(AuditRecord.subject_id == agent.id, AuditRecord.act == "agents.edit")
    ).one()
    assert agent.contact_name == "Amy"
    assert record.before == {"contact_name": "Alice"}
    assert record.after == {"contact_name": "Amy"}


@pytest.mark.parametrize("text", ["环球", "global", "ma1k", "ALICE@global"])
def test_finds_an_agent_by_any_part(app, text):
    agent = profile.create(details(), actor=make.actor())
    make.agent(name_en="Bob Mobile", name_zh="鲍勃")

    assert [row.id for row in queries.matching(AgentFilter(text=text)).rows if row.id == agent.id] == [agent.id]
    assert "Bob Mobile" not in [row.name_en for row in queries.matching(AgentFilter(text="环球")).rows]


def test_filters_and_counts_agents_by_status(app):
    make.agent()
    make.agent(status=AgentStatus.SUSPENDED, name_en="Bob Mobile")

    shown = queries.matching(AgentFilter(status=AgentStatus.SUSPENDED)).rows

    assert [row.name_en for row in shown] == ["Bob Mobile"]
    assert queries.count_by_status() == {
        AgentStatus.PENDING: 0,
        AgentStatus.VERIFIED: 1,
        AgentStatus.SUSPENDED: 1,
    }


def test_an_unknown_agent_is_not_found(app):
    with pytest.raises(NotFound):
        queries.by_id(new_id())
