from datetime import UTC, date, datetime

import pytest
from flask_babel import force_locale

from portal.core import clock
from portal.core.money import Money
from portal.web import filters


@pytest.fixture(autouse=True)
def reader(app):
    with (
        app.test_request_context(headers={"Accept-Language": "en"}),
        clock.fixed(datetime(2026, 11, 22, 4, tzinfo=UTC)),
    ):
        yield


def test_a_sum_has_a_small_iso_code():
    assert filters.coloured_sum(Money(9450, "CNY")) == '<span class="sum"><small>CNY</small> 94.50</span>'
    assert filters.coloured_sum((-9450, "CNY")) == '<span class="sum is-negative"><small>CNY</small> −94.50</span>'


def test_an_instant_tells_its_zone_in_the_title():
    assert filters.instant(datetime(2026, 11, 22, 4, 0, tzinfo=UTC)) == (
        '<time datetime="2026-11-22T04:00:00+00:00" title="2026-11-22 12:00:00 +08:00 (Asia/Shanghai)">'
        "22 Nov 2026, 12:00</time>"
    )


def test_a_day_of_another_year_names_it():
    assert filters.short_day(date(2026, 12, 1)) == "1 Dec"
    assert filters.short_day(date(2027, 1, 1)) == "1 Jan 2027"


def test_days_are_counted_in_the_portals_zone():
    assert filters.days_until(datetime(2026, 11, 22, 17, 0, tzinfo=UTC)) == 1
    assert filters.days_until(date(2026, 11, 21)) == -1


@pytest.mark.parametrize(("days", "tone"), [(-5, "bad"), (0, "bad"), (3, "bad"), (4, "care"), (7, "care"), (8, "good")])
def test_a_near_end_is_toned(days, tone):
    assert filters.days_tone(date.fromordinal(date(2026, 11, 22).toordinal() + days)) == tone


def test_long_numbers_stand_in_groups_of_four():
    assert filters.grouped("8985200026331880614") == "8985 2000 2633 1880 614"


def test_secrets_show_their_end_at_most():
    assert filters.masked("LPA:1$smdp.example$ABCD-1234") == "••••1234"
    assert filters.masked("12345") == "••••"
    assert filters.masked(None) == ""


def test_a_template_that_one_reader_compiled_speaks_every_readers_language(app):
    with force_locale("zh"):
        template = app.jinja_env.from_string("{{ none | gigabytes }}")
        assert template.render() == "不限量"

    assert template.render() == "unlimited"
