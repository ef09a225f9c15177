"""Sources, differences, mends and lines as pages read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from portal.core import clock
from portal.core.db import db, existing
from portal.core.pages import PAGE_SIZE, Page, earliest_first, newest_first
from portal.ledger import queries as ledger
from portal.ledger.extracts import PostedEntry
from portal.ledger.models import Entry
from portal.payments.models import Payment, ProviderRefund
from portal.reconciliation import naming
from portal.reconciliation.ageing import Bucket
from portal.reconciliation.models import (
    STANDING,
    Difference,
    DifferenceKind,
    DifferenceState,
    Mend,
    MendState,
    ReportLine,
    ReportLineKind,
    ReportSource,
    SourceKind,
)
from portal.refunds.models import Dispute, Refund

CHUNK = 500


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """Which differences of an account to list."""

    source_id: UUID
    currency: str
    state: DifferenceState | None = None
    """None: those that stand."""
    kind: DifferenceKind | None = None
    bucket: Bucket | None = None


def sources() -> list[ReportSource]:
    """List whose books are fetched, by kind and name; not the bank, whose lines people bring."""
    return list(
        db.session.scalars(
            select(ReportSource)
            .where(ReportSource.kind != SourceKind.BANK)
            .order_by(ReportSource.kind, ReportSource.name)
            .execution_options(populate_existing=True)
        )
    )


def differences(wanted: DifferenceFilter, *, older: str | None = None, newer: str | None = None) -> Page[Difference]:
    """Page through the differences of an account, the oldest first."""
    return earliest_first(_matching(wanted), Difference.arisen_at, Difference.id, older=older, newer=newer)


def every(wanted: DifferenceFilter) -> Iterator[Sequence[Difference]]:
    """Give all differences that match in chunks, the oldest first, for a file."""
    place, after = tuple_(Difference.arisen_at, Difference.id), None
    while True:
        query = _matching(wanted).order_by(Difference.arisen_at, Difference.id).limit(CHUNK)
        rows = db.session.scalars(query.where(place > after) if after else query).all()
        if not rows:
            return
        yield rows
        after = (rows[-1].arisen_at, rows[-1].id)


def difference(difference_id: UUID) -> Difference:
    """Give a difference with its source.

    Raises:
        NotFound: there is none.
    """
    query = (
        select(Difference)
        .where(Difference.id == difference_id)
        .options(joinedload(Difference.source))
        .execution_options(populate_existing=True)
    )
    return existing(db.session.scalar(query))


def mend(mend_id: UUID) -> Mend:
    """Give a mend.

    Raises:
        NotFound: there is none.
    """
    return existing(db.session.get(Mend, mend_id, populate_existing=True))


def mends_of(difference_id: UUID) -> list[Mend]:
    """List what was proposed to mend a difference, oldest first."""
    return list(
        db.session.scalars(
            select(Mend)
            .where(Mend.difference_id == difference_id)
            .order_by(Mend.id)
            .execution_options(populate_existing=True)
        )
    )


def lines_of(of: Difference) -> list[ReportLine]:
    """List the lines of theirs that a difference is about, oldest first."""
    key = naming.read(of.key)
    conditions: dict[str, ColumnElement[bool]] = {
        "payout": or_(
            (ReportLine.source_id == of.source_id)
            & (func.coalesce(ReportLine.payout_id, ReportLine.line_id) == key.name),
            ReportLine.source_id.in_(_bank_of(of.source_id)) & (ReportLine.payout_id == key.name),
        )
    }
    if key.about != "payout":
        refunds_of = select(ProviderRefund.id).where(ProviderRefund.payment_id == key.id)
        conditions |= {
            "line": ReportLine.id == key.id,
            "refund": ReportLine.refund_id == key.id,
            "renewal": ReportLine.renewal_id == key.id,
            "payment": or_(ReportLine.payment_id == key.id, ReportLine.refund_id.in_(refunds_of)),
        }
    if key.about not in conditions:
        return []
    return list(
        db.session.scalars(
            select(ReportLine)
            .where(conditions[key.about])
            .options(joinedload(ReportLine.source))
            .order_by(ReportLine.booked_at, ReportLine.id)
            .limit(PAGE_SIZE)
        )
    )


def entries_of(of: Difference, lines: Sequence[ReportLine]) -> list[PostedEntry]:
    """List the entries of ours that a difference is about, oldest first."""
    subjects = {of.id, *(line.id for line in lines)}
    key = naming.read(of.key)
    if of.payment_id is not None:
        subjects.add(db.session.get_one(Payment, of.payment_id).subject_id)
        subjects |= set(db.session.scalars(select(Dispute.id).where(Dispute.payment_id == of.payment_id)))
    if of.renewal_id is not None:
        subjects.add(of.renewal_id)
    if key.about == "refund":
        refund_id = db.session.get_one(ProviderRefund, key.id).subject_id
        subjects |= set(db.session.scalars(select(Refund.renewal_id).where(Refund.id == refund_id)))
    if key.about == "entry":
        subjects.add(db.session.get_one(Entry, key.id).subject_id)
    return ledger.entries_of_each(subjects)


def arrivals(*, older: str | None = None, newer: str | None = None) -> Page[ReportLine]:
    """Page through what providers' payouts brought to the bank, the last recorded first."""
    query = (
        select(ReportLine)
        .where(ReportLine.kind == ReportLineKind.ARRIVAL)
        .options(joinedload(ReportLine.source))
        .execution_options(populate_existing=True)
    )
    return newest_first(query, ReportLine.id, older=older, newer=newer)


def waiting_count() -> int:
    """Count the differences that somebody has to explain or make good.

    Not those of held payments, nor those for which an entry is proposed: they wait there, and are counted there.
    """
    is_proposed = select(Mend.id).where(Mend.difference_id == Difference.id, Mend.state == MendState.PROPOSED).exists()
    query = select(func.count()).where(
        Difference.state == DifferenceState.OPEN, Difference.kind != DifferenceKind.HELD_PAYMENT, ~is_proposed
    )
    return db.session.scalar(query) or 0


def proposed_count() -> int:
    """Count the entries that wait for a second person."""
    return db.session.scalar(select(func.count()).where(Mend.state == MendState.PROPOSED)) or 0


def _bank_of(provider_id: UUID) -> Select[UUID]:
    # Another provider may have a payout of the same name.
    name = select(ReportSource.name).where(ReportSource.id == provider_id).scalar_subquery()
    return select(ReportSource.id).where(ReportSource.kind == SourceKind.BANK, ReportSource.name == name)


def _matching(wanted: DifferenceFilter) -> Select[Difference]:
    query = select(Difference).where(Difference.source_id == wanted.source_id, Difference.currency == wanted.currency)
    states = (wanted.state,) if wanted.state else STANDING
    query = query.where(Difference.state.in_(states))
    if wanted.kind:
        query = query.where(Difference.kind == wanted.kind)
    if wanted.bucket:
        since, until = wanted.bucket.span(clock.now())
        query = query.where(Difference.arisen_at <= until)
        if since is not None:
            query = query.where(Difference.arisen_at > since)
    return query
