"""Fetch others' books: the last days again and what is new, then compare. Each call waits on the network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from portal.carriers import registry as carriers
from portal.carriers.base import CarrierError
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.payments import registry as providers
from portal.payments.errors import UnknownProvider
from portal.payments.providers.base import ProviderError
from portal.reconciliation import comparing, keeping, sources
from portal.reconciliation.keeping import Told
from portal.reconciliation.models import ReportSource, SourceKind
from portal.refunds import finding_disputes

OVERLAP = timedelta(days=3)
"""So far back everything is fetched again: providers book late, and what they change later is found out."""

AT_ONCE = timedelta(days=7)
"""So much is asked for at once, so that a long absence is made up for step by step."""

AGAIN_AFTER = timedelta(minutes=30)
"""A source that could not be had is asked again after this."""

DISPUTED_WITHIN = timedelta(days=30)
"""So far back disputes are looked for that no webhook told of: longer than anybody leaves a source that fails."""

Reader = Callable[[datetime, datetime], list[Told]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be fetched of a source."""

    read: Reader
    since: datetime
    until: datetime
    disputed_at: str | None = None
    """The provider whose payers may dispute what they paid; None for a carrier."""

    @property
    def spans(self) -> Iterator[tuple[datetime, datetime]]:
        """Cut the time into what is asked for at once."""
        since = self.since
        while since < self.until:
            end = min(since + AT_ONCE, self.until)
            yield since, end
            since = end


def fetch(source_id: UUID) -> None:
    """Fetch a source's books and compare them with ours; no transaction around it.

    What could not be had is written down with the source, and tried again by the clock. One that is switched off is
    only compared.
    """
    plan = in_transaction(lambda: _plan(sources.switch(source_id)))
    failure = (_fetched(source_id, plan) or _searched(plan)) if plan else None
    in_transaction(lambda: comparing.compare(source_id))
    in_transaction(lambda: _note(source_id, failure, was_asked=plan is not None))


def _fetched(source_id: UUID, plan: Plan) -> str | None:
    for since, until in plan.spans:
        try:
            lines = plan.read(since, until)
        except (ProviderError, CarrierError) as error:
            return _words_of(error)
        in_transaction(partial(_keep, source_id, lines, until))
    return None


def _searched(plan: Plan) -> str | None:
    """Open the disputes that the books know of and the portal does not, before the two are compared."""
    if plan.disputed_at is None:
        return None
    try:
        finding_disputes.find(plan.disputed_at, since=min(plan.since, clock.now() - DISPUTED_WITHIN))
    except ProviderError as error:
        return _words_of(error)
    except UnknownProvider:
        return None  # switched off while its books were read: the clock finds it out
    return None


def _words_of(error: ProviderError | CarrierError) -> str:
    return f"{error.reason_code} {error.message}".strip()[:200]


def _keep(source_id: UUID, lines: list[Told], until: datetime) -> None:
    source = db.session.get_one(ReportSource, source_id, with_for_update=True, populate_existing=True)
    keeping.keep(source_id, lines)
    source.fetched_until = max(until, source.fetched_until or until)
    db.session.flush()


def _note(source_id: UUID, failure: str | None, *, was_asked: bool) -> None:
    source = db.session.get_one(ReportSource, source_id, with_for_update=True, populate_existing=True)
    if was_asked is not (source.switched_off_at is None):
        return  # switched off or on meanwhile: the clock has it looked at once more
    source.failure = failure
    source.first_failed_at = (source.first_failed_at or clock.now()) if failure else None
    if was_asked and failure is None:
        source.fetched_at = clock.now()
    source.next_at = clock.now() + AGAIN_AFTER if failure else sources.next_fetch()
    db.session.flush()


def _plan(source: ReportSource) -> Plan | None:
    if source.switched_off_at is not None:
        return None
    now = clock.now()
    match source.kind:
        case SourceKind.BANK:
            raise LookupError("people bring the lines of the bank")
        case SourceKind.PROVIDER:
            provider = providers.get(source.name)
            until = provider.books_end(now=now)

            def read(since: datetime, until: datetime) -> list[Told]:
                return [keeping.of_booking(booking) for booking in provider.bookings(since=since, until=until)]

        case SourceKind.CARRIER:
            carrier = carriers.get(source.name)
            until = now

            def read(since: datetime, until: datetime) -> list[Told]:
                return [keeping.of_cost(cost) for cost in carrier.costs(since=since, until=until)]

    begins_at = source.fetched_until or sources.money_since([source]).get(source.id) or now
    provider_name = source.name if source.kind is SourceKind.PROVIDER else None
    return Plan(read, begins_at - OVERLAP, until, provider_name)
