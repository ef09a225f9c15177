"""How every account stands that was compared: both balances, what explains the gap, and how old the rest is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.core import clock
from portal.core.db import db, existing
from portal.core.money import Money
from portal.reconciliation import ageing
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

OVERDUE_AFTER = timedelta(hours=36)
"""Books that were not fetched for longer than a day and a night are not known to be right."""


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


def is_behind(source: ReportSource) -> bool:
    """Tell whether a source's books could not be had, or are too old."""
    if source.kind is SourceKind.BANK:
        return False
    return source.failure is not None or (source.fetched_at is None or clock.now() - source.fetched_at > OVERDUE_AFTER)


def listed() -> list[Standing]:
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


def of_account(kind: SourceKind, name: str, currency: str) -> Standing:
    """Give an account.

    Raises:
        NotFound: nothing was compared there.
    """
    found = (
        one for one in listed() if (one.source.kind, one.source.name, one.theirs.currency) == (kind, name, currency)
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
