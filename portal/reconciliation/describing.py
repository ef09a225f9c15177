"""Say of a difference what it is about: the payment, refund, renewal or line, and what is the matter with it."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select

from portal.core.db import db
from portal.payments.models import Payment, ProviderRefund, ProviderRefundState
from portal.reconciliation import naming
from portal.reconciliation.models import Difference, ReportLine
from portal.reconciliation.naming import Facts, Key
from portal.reconciliation.sides import BOOKED_REFUNDS, Found
from portal.refunds.models import Dispute
from portal.renewals.models import Renewal

Row = TypeVar("Row", ReportLine, ProviderRefund, Renewal, Payment)


class About:
    """What is known here of the matters whose sides differ."""

    def __init__(self, found: list[Found]) -> None:
        keys = [naming.read(one.key) for one in found]
        self._lines = _by_id(ReportLine, keys, "line")
        self._refunds = _by_id(ProviderRefund, keys, "refund")
        self._renewals = _by_id(Renewal, keys, "renewal")
        payment_ids = {key.id for key in keys if key.about == "payment"}
        payment_ids |= {refund.payment_id for refund in self._refunds.values()}
        payment_ids |= {line.payment_id for line in self._lines.values() if line.payment_id}
        self._payments = _rows(Payment, payment_ids)
        self._going_back = _going_back(payment_ids)
        self._disputed = set(db.session.scalars(select(Dispute.payment_id).where(Dispute.payment_id.in_(payment_ids))))

    def describe(self, difference: Difference, found: Found, *, now: datetime) -> None:
        """Write down what both sides say, and what is the matter."""
        key = naming.read(found.key)
        line, refund, payment = self._rows_of(key)
        facts = Facts(
            theirs_minor=found.theirs_minor,
            ours_minor=found.ours_minor,
            payment=payment.state if payment else None,
            refund=refund.state if refund else None,
            line=line.kind if line else None,
            going_back_minor=self._going_back.get(payment.id, 0) if payment else 0,
            is_disputed=bool(payment and payment.id in self._disputed),
        )
        difference.kind = naming.kind_of(key, facts)
        difference.theirs_minor, difference.ours_minor = found.theirs_minor, found.ours_minor
        difference.arisen_at, difference.seen_at = found.at, now
        difference.payment_id = payment.id if payment else None
        renewal = self._renewals.get(key.id) if key.about == "renewal" else None
        difference.renewal_id = renewal.id if renewal else None
        names = [
            refund.reference if refund else None,
            payment.reference if payment else None,
            renewal.reference if renewal else None,
            (line.reference or line.line_id) if line else None,
        ]
        difference.reference = next((name for name in names if name), key.name)

    def _rows_of(self, key: Key) -> tuple[ReportLine | None, ProviderRefund | None, Payment | None]:
        line = self._lines.get(key.id) if key.about == "line" else None
        refund = self._refunds.get(key.id) if key.about == "refund" else None
        payment_id = key.id if key.about == "payment" else refund.payment_id if refund else None
        if line is not None:
            payment_id = line.payment_id
        return line, refund, self._payments.get(payment_id) if payment_id else None


def _going_back(payment_ids: set[UUID]) -> dict[UUID, int]:
    is_booked = select(ReportLine.id).where(ReportLine.refund_id == ProviderRefund.id).exists()
    rows = db.session.execute(
        select(ProviderRefund.payment_id, func.sum(ProviderRefund.amount_minor))
        .where(
            ProviderRefund.payment_id.in_(payment_ids),
            ProviderRefund.kind.not_in(BOOKED_REFUNDS),
            ProviderRefund.state.in_((ProviderRefundState.PENDING, ProviderRefundState.SUCCEEDED)),
            ~is_booked,
        )
        .group_by(ProviderRefund.payment_id)
    )
    return {payment_id: int(minor) for payment_id, minor in rows}


def _by_id(model: type[Row], keys: Iterable[Key], about: str) -> dict[UUID, Row]:
    return _rows(model, {key.id for key in keys if key.about == about})


def _rows(model: type[Row], ids: set[UUID]) -> dict[UUID, Row]:
    if not ids:
        return {}
    found = db.session.scalars(select(model).where(model.id.in_(ids)).execution_options(populate_existing=True))
    return {row.id: row for row in found}
