"""What a promotion says is kept in the process; what changes about it is read each time."""

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from portal.agents import schemes
from portal.cards.models import Card
from portal.core import clock
from portal.core.db import db, transaction
from portal.promotions import beginning, campaigns, finding
from portal.promotions.choosing import Candidate
from tests import make
from tests.promotions import promoting


@pytest.fixture
def asked(app: Flask) -> list[str]:
    """Holds every statement that is sent from now on."""
    sent: list[str] = []
    event.listen(db.session.connection(), "before_cursor_execute", lambda *told: sent.append(told[2]))
    return sent


def candidates(card: Card) -> list[Candidate]:
    return finding.for_customer(agent_id=card.agent_id, customer_id=card.customer_id, now=clock.now())


def test_is_read_once(asked: list[str]) -> None:
    with transaction():
        promotion = promoting.campaign()
    campaigns.by_ids([promotion.id])
    asked.clear()

    again = campaigns.by_ids([promotion.id])

    assert again[promotion.id].bps == promotion.bps
    assert asked == []


def test_one_that_was_ended_is_offered_no_more(app: Flask) -> None:
    with transaction():
        card, promotion = make.card(make.customer(make.agent())), promoting.campaign()
        before = candidates(card)
        beginning.end(promotion.id, actor=make.actor())

    assert [candidate.promotion.id for candidate in before] == [promotion.id]
    assert candidates(card) == []


def test_terms_that_were_met_before_are_not_read_again(asked: list[str]) -> None:
    with transaction():
        agent = make.agent()
    first = schemes.in_force(agent.id)
    asked.clear()

    assert schemes.in_force(agent.id) == first
    assert [statement for statement in asked if "commission_rules" in statement] == []


def test_what_it_says_never_changes(app: Flask) -> None:
    with transaction():
        promoting.campaign()

    with pytest.raises(IntegrityError, match="promotions is append-only"), transaction():
        db.session.execute(text("UPDATE promotions SET bps = 9_000"))
