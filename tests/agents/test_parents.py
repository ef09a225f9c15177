"""One agent above another: one level, never two."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from portal.agents import parents, queries
from portal.audit.models import AuditRecord
from portal.core import turns
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput
from tests import make


def set_parent(agent, parent, *, bps=50):
    parents.set_parent(agent, parent=parent, override_bps=bps, actor=make.actor())


def test_an_agent_stands_below_another_and_alone_again(app):
    above, below = make.agent(name_en="Above"), make.agent(name_en="Below")

    set_parent(below, above)
    assert (below.parent_id, below.override_bps) == (above.id, 50)
    assert list(parents.children_of(above.id)) == [below]

    set_parent(below, None)
    assert (below.parent_id, below.override_bps) == (None, 0)
    acts = db.session.query(AuditRecord).filter_by(subject_id=below.id, act="agents.set_parent").all()
    assert [act.after["override_bps"] for act in acts] == [50, 0]


def test_what_stands_already_is_not_written_again(app):
    above, below = make.agent(), make.agent()
    set_parent(below, above)

    set_parent(below, above)

    assert db.session.query(AuditRecord).filter_by(subject_id=below.id).count() == 1


def test_there_is_one_level_only(app):
    top, middle, low = make.agent(), make.agent(), make.agent()
    set_parent(middle, top)

    for agent, parent, reason in (
        (low, middle, "parent_has_parent"),
        (top, low, "agent_has_children"),
        (low, low, "parent_is_itself"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            set_parent(agent, parent)
        assert refusal.value.parts["reason"] == reason
    assert middle not in parents.possible_parents_of(low)
    assert top in parents.possible_parents_of(low)
    assert list(parents.possible_parents_of(top)) == []


def test_refuses_a_rate_above_the_whole(app):
    with pytest.raises(InvalidInput) as refusal:
        set_parent(make.agent(), make.agent(), bps=10_001)

    assert refusal.value.parts["reason"] == "rate_out_of_range"


def _each_below_the_other(own_app):
    one, other = in_transaction(lambda: (make.agent().id, make.agent().id))

    def act(pair):
        with own_app.app_context():
            try:
                in_transaction(lambda: set_parent(queries.by_id(pair[0]), queries.by_id(pair[1])))
            except Exception as error:
                return type(error).__name__
            finally:
                db.session.remove()
            return "set"

    with ThreadPoolExecutor(2) as threads:
        return sorted(threads.map(act, [(one, other), (other, one)]))


def test_two_agents_cannot_be_put_below_each_other_at_once(own_app):
    assert _each_below_the_other(own_app) == ["InvalidInput", "set"]


def test_two_agents_are_put_below_each_other_without_the_turn(own_app, monkeypatch):
    meeting = Barrier(2, timeout=60)
    flush = parents.log.record

    def met(**facts):
        meeting.wait()  # both have looked, neither has committed
        flush(**facts)

    monkeypatch.setattr(turns, "wait_for", lambda name: None)
    monkeypatch.setattr(parents.log, "record", met)

    assert _each_below_the_other(own_app) == ["set", "set"]
