"""Explain a difference, or open it again."""

from uuid import UUID

from portal.audit import log
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db, existing
from portal.core.errors import InvalidInput
from portal.reconciliation import ageing
from portal.reconciliation.errors import DifferenceMoved
from portal.reconciliation.models import Difference, DifferenceState, Explanation

LONGEST_NOTE = 500


def explain(*, difference_id: UUID, explanation: Explanation, note: str, actor: Actor) -> Difference:
    """Say why a difference may stand; one that is to close by itself opens again when it has not done so in time.

    Raises:
        InvalidInput: the note is missing or too long, or the difference is too old to close by itself.
        DifferenceMoved: both sides say the same by now.
        NotFound: there is none.
    """
    words = checked_note(note)
    difference = locked(difference_id)
    if explanation is Explanation.TIMING and (
        ageing.days_old(difference.arisen_at, now=clock.now()) > ageing.TIMING_DAYS
    ):
        raise InvalidInput(field="explanation", reason="too_old_for_timing", days=ageing.TIMING_DAYS)
    difference.state, difference.explanation, difference.note = DifferenceState.EXPLAINED, explanation, words
    difference.explained_by_name, difference.explained_at = actor.name, clock.now()
    difference.reopened_by_name = difference.reopened_at = None
    db.session.flush()  # written before it is recorded
    log.record(
        actor=actor,
        act="reconciliation.explain",
        subject=("difference", difference.id),
        after={"explanation": explanation.value, "note": words, **facts(difference)},
    )
    return difference


def reopen(*, difference_id: UUID, actor: Actor) -> Difference:
    """Take an explanation back; the portal gives none by itself until the difference changes.

    Raises:
        DifferenceMoved: it is not explained, or both sides say the same by now.
        NotFound: there is none.
    """
    difference = locked(difference_id)
    if difference.state is not DifferenceState.EXPLAINED:
        raise DifferenceMoved
    before = {"explanation": difference.explanation, "note": difference.note}
    difference.state, difference.explanation, difference.note = DifferenceState.OPEN, None, ""
    difference.reopened_by_name, difference.reopened_at = actor.name, clock.now()
    db.session.flush()  # written before it is recorded
    log.record(
        actor=actor,
        act="reconciliation.reopen",
        subject=("difference", difference.id),
        before=before,
        after=facts(difference),
    )
    return difference


def locked(difference_id: UUID) -> Difference:
    """Lock a difference that still stands.

    Raises:
        DifferenceMoved: both sides say the same by now.
        NotFound: there is none.
    """
    difference = existing(db.session.get(Difference, difference_id, with_for_update=True, populate_existing=True))
    if not difference.is_standing:
        raise DifferenceMoved
    return difference


def checked_note(note: str) -> str:
    """Give what somebody wrote, in one line.

    Raises:
        InvalidInput: nothing was written, or too much.
    """
    words = " ".join(note.split())
    if not words:
        raise InvalidInput(field="note", reason="missing")
    if len(words) > LONGEST_NOTE:
        raise InvalidInput(field="note", reason="too_long", length=LONGEST_NOTE)
    return words


def facts(difference: Difference) -> dict[str, object]:
    """Say of a difference what the audit log keeps."""
    return {
        "kind": difference.kind.value,
        "reference": difference.reference,
        "gap_minor": difference.gap.minor,
        "currency": difference.currency,
    }
