import pytest
from sqlalchemy import select

from portal.agents import verification
from portal.agents.errors import AgentMayNotSell, StatusNotReachable
from portal.agents.models import AgentStatus
from portal.audit.models import AuditRecord
from portal.core.db import db
from tests import make


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AgentStatus.PENDING, AgentStatus.VERIFIED),
        (AgentStatus.PENDING, AgentStatus.SUSPENDED),
        (AgentStatus.VERIFIED, AgentStatus.SUSPENDED),
        (AgentStatus.SUSPENDED, AgentStatus.VERIFIED),
    ],
)
def test_moves_an_agent_and_writes_down_why(app, before, after):
    agent = make.agent(status=before)

    verification.set_status(agent, status=after, reason="papers checked", actor=make.actor())

    record = db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == agent.id)).one()
    assert agent.status is after
    assert record.before == {"status": before.value}
    assert record.after == {"status": after.value, "reason": "papers checked"}


def test_refuses_to_make_an_agent_unchecked_again(app):
    agent = make.agent()

    with pytest.raises(StatusNotReachable):
        verification.set_status(agent, status=AgentStatus.PENDING, actor=make.actor())

    assert agent.status is AgentStatus.VERIFIED


def test_setting_the_status_it_has_writes_nothing(app):
    agent = make.agent()

    verification.set_status(agent, status=AgentStatus.VERIFIED, actor=make.actor())

    assert db.session.scalars(select(AuditRecord).where(AuditRecord.subject_id == agent.id)).all() == []


@pytest.mark.parametrize("status", [AgentStatus.PENDING, AgentStatus.SUSPENDED])
def test_only_a_verified_agent_sells(app, status):
    verification.check_may_sell(make.agent())
    with pytest.raises(AgentMayNotSell) as refusal:
        verification.check_may_sell(make.agent(status=status))

    assert refusal.value.parts == {"status": status}
