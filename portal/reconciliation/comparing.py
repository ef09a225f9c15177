"""Compare a source's books with ours: match, book what is beyond doubt, and keep every difference up to date."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from portal.core import clock
from portal.core.actor import WORKER
from portal.core.db import db
from portal.reconciliation import ageing, arriving, fees, matching, mending, sides, sources
from portal.reconciliation.describing import About
from portal.reconciliation.models import (
    STANDING,
    Difference,
    DifferenceState,
    Explanation,
    ReconciledAccount,
    ReportSource,
    SourceKind,
)
from portal.reconciliation.sides import Found, Total


def compare(source_id: UUID) -> None:
    """Compare a source, a provider together with its lines at the bank; doing it again changes nothing."""
    source = db.session.get_one(ReportSource, source_id)
    if source.kind is SourceKind.CARRIER:
        sources.lock(source)
        matching.match(source)
        _compare(source)
        return
    provider = sources.by_name(SourceKind.PROVIDER, source.name)
    bank = sources.by_name(SourceKind.BANK, source.name)
    sources.lock(provider)
    matching.match(provider)
    fees.book(provider)
    arriving.pair_all(provider, bank)
    _compare(provider)
    _compare(bank)


def _compare(source: ReportSource) -> None:
    totals, found = sides.of(source)
    _write_totals(source, totals)
    _write_differences(source, found)
    db.session.flush()
    mending.lapse(source)


def _write_totals(source: ReportSource, totals: Iterable[Total]) -> None:
    db.session.execute(delete(ReconciledAccount).where(ReconciledAccount.source_id == source.id))
    db.session.add_all(
        ReconciledAccount(
            source_id=source.id,
            currency=total.currency,
            theirs_minor=total.theirs_minor,
            ours_minor=total.ours_minor,
            young_minor=total.young_minor,
            compared_at=clock.now(),
        )
        for total in totals
    )


def _write_differences(source: ReportSource, found: list[Found]) -> None:
    now = clock.now()
    known = {
        (difference.key, difference.currency): difference
        for difference in db.session.scalars(
            select(Difference)
            .where(Difference.source_id == source.id)
            .where(Difference.state.in_(STANDING) | Difference.key.in_([one.key for one in found]))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    about = About(found)
    for one in found:
        difference = known.pop((one.key, one.currency), None)
        if difference is None:
            difference = Difference(source_id=source.id, key=one.key, currency=one.currency, found_at=now)
            db.session.add(difference)
            _open(difference)
        elif not difference.is_standing or difference.gap.minor != one.theirs_minor - one.ours_minor:
            # What was explained or mended was another sum.
            _open(difference)
        was = difference.kind
        about.describe(difference, one, now=now)
        if difference.kind is not was:
            _forget_reopening(difference)
        if ageing.is_to_close_by_itself(difference):
            _explain_as_timing(difference, now=now)
        if ageing.has_run_out(difference, now=now):
            _open(difference)
    for difference in known.values():
        if difference.is_standing:
            difference.theirs_minor = difference.ours_minor
            difference.state, difference.ended_at, difference.explanation = DifferenceState.GONE, now, None


def _open(difference: Difference) -> None:
    difference.state, difference.explanation, difference.ended_at = DifferenceState.OPEN, None, None
    _forget_reopening(difference)


def _forget_reopening(difference: Difference) -> None:
    difference.reopened_by_name = difference.reopened_at = None


def _explain_as_timing(difference: Difference, *, now: datetime) -> None:
    difference.state, difference.explanation = DifferenceState.EXPLAINED, Explanation.TIMING
    difference.explained_by_name, difference.explained_at, difference.note = WORKER.name, now, ""
