"""How every account stands that was compared, whose books are missing, and whether everything is explained."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.core import clock
from portal.core.db import db, existing
from portal.core.money import Money
from portal.reconciliation import ageing, queries, seen, sources
from portal.reconciliation.ageing import Bucket
from portal.reconciliation.models import (
    STANDING,
    Difference,
    DifferenceState,
    Mend,
    MendState,
    ReconciledAccount,
    ReportSource,
    SourceKind,
)
from portal.reconciliation.seen import Books


@dataclass(frozen=True, slots=True)
class Standing:
    """One currency of a source: both balances, and what of the gap between them is explained."""

    source: ReportSource
    books: Books
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
        """Whether everything is explained, and nothing of their books is missing."""
        return not self.open_count and not self.unexplained and not self.books.are_missing


@dataclass(frozen=True, slots=True)
class Shelf:
    """A source with how far its books are here."""

    source: ReportSource
    books: Books


@dataclass(frozen=True, slots=True)
class Summary:
    """Whether everything is explained, in one glance."""

    accounts: list[Standing]
    shelves: list[Shelf]

    @property
    def is_green(self) -> bool:
        """Whether every account is, and nobody's books are missing, though nothing of theirs was compared yet."""
        return all(account.is_green for account in self.accounts) and not self.missing

    @property
    def missing(self) -> list[Shelf]:
        """Those whose books are missing."""
        return [shelf for shelf in self.shelves if shelf.books.are_missing]

    @property
    def open_count(self) -> int:
        """How many differences nobody has explained."""
        return sum(account.open_count for account in self.accounts)


@dataclass(frozen=True, slots=True)
class Aged:
    """The differences of an account that arose in a span of days."""

    bucket: Bucket
    open: Money
    open_count: int
    explained: Money
    explained_count: int


def summary() -> Summary:
    """Give every account that was compared, one a currency, and every source, with books fetched or not."""
    shelves = _shelves()
    return Summary(_listed(shelves), shelves)


def count_overdue() -> int:
    """Count the sources whose books are missing for so long that somebody has to look."""
    return sum(shelf.books.is_overdue for shelf in _shelves())


def of_account(kind: SourceKind, name: str, currency: str) -> Standing:
    """Give an account.

    Raises:
        NotFound: nothing was compared there.
    """
    found = (
        one
        for one in summary().accounts
        if (one.source.kind, one.source.name, one.theirs.currency) == (kind, name, currency)
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


def _shelves() -> list[Shelf]:
    listed, now = queries.sources(), clock.now()
    moved = sources.money_since(listed)
    compared = dict(
        db.session.execute(
            select(ReconciledAccount.source_id, func.min(ReconciledAccount.compared_at)).group_by(
                ReconciledAccount.source_id
            )
        ).all()
    )
    return [
        Shelf(
            source,
            seen.books(source, money_since=moved.get(source.id), compared_at=compared.get(source.id), now=now),
        )
        for source in listed
    ]


def _listed(shelves: list[Shelf]) -> list[Standing]:
    accounts = db.session.scalars(
        select(ReconciledAccount)
        .join(ReconciledAccount.source)
        .options(joinedload(ReconciledAccount.source))
        .order_by(ReportSource.kind, ReportSource.name, ReconciledAccount.currency)
        .execution_options(populate_existing=True)
    )
    books = {shelf.source.id: shelf.books for shelf in shelves}
    sums, proposed = _sums(), _proposed()
    return [_standing(account, books.get(account.source_id, seen.AT_THE_BANK), sums, proposed) for account in accounts]


def _standing(
    account: ReconciledAccount,
    books: Books,
    sums: dict[tuple[UUID, str, DifferenceState], tuple[int, int]],
    proposed: dict[tuple[UUID, str], int],
) -> Standing:
    def money(minor: int) -> Money:
        return Money(minor, account.currency)

    opened = sums.get((account.source_id, account.currency, DifferenceState.OPEN), (0, 0))
    explained = sums.get((account.source_id, account.currency, DifferenceState.EXPLAINED), (0, 0))
    return Standing(
        source=account.source,
        books=books,
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
