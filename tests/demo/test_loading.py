import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts import passwords
from portal.accounts.models import User
from portal.agents.models import Agent
from portal.cards.models import Card, UsageReading
from portal.core import settings
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow
from portal.core.settings import Environment
from portal.demo import cast, loading, telling
from portal.promotions import queries
from portal.promotions.models import Promotion, PromotionCode
from portal.receipts.models import Receipt
from portal.renewals import verification
from portal.renewals.models import Renewal
from portal.wallets import queries as wallets
from tests import make


def test_loads_nothing_into_a_database_that_is_not_empty(app: Flask):
    in_transaction(make.user)

    assert loading.load() is False
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_never_loads_in_production(app: Flask, monkeypatch: pytest.MonkeyPatch):
    portal_settings = settings.current()
    monkeypatch.setattr(portal_settings, "portal_env", Environment.PRODUCTION)

    with pytest.raises(loading.RefusedInProduction):
        loading.load()

    assert db.session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.slow
def test_leaves_nothing_behind_when_the_story_breaks_off(own_app: Flask, monkeypatch: pytest.MonkeyPatch):
    def break_off(*_: object) -> None:
        raise telling.StoryBroken

    monkeypatch.setattr(telling.Storyteller, "_keep_readings", break_off)
    monkeypatch.setattr(telling.story, "trips", list)

    with pytest.raises(telling.StoryBroken):
        loading.load()

    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_prints_everybody_who_may_sign_in(app: Flask):
    printed = cast.sign_ins()

    for member in cast.MEMBERS:
        assert member.email in printed
        assert member.password in printed
    assert "https://portal.example/sign-in" in printed


@pytest.mark.slow
def test_tells_six_weeks_whose_books_are_right(own_app: Flask):
    assert loading.load() is True

    assert verification.verify_everything() == []
    _the_cast_can_sign_in()
    _alice_has_money_cards_and_renewals()
    _receipts_are_numbered_in_order()
    _the_worker_finds_only_the_fresh_orders()
    _promotions_were_used()
    assert loading.load() is False


def _the_cast_can_sign_in() -> None:
    for member in cast.MEMBERS:
        user = db.session.scalar(select(User).where(User.email == member.email))
        assert user is not None
        assert passwords.matches(member.password, user.password_hash)
        assert user.role is member.role


def _alice_has_money_cards_and_renewals() -> None:
    agent = db.session.scalar(select(Agent).where(Agent.name_en == cast.GLOBAL_LINK))
    assert agent is not None
    assert (agent.name_zh, agent.licence_number) == ("环球通讯", "3101-7788")
    purse = wallets.in_currency(agent.id, "CNY")
    assert purse.credit_limit.minor == 200_000
    assert purse.balance.minor > 200_000
    assert wallets.in_currency(agent.id, "USD").balance.minor > 0
    counted = select(Renewal.state, func.count()).group_by(Renewal.state)
    states = {row.state: row.count for row in db.session.execute(counted)}
    assert states["delivered"] >= 60
    assert states["returned"] >= 3
    assert states["paid"] == 2
    assert db.session.scalar(select(func.count()).select_from(Card)) >= 40
    assert db.session.scalar(select(func.count()).where(Card.usage_read_at.is_(None))) == 0
    assert db.session.scalar(select(func.count()).select_from(UsageReading)) > 500


def _receipts_are_numbered_in_order() -> None:
    numbers = list(db.session.scalars(select(Receipt.number).order_by(Receipt.issued_at)))
    assert numbers == sorted(numbers)
    assert all(db.session.scalars(select(Receipt.rendered_at)))


def _promotions_were_used() -> None:
    begun = {promotion.id: promotion.name for promotion in db.session.scalars(select(Promotion))}
    used = {begun[promotion_id] for promotion_id, uses in queries.uses_of(list(begun)).items() if uses.count}
    assert used == {"Thailand weeks", "Hong Kong, twice the data", "Welcome", "Global Link's regulars"}
    assert len(begun) == 5
    assert db.session.scalar(select(func.count()).select_from(PromotionCode)) == 22


def _the_worker_finds_only_the_fresh_orders() -> None:
    kinds = list(db.session.scalars(select(OutboxRow.kind).where(OutboxRow.done_at.is_(None))))
    assert kinds == ["renewals.fulfil", "renewals.fulfil"]
