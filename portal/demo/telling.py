"""Tell the story scene by scene, with the clock held at each scene's instant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, insert, select

from portal.cards import details as card_details
from portal.cards import queries as cards
from portal.cards import registering, usage
from portal.cards.models import UsageReading
from portal.catalogue import queries as catalogue
from portal.catalogue.models import PlanVersion
from portal.core import clock, ids, working
from portal.core.actor import Actor
from portal.core.db import db, in_transaction
from portal.core.money import Money
from portal.core.outbox import OutboxRow
from portal.customers import details as customer_details
from portal.demo import cast, founding, promoting, story
from portal.demo.founding import House
from portal.demo.stand_in import StandIns
from portal.demo.story import Course, Mishap, Trip
from portal.renewals import offers, placing
from portal.sandbox.faults import Kind
from portal.wallets import topping_up

TOP_UPS = (
    (45, cast.GLOBAL_LINK, Money(500_000, "CNY"), "ICBC-8841-0071"),
    (45, cast.GLOBAL_LINK, Money(60_000, "USD"), "BOC-FX-55120"),
    (44, cast.PACIFIC_CONNECT, Money(150_000, "CNY"), "CMB-7719-2201"),
    (27, cast.GLOBAL_LINK, Money(300_000, "CNY"), "ICBC-8841-0112"),
    (9, cast.GLOBAL_LINK, Money(200_000, "CNY"), "ICBC-8841-0163"),
)
"""Days ago, agent, amount, bank reference."""

CARRIER_ANSWERS_AFTER = timedelta(seconds=2)

LOOKED_UP_AFTER = timedelta(seconds=9)

LAST_READING = timedelta(minutes=4)
"""The cards were last asked so long before now."""

MISHAPS = {
    Mishap.REFUSED: (Kind.REFUSE, "carrier_maintenance"),
    Mishap.SUSPENDED: (Kind.REFUSE, "card_suspended"),
}


class StoryBroken(RuntimeError):
    """A scene did not end as it was written."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that happened at an instant."""

    at: datetime
    act: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a card was used and nothing else happened to it; data in MB."""

    since: datetime
    until: datetime
    first_mb: int
    last_mb: int
    total_mb: int


class Storyteller:
    """Knows who there is by now, and plays the scenes in the order of time."""

    def __init__(self, stand_ins: StandIns, *, now: datetime, zone: str) -> None:
        self._stand_ins = stand_ins
        self._now = now
        self._zone = zone
        self._house = House({}, {})
        self._plans: dict[str, PlanVersion] = {}
        self._card_ids: dict[Trip, UUID] = {}
        self._stretches: dict[Trip, list[Stretch]] = {}

    def tell(self) -> None:
        """Tell everything from the day the house opened until now."""
        trips = story.trips()
        with clock.fixed(story.opened_at(self._now, self._zone)):
            self._house = in_transaction(founding.found)
            in_transaction(lambda: promoting.begin(self._house))
            self._plans = catalogue.current_by_code({trip.plan for trip in trips})
        scenes = [*self._top_ups(), *(scene for trip in trips for scene in self._scenes_of(trip))]
        for scene in sorted(scenes, key=lambda scene: scene.at):
            with clock.fixed(scene.at):
                scene.act()
        self._stand_ins.forget_faults()
        in_transaction(self._keep_readings)

    def _top_ups(self) -> Iterator[Scene]:
        for days_ago, agent, amount, bank_reference in TOP_UPS:
            day = (self._now - timedelta(days=days_ago)).astimezone(ZoneInfo(self._zone)).date()
            yield Scene(
                datetime.combine(day, time(15, 20), ZoneInfo(self._zone)),
                partial(in_transaction, partial(self._top_up, agent, amount, bank_reference)),
            )

    def _top_up(self, agent: str, amount: Money, bank_reference: str) -> None:
        topping_up.record(
            agent_id=self._house.agents[agent].id,
            amount=amount,
            bank_reference=bank_reference,
            received_on=clock.today(self._zone),
            note="",
            actor=self._house.acting(cast.FINANCE),
        )

    def _scenes_of(self, trip: Trip) -> Iterator[Scene]:
        plan = self._plans[trip.plan]
        course = story.course(trip, validity_days=plan.validity_days, now=self._now, zone=self._zone)
        self._stretches[trip] = _stretches(trip, course, plan, now=self._now)
        yield Scene(course.registered_at, partial(self._register, trip, course))
        for nr, at in enumerate(course.renewed_at):
            yield Scene(at, partial(self._renew, trip, nr))
        yield Scene(self._now - LAST_READING, partial(self._read_last, trip))
        if course.stray_at:
            yield Scene(course.stray_at, partial(self._order_in_vain, trip))

    def _register(self, trip: Trip, course: Course) -> None:
        plan, stretches = self._plans[trip.plan], self._stretches[trip]
        self._stand_ins.set_card(
            plan.carrier,
            trip.iccid,
            plan_code=plan.code,
            data_total_mb=stretches[0].total_mb if stretches else None,
            data_left_mb=stretches[0].first_mb if stretches else None,
            valid_until=course.valid_until,
        )
        card = in_transaction(
            lambda: registering.register(
                card_details.read(iccid=trip.iccid, carrier=plan.carrier, eid=trip.eid, label=trip.label),
                agent_id=self._house.agents[trip.agent].id,
                customer=customer_details.read(
                    name=trip.customer, email=trip.email, phone=trip.phone, locale=trip.locale
                ),
                actor=self._seller(trip, "registration"),
            )
        )
        self._card_ids[trip] = card.id
        self._work("cards.read_usage", card.id, after=CARRIER_ANSWERS_AFTER)

    def _renew(self, trip: Trip, nr: int) -> None:
        plan = self._plans[trip.plan]
        left = story.left_at_renewal(trip, nr, plan.data_mb)
        # What was used up does not count any more, so that a renewed card starts full.
        self._stand_ins.use_data(plan.carrier, trip.iccid, left_mb=left, total_mb=left)
        is_lost = trip.mishap is Mishap.UNKNOWN and nr == trip.renewals - 1
        if is_lost:
            self._stand_ins.spoil_next(trip.iccid, Kind.ERROR_AFTER)
        renewal_id = self._place(trip, f"renewal {nr}", code=story.code(trip, nr))
        self._work("renewals.fulfil", renewal_id, after=CARRIER_ANSWERS_AFTER)
        if is_lost:
            self._work("renewals.fulfil", renewal_id, after=LOOKED_UP_AFTER)
        self._check_done(renewal_id)

    def _order_in_vain(self, trip: Trip) -> None:
        if trip.mishap is Mishap.FRESH:
            self._place(trip, "fresh")
            return
        kind, reason = MISHAPS[trip.mishap]
        self._stand_ins.spoil_next(trip.iccid, kind, reason=reason)
        renewal_id = self._place(trip, "stray")
        self._work("renewals.fulfil", renewal_id, after=CARRIER_ANSWERS_AFTER)
        self._check_done(renewal_id)

    def _read_last(self, trip: Trip) -> None:
        plan, stretches = self._plans[trip.plan], self._stretches[trip]
        if stretches:
            latest = stretches[-1]
            self._stand_ins.use_data(plan.carrier, trip.iccid, left_mb=latest.last_mb, total_mb=latest.total_mb)
        card_id = self._card_ids[trip]
        in_transaction(lambda: _ask_for_usage(card_id))
        self._work("cards.read_usage", card_id, after=CARRIER_ANSWERS_AFTER)

    def _keep_readings(self) -> None:
        zone = ZoneInfo(self._zone)
        readings = [
            {
                "card_id": self._card_ids[trip],
                "read_at": read_at,
                "data_left_mb": left,
                "data_total_mb": stretch.total_mb,
            }
            for trip, stretches in self._stretches.items()
            for stretch in stretches
            for read_at, left in _daily(trip, stretch, zone)
        ]
        db.session.execute(insert(UsageReading), readings)

    def _place(self, trip: Trip, what: str, *, code: str = "") -> UUID:
        agent_id = self._house.agents[trip.agent].id
        card = cards.by_id(self._card_ids[trip])
        signed = offers.one(card, trip.plan, now=clock.now(), code=code).signed
        placed = in_transaction(
            lambda: placing.place(
                agent_id=agent_id,
                card_id=card.id,
                signed_quote=signed,
                idempotency_key=str(ids.new_id()),
                actor=self._seller(trip, what),
            )
        )
        return placed.id

    def _seller(self, trip: Trip, what: str) -> Actor:
        if trip.agent == cast.PACIFIC_CONNECT:
            return self._house.acting(cast.BOB)
        return self._house.acting(cast.ALICE if trip.pick(f"seller {what}", 0, 2) else cast.CLERK)

    def _work(self, kind: str, subject_id: UUID, *, after: timedelta) -> None:
        row_id = db.session.scalar(_waiting(kind, subject_id))
        db.session.rollback()
        if row_id is None:
            raise StoryBroken(f"no {kind} waits for {subject_id}")
        with clock.fixed(clock.now() + after):
            working.work(row_id)

    def _check_done(self, renewal_id: UUID) -> None:
        row_id = db.session.scalar(_waiting("renewals.fulfil", renewal_id))
        db.session.rollback()
        if row_id is not None:
            raise StoryBroken(f"renewal {renewal_id} was not carried out")


def _waiting(kind: str, subject_id: UUID) -> Select[UUID]:
    return select(OutboxRow.id).where(
        OutboxRow.kind == kind, OutboxRow.subject_id == subject_id, OutboxRow.done_at.is_(None)
    )


def _ask_for_usage(card_id: UUID) -> None:
    usage.request(cards.by_id(card_id))


def _stretches(trip: Trip, course: Course, plan: PlanVersion, *, now: datetime) -> list[Stretch]:
    """Lay out a card's use from its registration until now; none for unlimited data, which is not used up."""
    if plan.data_mb is None:
        return []
    stretches: list[Stretch] = []
    # A card that was renewed since had some data of an earlier plan on it.
    earlier = plan.data_mb * trip.pick("earlier", 3, 12) // 100 if course.renewed_at else 0
    since, total = course.registered_at, plan.data_mb + earlier
    for nr, renewed_at in enumerate(course.renewed_at):
        left = story.left_at_renewal(trip, nr, plan.data_mb) or 0
        first = total if nr else min(total, left + plan.data_mb * trip.pick("used before", 8, 25) // 100)
        stretches.append(Stretch(since, renewed_at, first, left, total))
        since, total = renewed_at, plan.data_mb + left
    first = total if course.renewed_at else total * 97 // 100
    until = min(now, course.valid_until + timedelta(days=plan.validity_days) * trip.renewals)
    return [*stretches, Stretch(since, until, first, total * trip.left_percent // 100, total)]


def _daily(trip: Trip, stretch: Stretch, zone: ZoneInfo) -> Iterator[tuple[datetime, int]]:
    first_day, last_day = (at.astimezone(zone).date() for at in (stretch.since, stretch.until))
    days = [first_day + timedelta(days=nr) for nr in range(1, (last_day - first_day).days)]
    left = story.use_up(trip, days=days, first_mb=stretch.first_mb, last_mb=stretch.last_mb)
    for day, left_mb in zip(days, left, strict=True):
        yield datetime.combine(day, time(8, trip.pick("reading minute", 0, 59)), zone), left_mb
