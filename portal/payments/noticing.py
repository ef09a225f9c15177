"""The webhook inbox: verified, kept once, and answered; what a notice says is believed only after asking."""

import json
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from portal.core import clock, ids, outbox, queue
from portal.core.db import Statement, after_commit, db, execute, in_transaction, value_of_last
from portal.core.outbox import TryLater
from portal.payments import calls, purposes, queries, registry, sending_back, settling
from portal.payments.models import ForgedNotices, Payment
from portal.payments.providers.base import Forged, Notice, NoticeKind, Retry

KEPT_HEADERS = ("content-type", "user-agent", "request-id", "wechatpay-serial", "wechatpay-timestamp")
KEPT_PREFIXES = ("paypal-", "stripe-")


class Told(settling.Askable, Protocol):
    """What a webhook hinted at, and the payment that it names; all of that one is None where there is none."""

    kind: str
    provider: str
    told_reference: str | None
    told_provider_id: str | None
    is_handled: bool


def receive(provider_name: str, *, headers: Mapping[str, str], body: bytes) -> tuple[int, str, str]:
    """Take a webhook in and give what to answer (status, type, body); the same event again changes nothing.

    No transaction around it: PayPal's are verified by asking PayPal.

    Raises:
        UnknownProvider: the portal is not paid through it.
        Forged: its signature is not good; it is counted, and nothing of it kept.
        Retry: it could not be verified now; the provider sends it again.
    """
    provider = in_transaction(lambda: registry.get(provider_name))
    try:
        notice = provider.notice(headers=headers, body=body, now=clock.now())
    except Forged as error:
        why = str(error.parts.get("why", "wrong"))[:20]
        in_transaction(lambda: _count_forged(provider_name, why))
        raise
    in_transaction(lambda: keep(provider_name, notice, headers=headers, body=body))
    return provider.taken


def keep(provider_name: str, notice: Notice, *, headers: Mapping[str, str], body: bytes) -> None:
    """Keep a notice whose signature was good, and have it looked into, once; its transaction's last."""
    kept = {
        name: value
        for name, value in headers.items()
        if name.lower() in KEPT_HEADERS or name.lower().startswith(KEPT_PREFIXES)
    }
    outcome = value_of_last(
        Statement(
            _KEEP,
            {
                "id": ids.new_id(),
                "provider": provider_name,
                "event_id": notice.event_id[:255],
                "kind": notice.kind.value,
                "word": notice.word[:120],
                "reference": notice.reference[:64] if notice.reference else None,
                "provider_id": notice.provider_id[:255] if notice.provider_id else None,
                "occurred_at": notice.occurred_at,
                "now": clock.now(),
                "headers": json.dumps(kept),
                "body": body,
                "work_id": ids.new_id(),
            },
        ),
        done="kept",
    )
    if outcome == "kept":
        after_commit(queue.ring)


_KEEP = """
    SELECT keep_notice(%(id)s, %(provider)s, %(event_id)s, %(kind)s, %(word)s, %(reference)s, %(provider_id)s,
                       %(occurred_at)s, %(now)s, %(headers)s, %(body)s, %(work_id)s)
"""


def look_into(notice_id: UUID) -> None:
    """Ask the provider about what a notice hints at, and move that forward.

    Raises:
        TryLater: the provider could not be asked, or has not finished.
    """
    notice, question = in_transaction(lambda: _read(notice_id))
    if notice.is_handled:
        return
    try:
        if question is not None:
            settling.put(question, notice_id=notice_id)
            return
        if notice.kind == NoticeKind.REFUND:
            _look_into_refund(notice)
        elif notice.kind == NoticeKind.DISPUTE and notice.told_provider_id:
            for told in purposes.DISPUTES:
                told(notice.provider, notice.told_provider_id)
    except Retry as error:
        raise TryLater(outbox.backoff(4), error.reason_code) from error
    in_transaction(lambda: calls.mark_handled(notice_id))


def _look_into_refund(notice: Told) -> None:
    refund_id = in_transaction(
        lambda: queries.refund_by_reference(notice.provider, notice.told_reference, notice.told_provider_id)
    )
    if refund_id is not None:
        sending_back.carry_out(refund_id)


# Columns, not rows of the models: notices come in thousands.
_READ = """
    SELECT notice.kind, notice.provider, notice.reference AS told_reference, notice.provider_id AS told_provider_id,
           notice.handled_at IS NOT NULL AS is_handled,
           payment.id, payment.purpose, payment.reference, payment.provider_id, payment.state, payment.expires_at
    FROM payment_notices notice
    LEFT JOIN payments payment ON payment.provider = notice.provider AND payment.reference = notice.reference
    WHERE notice.id = %(id)s
"""


def _read(notice_id: UUID) -> tuple[Told, settling.Question | None]:
    (notice,) = execute(_READ, {"id": notice_id})
    if notice.kind != NoticeKind.PAYMENT or notice.is_handled:
        return notice, None
    if notice.id is not None:
        return notice, settling.question_about(notice)
    payment = None
    if not notice.told_reference and notice.told_provider_id:
        payment = db.session.scalar(
            select(Payment).where(
                Payment.provider == notice.provider,
                or_(Payment.provider_id == notice.told_provider_id, Payment.capture_id == notice.told_provider_id),
            )
        )
    return notice, settling.question_about(payment)


def _count_forged(provider_name: str, why: str) -> None:
    db.session.execute(
        insert(ForgedNotices)
        .values(provider=provider_name, received_on=clock.now().date().isoformat(), why=why, times=1)
        .on_conflict_do_update(constraint="pk_forged_notices", set_={"times": ForgedNotices.times + 1})
    )


def forged_since(day: str) -> int:
    """Count the webhooks refused for their signature since a day (`2026-11-22`, UTC)."""
    return int(db.session.scalar(select(func.sum(ForgedNotices.times)).where(ForgedNotices.received_on >= day)) or 0)
