"""Whose books there are: every provider with its payouts at the bank, and every carrier."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.carriers import registry as carriers
from portal.carriers.registry import UnknownCarrier
from portal.core import clock, due, outbox
from portal.core.db import db, execute, existing
from portal.core.errors import NotFound
from portal.core.ids import new_id
from portal.payments import registry as providers
from portal.payments.errors import UnknownProvider
from portal.payments.models import Payment
from portal.reconciliation.models import ReportSource, SourceKind

FETCHED_DAILY_AT = time(2, 30, tzinfo=UTC)
"""Half an hour after Alipay and WeChat Pay have written yesterday's bills, at ten in the morning in Beijing."""

PATIENCE = timedelta(hours=1)
"""So long a fetch may take before the clock has it tried again."""


def ensure() -> None:
    """Have a source for every provider and carrier that can be asked, and ask those no more that no longer can."""
    usable = list(providers.usable())
    wanted = [
        *((SourceKind.PROVIDER, name) for name in usable),
        *((SourceKind.BANK, name) for name in usable),
        *((SourceKind.CARRIER, name) for name in carriers.names()),
    ]
    rows = db.session.scalars(select(ReportSource).execution_options(populate_existing=True))
    standing = {(source.kind, source.name): source for source in rows}
    missing = [pair for pair in wanted if pair not in standing]
    if missing:
        new = [
            {"id": new_id(), "kind": kind, "name": name, "next_at": None if kind is SourceKind.BANK else next_fetch()}
            for kind, name in missing
        ]
        db.session.execute(insert(ReportSource).on_conflict_do_nothing(), new)
    for source in standing.values():
        if source.kind is not SourceKind.BANK and can_be_asked(source) is (source.switched_off_at is not None):
            switch(source.id)


def can_be_asked(source: ReportSource) -> bool:
    """Tell whether a provider or carrier is set up here; one that takes no new payments is still asked."""
    try:
        (carriers if source.kind is SourceKind.CARRIER else providers).get(source.name)
    except (UnknownProvider, UnknownCarrier):
        return False
    return True


def switch(source_id: UUID) -> ReportSource:
    """Write down whether a source can be asked, and since when it cannot; the clock then looks at it once more at once.

    One that is switched off is not asked again, but its past stays compared; set up again, it is asked from where its
    books end.
    """
    source = db.session.get_one(ReportSource, source_id, with_for_update=True, populate_existing=True)
    is_on = can_be_asked(source)
    if is_on is (source.switched_off_at is not None):
        now = clock.now()
        source.switched_off_at = None if is_on else now
        source.failure, source.first_failed_at, source.next_at = None, None, now
        db.session.flush()
    return source


def fetch_due() -> None:
    """Have every source fetched that is due; for the clock, two of which do no harm."""
    now = clock.now()
    sources = due.take(ReportSource, ReportSource.next_at, now=now)
    for source in sources:
        source.next_at = now + PATIENCE
    outbox.add_each("reconciliation.fetch", [source.id for source in sources])
    db.session.flush()


def fetch_now(source_id: UUID | None = None) -> None:
    """Have one source fetched now, or all of them.

    Raises:
        NotFound: there is no such source.
    """
    ensure()
    query = select(ReportSource.id).where(ReportSource.kind != SourceKind.BANK)
    if source_id is not None:
        query = query.where(ReportSource.id == source_id)
    found = db.session.scalars(query.order_by(ReportSource.kind, ReportSource.name)).all()
    if not found:
        raise NotFound
    outbox.add_each("reconciliation.fetch", found)


def lock(source: ReportSource) -> None:
    """Wait for the turn of a provider, together with its lines at the bank, or of a carrier; read what is locked anew.

    Who compares, matches or makes good takes it first, then the line at the bank, then the difference: they go one
    after the other, and what one looks at no other books meanwhile.
    """
    kind = SourceKind.PROVIDER if source.kind is SourceKind.BANK else source.kind
    db.session.scalars(
        select(ReportSource)
        .where(ReportSource.kind == kind, ReportSource.name == source.name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()  # who waited goes on from how far the books are by now


def by_name(kind: SourceKind, name: str) -> ReportSource:
    """Give a source.

    Raises:
        NotFound: there is none.
    """
    query = (
        select(ReportSource)
        .where(ReportSource.kind == kind, ReportSource.name == name)
        .execution_options(populate_existing=True)
    )
    return existing(db.session.scalar(query))


def money_since(sources: Sequence[ReportSource]) -> dict[UUID, datetime]:
    """Tell of each source when money first moved there; a source is left out where it never did.

    What a payer paid otherwise than asked counts too, though no account of ours ever held it.
    """
    names = {f"{_ACCOUNTS[source.kind]}:{source.name}": source for source in sources if source.kind in _ACCOUNTS}
    posted = {row.name: row.at.astimezone(UTC) for row in execute(_FIRST_POSTED, {"names": list(names)})}
    unposted = [
        source.name for name, source in names.items() if name not in posted and source.kind is SourceKind.PROVIDER
    ]
    paid = db.session.execute(
        select(Payment.provider, func.min(Payment.settled_at))
        .where(Payment.provider.in_(unposted), Payment.settled_at.is_not(None))
        .group_by(Payment.provider)
    )
    posted |= {f"clearing:{provider}": at for provider, at in paid}
    return {names[name].id: at for name, at in posted.items()}


_ACCOUNTS = {SourceKind.PROVIDER: "clearing", SourceKind.CARRIER: "carrier_payable"}

_FIRST_POSTED = """
    SELECT name, min(posted_at) AS at
    FROM ledger_accounts account
    CROSS JOIN LATERAL (
        (SELECT posted_at FROM ledger_transfers WHERE debit_account_id = account.id ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT posted_at FROM ledger_transfers WHERE credit_account_id = account.id ORDER BY id LIMIT 1)
    ) moved
    WHERE name = ANY(%(names)s)
    GROUP BY name
"""


def next_fetch() -> datetime:
    """Tell when the next daily fetch is."""
    now = clock.now()
    today = datetime.combine(now.date(), FETCHED_DAILY_AT)
    return today if now < today else today + timedelta(days=1)
