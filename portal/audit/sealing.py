"""Seal the audit log in the background, and prove later that no record was altered or taken out."""

from sqlalchemy import select, text

from portal.audit.models import AuditSeal
from portal.core import clock, settled
from portal.core.db import db

_ONE_CLOCK = 0x5EA1
"""The advisory lock of the one clock that seals: two seals over the same records would break the chain."""

# A record as a row's text: unlike joined columns it tells NULL from empty, and where each value ends.
_LINES = """
    SELECT convert_to(coalesce(string_agg(ROW(id, extract(epoch FROM at), actor_kind, actor_id, actor_name, act,
                                              subject_kind, subject_id, before, after, address, request_id)::text,
                                          chr(10) ORDER BY id), ''), 'UTF8')
    FROM audit_log
"""

_MAY_SEAL = text("SELECT pg_try_advisory_xact_lock(:key)")

_LAST = text("SELECT max(id), pg_current_snapshot()::text FROM audit_log")

_SEAL = text(
    f"""
    WITH made AS (
        INSERT INTO audit_seals (first_id, last_id, digest, sealed_at)
        SELECT coalesce(max(last_id), 0) + 1, :until,
               sha256(coalesce((SELECT digest FROM audit_seals ORDER BY id DESC LIMIT 1), '')
                      || ({_LINES} WHERE id > coalesce(max(sealed.last_id), 0) AND id <= :until)),
               :now
        FROM audit_seals sealed
        HAVING coalesce(max(last_id), 0) < :until
        RETURNING first_id, last_id
    )
    SELECT count(*) FROM made JOIN audit_log ON audit_log.id BETWEEN first_id AND last_id
    """
)

_BROKEN = text(
    f"""
    SELECT id
    FROM (SELECT *, lag(digest, 1, '') OVER (ORDER BY id) AS digest_before,
                 lag(last_id, 1, 0::bigint) OVER (ORDER BY id) AS sealed_before FROM audit_seals) seal
    WHERE first_id <> sealed_before + 1
          OR digest <> sha256(digest_before || ({_LINES} WHERE audit_log.id BETWEEN first_id AND last_id))
    ORDER BY id
    """
)


def seal() -> int:
    """Seal every record that is not sealed yet; tell how many.

    Seals up to a record below which nothing can appear any more; 0 when there is nothing new, when another clock is
    sealing, or when somebody has been writing for too long: the next round does it.
    """
    if not db.session.scalar(_MAY_SEAL, {"key": _ONE_CLOCK}):
        return 0
    last_id, seen = db.session.execute(_LAST).one()
    if last_id is None or not settled.wait_for_writers(seen):
        return 0
    return db.session.scalar(_SEAL, {"until": last_id, "now": clock.now()}) or 0


def broken_seals() -> list[AuditSeal]:
    """List the seals that no longer match the records under them, the first being nearest to the change."""
    ids = list(db.session.scalars(_BROKEN))
    return list(db.session.scalars(select(AuditSeal).where(AuditSeal.id.in_(ids)).order_by(AuditSeal.id)))
