from datetime import UTC, date, datetime, timedelta

import pytest

from portal.cards import eid, iccid
from portal.customers import details
from portal.demo import story
from portal.demo.story import Mishap, Trip

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)
DAYS = {"7D": 7, "15D": 15, "30D": 30, "180D": 180, "365D": 365}


def course_of(trip: Trip) -> story.Course:
    return story.course(trip, validity_days=DAYS[trip.plan.rsplit("-", 1)[1]], now=NOW, zone=ZONE)


@pytest.mark.parametrize("trip", story.trips(), ids=lambda trip: f"{trip.customer} {trip.plan}")
class TestEveryCard:
    def test_has_identifiers_without_a_fault(self, trip):
        assert iccid.read(trip.iccid).warnings == ()
        assert trip.eid == "" or eid.read(trip.eid) == trip.eid

    def test_belongs_to_somebody_who_can_be_reached(self, trip):
        read = details.read(name=trip.customer, email=trip.email, phone=trip.phone, locale=trip.locale)

        assert read.name == trip.customer

    def test_was_registered_then_renewed_each_time_before_it_ran_out(self, trip):
        course = course_of(trip)
        days = timedelta(days=DAYS[trip.plan.rsplit("-", 1)[1]])

        instants = [story.opened_at(NOW, ZONE), course.registered_at, *course.renewed_at, NOW]
        assert instants == sorted(instants)
        for nr, renewed_at in enumerate(course.renewed_at):
            assert renewed_at < course.valid_until + days * nr

    def test_runs_out_on_the_day_that_the_story_names(self, trip):
        course = course_of(trip)
        days = DAYS[trip.plan.rsplit("-", 1)[1]]

        end = course.valid_until + timedelta(days=days * trip.renewals)

        assert (end.date() - date(2026, 11, 23)).days == trip.days_left


def test_has_every_kind_of_card_and_mishap():
    trips = story.trips()

    assert len(trips) >= 40
    assert len({trip.iccid for trip in trips}) == len(trips)
    assert {trip.mishap for trip in trips} == set(Mishap)
    assert {"张喆", "犇", "王芳婳", "Nguyễn Thị Hoa", "佐藤 健", "Ана Петрова", "김민수", "Sean O'Brien"} <= {
        trip.customer for trip in trips
    }


def test_uses_data_up_and_never_gives_any_back():
    trip = story.trips()[0]
    days = [NOW.date() + timedelta(days=nr) for nr in range(20)]

    left = story.use_up(trip, days=days, first_mb=10240, last_mb=614)

    assert left == sorted(left, reverse=True)
    assert 614 < left[-1] < left[0] < 10240
