"""Keep what others' books say: every line once, and what a line says later beside what it said first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from portal.carriers.base import CostLine
from portal.core import clock
from portal.core.db import db
from portal.core.ids import new_id
from portal.core.money import Money
from portal.payments.providers.base import Booking
from portal.reconciliation.models import ReportLine, ReportLineKind

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """A line as it was fetched just now."""

    kind: ReportLineKind
    line_id: str
    reference: str | None
    gross: Money
    fee: Money
    booked_at: datetime
    payout_id: str | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What must not change any more once it was told."""
        return {
            "reference": self.reference,
            "currency": self.gross.currency,
            "gross_minor": self.gross.minor,
            "fee_currency": self.fee.currency,
            "fee_minor": self.fee.minor,
        }


def of_booking(booking: Booking) -> Told:
    """Read a line of a provider's books."""
    known = booking.kind in {kind.value for kind in ReportLineKind}
    return Told(
        kind=ReportLineKind(booking.kind) if known else ReportLineKind.OTHER,
        line_id=booking.provider_id[:255],
        reference=booking.reference[:255] if booking.reference else None,
        gross=booking.gross,
        fee=booking.fee,
        booked_at=booking.booked_at,
        # Which payout brought a payment is nothing to compare; the payout itself is.
        payout_id=booking.payout_id if booking.kind == "payout" else None,
    )


def of_cost(cost: CostLine) -> Told:
    """Read a line of a carrier's bill."""
    nothing = Money(0, cost.amount.currency)
    return Told(ReportLineKind.COST, cost.line_id, cost.reference, cost.amount, nothing, cost.booked_at)


def keep(source_id: UUID, lines: Iterable[Told]) -> int:
    """Keep the lines that are new and note those that changed; tell how many of either. The same again changes nothing.

    A line that says what it said first is no longer a changed one.
    """
    told = list({(line.kind, line.line_id): line for line in lines}.values())
    chunks = [told[start : start + AT_ONCE] for start in range(0, len(told), AT_ONCE)]
    return sum(_keep(source_id, chunk) for chunk in chunks)


def _keep(source_id: UUID, told: list[Told]) -> int:
    standing = {
        (line.kind, line.line_id): line
        for line in db.session.scalars(
            select(ReportLine)
            .where(
                ReportLine.source_id == source_id,
                tuple_(ReportLine.kind, ReportLine.line_id).in_([(line.kind, line.line_id) for line in told]),
            )
            .execution_options(populate_existing=True)
        )
    }
    new = [_row(source_id, line) for line in told if (line.kind, line.line_id) not in standing]
    if new:
        # Somebody may be fetching the same beside us: then the line is theirs.
        db.session.execute(insert(ReportLine).on_conflict_do_nothing(), new)
    changes = [_note(standing[line.kind, line.line_id], line) for line in told if (line.kind, line.line_id) in standing]
    db.session.flush()
    return len(new) + sum(changes)


def _note(line: ReportLine, told: Told) -> bool:
    first = Told(line.kind, line.line_id, line.reference, line.gross, line.fee, line.booked_at).content
    now_says = None if told.content == first else told.content
    if now_says == line.changed:
        return False
    line.changed = now_says
    line.changed_at = clock.now() if now_says else None
    return True


def _row(source_id: UUID, told: Told) -> dict[str, Any]:
    return {
        "id": new_id(),
        "source_id": source_id,
        "kind": told.kind,
        "line_id": told.line_id,
        "booked_at": told.booked_at,
        "payout_id": told.payout_id,
        "fetched_at": clock.now(),
        **told.content,
    }
