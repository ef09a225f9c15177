from datetime import timedelta

import pytest

from portal.cards import concealing
from portal.cards.models import Card, CardState, UsageReading
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.outbox import OutboxRow
from tests import browsing, make
from tests.web.agent.conftest import NOW, Counter

EID = "89865707049996228303883685957408"
CODE = "LPA:1$rsp.truphone.com$QRF-BETTERROAMING-PMRDGIR2EARDEIT5"


def address(counter: Counter) -> str:
    return f"/agent/cards/{counter.card.id}"


def card(counter: Counter) -> Card:
    return db.session.get_one(Card, counter.card.id, populate_existing=True)


@pytest.fixture
def secrets(counter):
    def conceal():
        eid, code = concealing.conceal(EID), concealing.conceal(CODE)
        held = db.session.merge(counter.card)
        held.eid_encrypted, held.eid_hash = eid.encrypted, eid.hash
        held.activation_code_encrypted, held.activation_code_hash = code.encrypted, code.hash

    in_transaction(conceal)


def test_shows_what_is_left_and_whose_it_is(counter):
    words = counter.words(address(counter))

    assert "614 MB / 10 GB" in words
    assert "1 day left" in words
    assert "8985 2000 2633 1880 6140" in words
    assert "Carol Chan" in words
    assert "Not renewed yet" in words


def test_lists_the_renewals_of_the_card(counter):
    counter.place()

    assert "CNY 105.00" in counter.words(address(counter))


def test_draws_the_data_used_since_the_card_was_filled(counter):
    def read():
        for days, left_mb in ((9, 200), (6, 10240), (3, 5000), (0, 614)):
            at = NOW - timedelta(days=days)
            db.session.add(UsageReading(card_id=counter.card.id, read_at=at, data_left_mb=left_mb, data_total_mb=10240))

    in_transaction(read)

    page = counter.get(address(counter)).text

    assert '"values": [0, 511, 940]' in page
    assert '"limit": 1000' in page
    assert "9.4 GB of 10 GB used" in browsing.words(page)


def test_draws_no_line_of_a_single_reading(counter):
    assert "data-chart" not in counter.get(address(counter)).text


def test_a_card_just_registered_waits_for_its_first_reading(counter):
    in_transaction(lambda: setattr(db.session.merge(counter.card), "usage_read_at", None))

    page = counter.get(address(counter)).text
    assert "The carrier is being asked" in page
    assert "every 2s" in page

    with clock.fixed(NOW + timedelta(minutes=5)):
        later = counter.get_piece(f"{address(counter)}/state").text
    assert "every 2s" not in later
    assert "<html" not in later


def test_asks_the_carrier_again(counter):
    answer = counter.post(f"{address(counter)}/refresh")

    assert answer.location == address(counter)
    assert db.session.query(OutboxRow).filter_by(kind="cards.read_usage").count() == 1


def test_masks_the_secrets(counter, secrets):
    page = counter.get(address(counter)).text

    assert EID not in page
    assert CODE not in page
    assert "8986 •••• 7408" in page
    assert "LPA:1$rsp.truphone.com$••••" in page


@pytest.mark.parametrize(("secret", "shown"), [("eid", EID), ("activation_code", CODE)])
def test_shows_a_secret_to_who_asks_and_writes_it_down(counter, secrets, secret, shown):
    answer = counter.post(f"{address(counter)}/reveal", secret=secret)

    assert answer.status_code == 200
    assert shown in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert counter.acts()[-1] == f"cards.reveal_{secret}"


def test_gives_htmx_the_secret_alone_with_a_code_to_scan(counter, secrets):
    page = counter.get(address(counter)).text

    piece = counter.browser.post(
        f"{address(counter)}/reveal",
        data={"secret": "activation_code"},
        headers={"HX-Request": "true", "X-CSRFToken": browsing.csrf_token(page)},
    )

    assert "<html" not in piece.text
    assert 'src="data:image/svg+xml' in piece.text


@pytest.mark.parametrize("secret", ["", "password", "eid"])
def test_has_no_other_secrets(counter, secret):
    assert counter.post(f"{address(counter)}/reveal", secret=secret).status_code == 404


def test_changes_the_label(counter):
    counter.post(f"{address(counter)}/label", label="  Tokyo   trip ")

    assert card(counter).label == "Tokyo trip"
    assert "Tokyo trip" in counter.words(address(counter))


@pytest.mark.parametrize(("label", "words"), [("x" * 81, "At most 80 signs"), ("a\u202eb", "cannot be seen")])
def test_refuses_a_bad_label_and_keeps_what_was_typed(counter, label, words):
    answer = counter.post(f"{address(counter)}/label", label=label)

    assert answer.status_code == 422
    assert words in answer.text
    assert browsing.field_value(answer.text, "label") == label
    assert card(counter).label == ""


def test_suspends_resumes_and_removes(counter):
    counter.post(f"{address(counter)}/suspend")
    assert card(counter).state is CardState.SUSPENDED
    assert "cannot be renewed until you resume it" in counter.words(address(counter))

    counter.post(f"{address(counter)}/resume")
    assert card(counter).state is CardState.ACTIVE

    counter.post(f"{address(counter)}/remove")
    assert card(counter).state is CardState.REMOVED
    assert counter.acts()[-3:] == ["cards.suspend", "cards.resume", "cards.remove"]


def test_a_removed_card_stays_to_be_looked_at_but_not_to_be_changed(counter):
    counter.post(f"{address(counter)}/remove")

    page = counter.get(address(counter)).text
    assert "This card is removed." in page
    assert f"{address(counter)}/renew" not in page
    assert counter.post(f"{address(counter)}/resume").status_code == 409
    assert card(counter).state is CardState.REMOVED


def test_an_act_needs_the_token_of_a_page(counter):
    assert counter.browser.post(f"{address(counter)}/remove").status_code == 400
    assert card(counter).state is CardState.ACTIVE


def test_html_in_a_label_stays_text(counter):
    counter.post(f"{address(counter)}/label", label="<b>bold</b>")

    assert "<b>bold</b>" not in counter.get(address(counter)).text


def test_unlimited_data_is_said_in_words(counter):
    def make_unlimited():
        made = make.card(counter.customer, data_left_mb=None)
        made.data_total_mb = None
        return made

    unlimited = in_transaction(make_unlimited)

    assert "unlimited" in counter.words(f"/agent/cards/{unlimited.id}")
