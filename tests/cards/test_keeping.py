import pytest
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.cards import keeping
from portal.cards.errors import CardRemoved
from portal.cards.models import CardState
from portal.core.db import db
from portal.core.errors import InvalidInput
from tests import make


def acts_on(card) -> list[tuple[str, dict, dict]]:
    records = db.session.scalars(
        select(AuditRecord).where(AuditRecord.subject_id == card.id).order_by(AuditRecord.id)
    ).all()
    return [(record.act, record.before, record.after) for record in records]


def test_suspends_resumes_and_removes_a_card(app):
    card = make.card(make.customer(make.agent()))

    keeping.suspend(card, actor=make.actor())
    assert card.state is CardState.SUSPENDED
    keeping.resume(card, actor=make.actor())
    assert card.state is CardState.ACTIVE
    keeping.remove(card, actor=make.actor())
    assert card.state is CardState.REMOVED

    assert acts_on(card) == [
        ("cards.suspend", {"state": "active"}, {"state": "suspended"}),
        ("cards.resume", {"state": "suspended"}, {"state": "active"}),
        ("cards.remove", {"state": "active"}, {"state": "removed"}),
    ]


def test_doing_it_twice_writes_nothing_more(app):
    card = make.card(make.customer(make.agent()))

    keeping.remove(card, actor=make.actor())
    keeping.remove(card, actor=make.actor())

    assert len(acts_on(card)) == 1


@pytest.mark.parametrize("act", [keeping.suspend, keeping.resume])
def test_refuses_to_bring_a_removed_card_back(app, act):
    card = make.card(make.customer(make.agent()), state=CardState.REMOVED)

    with pytest.raises(CardRemoved):
        act(card, actor=make.actor())


def test_labels_a_card(app):
    card = make.card(make.customer(make.agent()))

    keeping.set_label(card, label="  出差  手机 ", actor=make.actor())
    keeping.set_label(card, label="出差 手机", actor=make.actor())

    assert card.label == "出差 手机"
    assert acts_on(card) == [("cards.set_label", {"label": ""}, {"label": "出差 手机"})]


def test_refuses_a_label_with_signs_nobody_sees(app):
    card = make.card(make.customer(make.agent()))

    with pytest.raises(InvalidInput):
        keeping.set_label(card, label="a\u202eb", actor=make.actor())

    assert card.label == ""
