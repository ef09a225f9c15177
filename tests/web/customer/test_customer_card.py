from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.cards.models import UsageReading
from portal.core import clock, ids
from portal.core.db import db, transaction
from portal.core.outbox import OutboxRow
from tests import browsing, make, renewed


def test_shows_usage_renewals_and_the_agent(hers, carol):
    renewal = renewed.renew(carol.card, carol.plan)

    page = browsing.words(hers.get(f"/my/cards/{carol.card.id}").text)

    assert renewal.reference in page
    assert "delivered" in page
    assert "CNY 105.00" in page
    assert "To renew, ask your agent" in page


def test_draws_the_usage_line_towards_the_limit(hers, carol):
    with transaction():
        for days, left in ((2, 9000), (1, 5000)):
            read_at = clock.now() - timedelta(days=days)
            db.session.add(UsageReading(card_id=carol.card.id, read_at=read_at, data_left_mb=left, data_total_mb=10240))

    page = hers.get(f"/my/cards/{carol.card.id}").text

    assert '"limit": 1000' in page
    assert '"values": [121, 511]' in page


def test_says_when_there_is_nothing_to_draw(hers, carol):
    page = hers.get(f"/my/cards/{carol.card.id}").text

    assert "not enough to draw yet" in page


@pytest.mark.parametrize("method", ["get", "head"])
def test_finds_no_card_of_another_customer(hers, carol, method):
    with transaction():
        other = make.card(make.customer(carol.agent))

    assert getattr(hers, method)(f"/my/cards/{other.id}").status_code == 404


@pytest.mark.parametrize("card_id", ["1", "..", "00000000-0000-0000-0000-00000000000g"])
def test_finds_nothing_under_what_is_no_id(hers, card_id):
    assert hers.get(f"/my/cards/{card_id}").status_code == 404


def test_has_the_carrier_asked_again(hers, carol):
    token = browsing.csrf_token(hers.get(f"/my/cards/{carol.card.id}").text)

    answer = hers.post(f"/my/cards/{carol.card.id}/refresh", data={"csrf_token": token})

    assert answer.location == f"/my/cards/{carol.card.id}"
    row = db.session.scalar(select(OutboxRow).where(OutboxRow.kind == "cards.read_usage"))
    assert row.subject_id == carol.card.id


def test_asks_nobody_about_another_customers_card(hers, carol):
    with transaction():
        other = make.card(make.customer(carol.agent))
    token = browsing.csrf_token(hers.get(f"/my/cards/{carol.card.id}").text)

    answer = hers.post(f"/my/cards/{other.id}/refresh", data={"csrf_token": token})

    assert answer.status_code == 404
    assert db.session.scalar(select(OutboxRow).where(OutboxRow.kind == "cards.read_usage")) is None


def test_asks_strangers_to_sign_in_before_a_card(client, app):
    assert client.get(f"/my/cards/{ids.new_id()}").location.startswith("/my/sign-in?next=/my/cards/")
