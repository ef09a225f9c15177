"""Seal the audit log in the background, and prove later that no record was altered or taken out."""

from datetime import timedelta

from sqlalchemy import select, text

from portal.audit.models import AuditSeal
from portal.core import clock
from portal.core.db import db

SETTLED_AFTER = timedelta(seconds=30)
"""A record younger than this may still have an elder sister whose transaction has not committed."""

_DIGEST = text(
    """
    SELECT sha256(CAST(:previous AS bytea) || convert_to(coalesce(string_agg(line, chr(10) ORDER BY id), ''), 'UTF8')),
           count(*), max(id)
    FROM (
        SELECT id, concat_ws('|', id, extract(epoch FROM at), actor_kind, actor_id, actor_name, act, subject_kind,
                             subject_id, before::text, after::text, address, request_id) AS line
        FROM audit_log
        WHERE id > :after AND id <= :until
    ) AS lines
    """
)


def seal() -> int:
    """Seal every settled record that is not sealed yet; tell how many."""
    last = db.session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1).with_for_update())
    until = db.session.scalar(
        text("SELECT max(id) FROM audit_log WHERE at < :settled"), {"settled": clock.now() - SETTLED_AFTER}
    )
    after = last.last_id if last else 0
    if until is None or until <= after:
        return 0
    digest, count, last_id = _digest(last.digest if last else b"", after=after, until=until)
    db.session.add(
        AuditSeal(first_id=after + 1, last_id=last_id, digest=digest, sealed_at=clock.now()),
    )
    db.session.flush()  # the clock's transaction must fail here if another clock sealed the same run
    return count


def broken_seals() -> list[AuditSeal]:
    """List the seals that no longer match the records under them, the first being nearest to the change."""
    broken: list[AuditSeal] = []
    previous = b""
    for sealed in db.session.scalars(select(AuditSeal).order_by(AuditSeal.id)):
        digest, _, _ = _digest(previous, after=sealed.first_id - 1, until=sealed.last_id)
        if digest != sealed.digest:
            broken.append(sealed)
        previous = sealed.digest
    return broken


def _digest(previous: bytes, *, after: int, until: int) -> tuple[bytes, int, int]:
    digest, count, last_id = db.session.execute(_DIGEST, {"previous": previous, "after": after, "until": until}).one()
    return bytes(digest), count, last_id or until
