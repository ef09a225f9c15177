"""Book what providers keep of payments and refunds that are known here."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from portal.audit import log
from portal.core import clock
from portal.core.actor import WORKER
from portal.core.db import db
from portal.ledger import chart, journal
from portal.ledger.journal import EntryDraft, Line
from portal.payments.models import Payment
from portal.reconciliation.models import ReportLine, ReportLineKind, ReportSource

AT_ONCE = 500


def book(source: ReportSource) -> None:
    """Book the fees of a provider's payments and refunds, each once.

    A fee of a payment that is another one than the provider told when it was paid is not booked: finance looks first.
    """
    while lines := _next(source):
        journal.post(*(_entry(source, line) for line in lines))
        now, counts, sums = clock.now(), Counter[str](), Counter[str]()
        for line in lines:
            line.fee_booked_at = now
            counts[line.fee_currency] += 1
            sums[line.fee_currency] += line.fee_minor
        db.session.flush()
        for currency, minor in sums.items():
            log.record(
                actor=WORKER,
                act="reconciliation.book_fees",
                subject=("report_source", source.id),
                after={"provider": source.name, "lines": counts[currency], "fee_minor": minor, "currency": currency},
            )


def _next(source: ReportSource) -> Sequence[ReportLine]:
    as_told = or_(
        Payment.fee_minor.is_(None),
        and_(Payment.fee_minor == ReportLine.fee_minor, Payment.fee_currency == ReportLine.fee_currency),
    )
    return db.session.scalars(
        select(ReportLine)
        .outerjoin(Payment, Payment.id == ReportLine.payment_id)
        .where(
            ReportLine.source_id == source.id,
            ReportLine.fee_booked_at.is_(None),
            ReportLine.fee_minor != 0,
            or_(
                and_(ReportLine.kind == ReportLineKind.PAYMENT, ReportLine.payment_id.is_not(None), as_told),
                and_(ReportLine.kind == ReportLineKind.REFUND, ReportLine.refund_id.is_not(None)),
            ),
        )
        .order_by(ReportLine.id)
        .limit(AT_ONCE)
    ).all()


def _entry(source: ReportSource, line: ReportLine) -> EntryDraft:
    accounts = (chart.PROVIDER_FEES, chart.clearing(source.name))
    debit, credit = accounts if line.fee_minor > 0 else accounts[::-1]
    return EntryDraft(
        key=f"fee:{line.id}",
        kind="provider_fee",
        subject_kind="report_line",
        subject_id=line.id,
        currency=line.fee_currency,
        lines=(Line(debit, credit, abs(line.fee_minor)),),
    )
