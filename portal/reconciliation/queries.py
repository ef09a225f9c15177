"""Sources, accounts, differences and lines as pages read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from portal.core import clock
from portal.core.db import db, existing
from portal.core.money import Money
from portal.core.pages import PAGE_SIZE, Page, earliest_first, newest_first
from portal.ledger import queries as ledger
from portal.ledger.extracts import PostedEntry
from portal.ledger.models import Entry
from portal.payments.models import Payment, ProviderRefund
from portal.reconciliation import ageing, naming
from portal.reconciliation.ageing import Bucket
from portal.reconciliation.models import (
    STANDING,
    Difference,
    DifferenceKind,
    DifferenceState,
    Mend,
    MendState,
    ReconciledAccount,
    ReportLine,
    ReportLineKind,
    ReportSource,
    SourceKind,
)
from portal.refunds.models import Dispute, Refund

OVERDUE_AFTER = timedelta(hours=36)
"""Books that were not fetched for longer than a day and a night are not known to be right."""

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """One currency of a source: both balances, and what of the gap between them is explained."""

    source: ReportSource
    theirs: Money
    ours: Money
    young: Money
    """What of ours was booked after their books end."""
    open: Money
    open_count: int
    explained: Money
    explained_count: int
    proposed_count: int
    compared_at: datetime

    @property
    def unexplained(self) -> Money:
        """What of the gap no difference names; zero unless something is wrong with the comparison itself."""
        return self.theirs - self.ours + self.young - self.open - self.explained

    @property
    def is_green(self) -> bool:
        """Whether everything is explained, and the books are not too old."""
        return not self.open_count and not self.unexplained and not is_behind(self.source)


@dataclass(frozen=True, slots=True)
class Aged:
    """The differences of an account that arose in a span of days."""

    bucket: Bucket
    open: Money
    open_count: int
    explained: Money
    explained_count: int


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """Which differences of an account to list."""

    source_id: UUID
    currency: str
    state: DifferenceState | None = None
    """None: those that stand."""
    kind: DifferenceKind | None = None
    bucket: Bucket | None = None


def is_behind(source: ReportSource) -> bool:
    """Tell whether a source's books could not be had, or are too old."""
    if source.kind is SourceKind.BANK:
        return False
    return source.failure is not None or (source.fetched_at is None or clock.now() - source.fetched_at > OVERDUE_AFTER)


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


def standings() -> list[Standing]:
    """List every account that was compared, one a currency."""
    accounts = db.session.scalars(
        select(ReconciledAccount)
        .join(ReconciledAccount.source)
        .options(joinedload(ReconciledAccount.source))
        .order_by(ReportSource.kind, ReportSource.name, ReconciledAccount.currency)
        .execution_options(populate_existing=True)
    )
    sums = _sums()
    proposed = _proposed()
    return [_standing(account, sums, proposed) for account in accounts]


def standing(kind: SourceKind, name: str, currency: str) -> Standing:
    """Give an account.

    Raises:
        NotFound: nothing was compared there.
    """
    found = (
        one for one in standings() if (one.source.kind, one.source.name, one.theirs.currency) == (kind, name, currency)
    )
    return existing(next(found, None))


def aged(source_id: UUID, currency: str) -> list[Aged]:
    """Sum up what stands in an account by its age."""
    now = clock.now()
    rows = db.session.execute(
        select(Difference.state, Difference.arisen_at, Difference.theirs_minor - Difference.ours_minor).where(
            Difference.source_id == source_id, Difference.currency == currency, Difference.state.in_(STANDING)
        )
    ).all()
    nothing = Money(0, currency)
    found = {bucket.name: Aged(bucket, nothing, 0, nothing, 0) for bucket in ageing.BUCKETS}
    for state, arisen_at, minor in rows:
        name, gap = ageing.bucket_of(arisen_at, now=now).name, Money(minor, currency)
        one = found[name]
        if state is DifferenceState.OPEN:
            found[name] = replace(one, open=one.open + gap, open_count=one.open_count + 1)
        else:
            found[name] = replace(one, explained=one.explained + gap, explained_count=one.explained_count + 1)
    return list(found.values())


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
            (ReportLine.kind == ReportLineKind.ARRIVAL) & (ReportLine.payout_id == key.name),
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
    entries = [entry for subject in sorted(subjects) for entry in ledger.entries_of(subject)]
    return sorted(entries, key=lambda entry: entry.posted_at)


def arrivals(*, older: str | None = None, newer: str | None = None) -> Page[ReportLine]:
    """Page through what providers' payouts brought to the bank, the last recorded first."""
    query = (
        select(ReportLine)
        .where(ReportLine.kind == ReportLineKind.ARRIVAL)
        .options(joinedload(ReportLine.source))
        .execution_options(populate_existing=True)
    )
    return newest_first(query, ReportLine.id, older=older, newer=newer)


def open_count() -> int:
    """Count the differences that nobody has explained."""
    return db.session.scalar(select(func.count()).where(Difference.state == DifferenceState.OPEN)) or 0


def proposed_count() -> int:
    """Count the entries that wait for a second person."""
    return db.session.scalar(select(func.count()).where(Mend.state == MendState.PROPOSED)) or 0


def _standing(
    account: ReconciledAccount,
    sums: dict[tuple[UUID, str, DifferenceState], tuple[int, int]],
    proposed: dict[tuple[UUID, str], int],
) -> Standing:
    def money(minor: int) -> Money:
        return Money(minor, account.currency)

    opened = sums.get((account.source_id, account.currency, DifferenceState.OPEN), (0, 0))
    explained = sums.get((account.source_id, account.currency, DifferenceState.EXPLAINED), (0, 0))
    return Standing(
        source=account.source,
        theirs=money(account.theirs_minor),
        ours=money(account.ours_minor),
        young=money(account.young_minor),
        open=money(opened[1]),
        open_count=opened[0],
        explained=money(explained[1]),
        explained_count=explained[0],
        proposed_count=proposed.get((account.source_id, account.currency), 0),
        compared_at=account.compared_at,
    )


def _sums() -> dict[tuple[UUID, str, DifferenceState], tuple[int, int]]:
    gap = func.sum(Difference.theirs_minor - Difference.ours_minor)
    rows = db.session.execute(
        select(Difference.source_id, Difference.currency, Difference.state, func.count(), gap)
        .where(Difference.state.in_(STANDING))
        .group_by(Difference.source_id, Difference.currency, Difference.state)
    )
    return {(source_id, currency, state): (count, int(minor)) for source_id, currency, state, count, minor in rows}


def _proposed() -> dict[tuple[UUID, str], int]:
    rows = db.session.execute(
        select(Difference.source_id, Difference.currency, func.count())
        .join(Mend, Mend.difference_id == Difference.id)
        .where(Mend.state == MendState.PROPOSED)
        .group_by(Difference.source_id, Difference.currency)
    )
    return {(source_id, currency): count for source_id, currency, count in rows}


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
