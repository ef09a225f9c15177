"""What providers' payouts brought to the bank: recorded by finance, paired with the payout, booked once it has one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from portal.audit import log
from portal.core import bank_references, clock, ids, outbox, settings, uniqueness
from portal.core.actor import WORKER, Actor
from portal.core.db import db
from portal.core.errors import InvalidInput, NotFound
from portal.core.money import Money
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.reconciliation import naming, sources
from portal.reconciliation.errors import PayoutArrived
from portal.reconciliation.models import (
    Difference,
    Mend,
    MendState,
    ReportLine,
    ReportLineKind,
    ReportSource,
    SourceKind,
)

UNDER_WAY_FOR = timedelta(days=30)
"""A payout that left longer ago is not what has just arrived; one day before it left is a matter of time zones."""


_IS_MENDED = (
    select(Mend.id)
    .join(Difference, Difference.id == Mend.difference_id)
    .where(
        Difference.source_id == ReportLine.source_id,
        Difference.key == func.concat("line:", ReportLine.id),
        Mend.state == MendState.POSTED,
    )
    .correlate(ReportLine)
    .exists()
)
"""Whether people booked a line by an entry of their own."""


@dataclass(frozen=True, slots=True)
class Payout:
    """A provider's payout that has not arrived."""

    payout_id: str
    amount: Money
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line at the bank that has no payout."""

    line_id: UUID
    bank_reference: str
    amount: Money
    arrived_at: datetime


def record(*, provider: str, amount: Money, bank_reference: str, received_on: date, actor: Actor) -> ReportLine:
    """Record what a provider's payout brought to the bank; the same bank reference again gives the first one.

    Raises:
        InvalidInput: the amount is not positive, the day is still to come, or the reference is missing, too long, or
            stands for another line.
        NotFound: there is no such provider.
    """
    zone = settings.current().time_zone
    if received_on > clock.today(zone):
        raise InvalidInput(field="received_on", reason="day_in_future")
    arrived_at = clock.start_of(received_on, zone)
    reference = bank_references.read(bank_reference)
    if amount.minor <= 0:
        raise InvalidInput(field="amount", reason="amount_zero")
    bank = sources.by_name(SourceKind.BANK, provider)
    standing = db.session.scalar(
        select(ReportLine).where(
            ReportLine.source_id == bank.id,
            ReportLine.kind == ReportLineKind.ARRIVAL,
            ReportLine.line_id == reference,
        )
    )
    if standing is not None:
        if (standing.gross, standing.booked_at) != (amount, arrived_at):
            raise InvalidInput(field="bank_reference", reason="bank_reference_taken", amount=standing.gross)
        return standing
    line = ReportLine(
        id=ids.new_id(),
        source_id=bank.id,
        kind=ReportLineKind.ARRIVAL,
        line_id=reference,
        reference=None,
        currency=amount.currency,
        gross_minor=amount.minor,
        fee_currency=amount.currency,
        fee_minor=0,
        booked_at=arrived_at,
    )
    db.session.add(line)
    uniqueness.flush("uq_report_lines_source_id_kind_line_id")
    log.record(
        actor=actor,
        act="reconciliation.record_arrival",
        subject=("report_line", line.id),
        after={
            "provider": provider,
            "bank_reference": reference,
            "amount_minor": amount.minor,
            "currency": amount.currency,
        },
    )
    outbox.add("reconciliation.compare", bank.id)
    return line


def pair(arrivals: Iterable[Arrival], payouts: Iterable[Payout]) -> list[tuple[Arrival, Payout]]:
    """Pair lines at the bank with payouts of the same amount; pure.

    A line whose reference names a payout goes with that one; the others, oldest first, with the oldest left.
    """
    free = sorted(payouts, key=lambda payout: (payout.left_at, payout.payout_id))
    waiting = sorted(arrivals, key=lambda arrival: (arrival.arrived_at, arrival.bank_reference))
    pairs: list[tuple[Arrival, Payout]] = []
    for must_be_named in (True, False):
        for arrival in list(waiting):
            payout = next((one for one in free if _fits(arrival, one, must_be_named=must_be_named)), None)
            if payout is not None:
                pairs.append((arrival, payout))
                waiting.remove(arrival)
                free.remove(payout)
    return pairs


def pair_all(provider: ReportSource, bank: ReportSource) -> None:
    """Pair what can be paired of a provider, and book it."""
    arrivals = [
        Arrival(line.id, line.line_id, line.gross, line.booked_at)
        for line in db.session.scalars(
            select(ReportLine).where(ReportLine.source_id == bank.id, ReportLine.payout_id.is_(None), ~_IS_MENDED)
        )
    ]
    for arrival, payout in pair(arrivals, under_way(provider, bank) if arrivals else ()):
        match(line_id=arrival.line_id, payout_id=payout.payout_id, actor=WORKER)


def match(*, line_id: UUID, payout_id: str, actor: Actor) -> ReportLine:
    """Say that a line at the bank is a payout, and book what arrived; what is missing of it stays a difference.

    Raises:
        NotFound: there is no such line, or its provider has no such payout in that currency.
        PayoutArrived: the payout arrived already, or people booked it or the line otherwise.
    """
    line = db.session.get(ReportLine, line_id)
    if line is None or line.kind is not ReportLineKind.ARRIVAL:
        raise NotFound
    bank = db.session.get_one(ReportSource, line.source_id)
    sources.lock(bank)
    line = db.session.get_one(ReportLine, line_id, with_for_update=True, populate_existing=True)
    provider = sources.by_name(SourceKind.PROVIDER, bank.name)
    _check_free(line, payout_id, provider=provider, bank=bank)
    line.payout_id = payout_id
    uniqueness.flush("uq_report_lines_arrival")
    journal.post(
        EntryDraft(
            key=f"arrival:{line.id}",
            kind="provider_payout",
            subject_kind="report_line",
            subject_id=line.id,
            currency=line.currency,
            lines=(Line(chart.BANK, chart.clearing(provider.name), line.gross_minor),),
        )
    )
    log.record(
        actor=actor,
        act="reconciliation.match_arrival",
        subject=("report_line", line.id),
        after={"provider": provider.name, "payout": payout_id, "bank_reference": line.line_id},
    )
    if actor is not WORKER:  # who compares is at it already
        outbox.add("reconciliation.compare", bank.id)
    return line


def under_way(provider: ReportSource, bank: ReportSource) -> list[Payout]:
    """List the payouts of a provider that no line at the bank has, nor an entry that made them good, oldest first."""
    arrived = set(
        db.session.scalars(
            select(ReportLine.payout_id).where(ReportLine.source_id == bank.id, ReportLine.payout_id.is_not(None))
        )
    )
    mended = _mended(provider)
    return [
        payout
        for payout in _payouts(provider)
        if payout.payout_id not in arrived and (payout.payout_id, payout.amount.currency) not in mended
    ]


def _check_free(line: ReportLine, payout_id: str, *, provider: ReportSource, bank: ReportSource) -> None:
    is_mended = db.session.scalar(select(_IS_MENDED).where(ReportLine.id == line.id))
    if line.payout_id is not None or is_mended:
        raise PayoutArrived
    wanted = (payout_id, line.currency)
    if wanted not in {(payout.payout_id, payout.amount.currency) for payout in _payouts(provider)}:
        raise NotFound
    if wanted not in {(payout.payout_id, payout.amount.currency) for payout in under_way(provider, bank)}:
        raise PayoutArrived


def _mended(provider: ReportSource) -> set[tuple[str, str]]:
    """Tell which payouts people booked by an entry of their own, by name and currency."""
    rows = db.session.execute(
        select(Difference.key, Difference.currency)
        .join(Mend, Mend.difference_id == Difference.id)
        .where(
            Difference.source_id == provider.id,
            Difference.key.startswith("payout:"),
            Mend.state == MendState.POSTED,
        )
    )
    return {(naming.read(key).name, currency) for key, currency in rows}


def _payouts(provider: ReportSource) -> list[Payout]:
    # One that came back sums to nothing under its name.
    name = func.coalesce(ReportLine.payout_id, ReportLine.line_id)
    rows = db.session.execute(
        select(name, ReportLine.currency, func.sum(ReportLine.gross_minor), func.min(ReportLine.booked_at))
        .where(ReportLine.source_id == provider.id, ReportLine.kind == ReportLineKind.PAYOUT)
        .group_by(name, ReportLine.currency)
        .having(func.sum(ReportLine.gross_minor) < 0)
        .order_by(func.min(ReportLine.booked_at), name)
    )
    return [Payout(payout_id, Money(-int(minor), currency), at) for payout_id, currency, minor, at in rows]


def _fits(arrival: Arrival, payout: Payout, *, must_be_named: bool) -> bool:
    is_in_time = payout.left_at - timedelta(days=1) <= arrival.arrived_at <= payout.left_at + UNDER_WAY_FOR
    is_named = payout.payout_id.upper() in arrival.bank_reference
    return arrival.amount == payout.amount and is_in_time and (is_named or not must_be_named)
