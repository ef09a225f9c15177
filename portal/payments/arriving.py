"""Settle a payment that came exactly as it was asked for: one call of the database, see docs/adr/0019."""

import json
from uuid import UUID

from portal.core import clock, ids, queue, settings
from portal.core.actor import WORKER
from portal.core.db import Statement, after_commit, value_of_last
from portal.payments import purposes
from portal.payments.models import PaymentAct, PaymentPurpose
from portal.payments.providers.base import PaymentState, Standing

_SETTLE = """
    SELECT settle_payment(
        %(payment_id)s, %(notice_id)s, %(act)s, %(answer)s, %(paid)s, %(paid_currency)s, %(provider_id)s,
        %(capture_id)s, %(decline_code)s, %(fee)s, %(fee_currency)s, %(settled_at)s, %(today)s, %(entry_id)s,
        %(work_id)s, %(now)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(address)s, %(request_id)s)
"""


def settle(
    payment_id: UUID, purpose: PaymentPurpose, *, act: PaymentAct, standing: Standing | None, notice_id: UUID | None
) -> bool:
    """Settle a payment, book what it was for and mark the webhook that told of it as handled; the transaction's last.

    False when anything is not as it was asked for: nothing was written, and the answer is to be looked at closely.
    """
    if standing is None or standing.state is not PaymentState.SETTLED or standing.amount is None:
        return False
    if standing.saved is not None or purposes.SETTLES[purpose] not in purposes.KNOWN_TO_THE_DATABASE:
        return False
    now = clock.now()
    fee = standing.fee
    outcome = value_of_last(
        Statement(
            _SETTLE,
            {
                "payment_id": payment_id,
                "notice_id": notice_id,
                "act": act.value,
                "answer": json.dumps(standing.raw),
                "paid": standing.amount.minor,
                "paid_currency": standing.amount.currency,
                "provider_id": standing.provider_id or None,
                "capture_id": standing.capture_id or None,
                "decline_code": (standing.decline_code or "")[:120] or None,
                "fee": fee.minor if fee else None,
                "fee_currency": fee.currency if fee else None,
                "settled_at": standing.settled_at or now,
                "today": clock.day_of(now, settings.current().time_zone).isoformat(),
                "entry_id": ids.new_id(),
                "work_id": ids.new_id(),
                "now": now,
                **WORKER.columns,
            },
        ),
        done="settled",
    )
    if outcome == "settled" and purpose is PaymentPurpose.RENEWAL:
        after_commit(queue.ring)
    return outcome == "settled"
