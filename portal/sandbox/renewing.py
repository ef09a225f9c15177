"""Carry out a submission once, however often its reference is sent."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.sandbox import books, cards
from portal.sandbox.cards import Card
from portal.sandbox.plans import Plan, StandIn

FIRST_CONFIRMATION = 99_100

MESSAGES = {
    "card_not_found": "No such card on our network.",
    "card_suspended": "The card is suspended.",
    "card_expired_too_long": "The card lapsed more than 90 days ago.",
    "plan_not_compatible": "The card cannot take this plan.",
    "plan_not_found": "We do not sell this plan.",
    "carrier_maintenance": "The operator's network is under maintenance.",
    "plan_used": "More than a tenth of the plan's data is used, so it stays sold.",
    "renewed_since": "The card was renewed again since.",
    "not_delivered": "Nothing was delivered under this reference.",
    "submission_expired": "The submission reached us after its not_after; nothing was done.",
}


class ReferenceReused(Exception):
    """The reference already stands for another card or plan."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A renewal as the caller sends it. `not_after` is in seconds of the Unix epoch; later, it is not carried out."""

    reference: str
    iccid: str
    plan_code: str
    not_after: float | None


@dataclass(frozen=True, slots=True)
class Desk:
    """A carrier at work: who it is, what it sells, and whether data is used up as time goes by."""

    stand_in: StandIn
    plans: dict[str, Plan]
    is_draining: bool

    def card(self, connection: sqlite3.Connection, iccid: str, *, now: datetime) -> Card:
        """Find a card as it is now; adopt one never seen."""
        card = books.card(connection, self.stand_in.name, iccid)
        if card is None:
            card = cards.adopt(self.stand_in.name, iccid, plans=self.plans, now=now)
            books.save(connection, self.stand_in.name, card)
        return cards.used(card, now=now) if self.is_draining else card


def submit(
    connection: sqlite3.Connection, desk: Desk, submission: Submission, *, refusing: str | None, now: datetime
) -> tuple[dict[str, Any], str]:
    """Renew the card, or refuse it, and keep the answer under the reference; a repeated one gets the first answer.

    Returns the answer and the outcome: `delivered`, `refused` or `repeated`.

    Raises:
        ReferenceReused: the same reference came with another card or plan.
    """
    first = find(connection, desk, submission.reference)
    if first is not None:
        if (first["iccid"], first["plan_code"]) != (submission.iccid, submission.plan_code):
            raise ReferenceReused
        return first, "repeated"
    plan = desk.plans.get(submission.plan_code)
    before = desk.card(connection, submission.iccid, now=now)
    reason = refusing or _lateness(submission, now) or cards.refusal(before, plan, now=now)
    row_id = _reserve(connection, desk, submission)
    answer: dict[str, Any] = {
        "reference": submission.reference,
        "iccid": submission.iccid,
        "plan_code": submission.plan_code,
    }
    if plan is None or reason is not None:
        code = reason or "plan_not_found"
        answer |= {"outcome": "refused", "error": {"code": code, "message": MESSAGES.get(code, "Refused.")}}
    else:
        after = cards.renew(before, plan, now=now)
        books.save(connection, desk.stand_in.name, after)
        answer |= {
            "outcome": "delivered",
            "confirmation": f"{desk.stand_in.prefix}-{FIRST_CONFIRMATION + row_id}",
            "before": cards.show(before, now=now),
            "after": cards.show(after, now=now),
        }
    connection.execute("UPDATE renewals SET answer = ? WHERE id = ?", (json.dumps(answer), row_id))
    return answer, answer["outcome"]


def find(connection: sqlite3.Connection, desk: Desk, reference: str) -> dict[str, Any] | None:
    """Find the answer that was given for a reference; None when it never arrived."""
    row = connection.execute(
        "SELECT answer FROM renewals WHERE carrier = ? AND reference = ?", (desk.stand_in.name, reference)
    ).fetchone()
    return json.loads(row["answer"]) if row else None


def take_back(
    connection: sqlite3.Connection, desk: Desk, reference: str, *, refusing: str | None, now: datetime
) -> dict[str, Any]:
    """Take a renewal back while hardly any of its data is used; once taken back, the first answer is given again."""
    row = connection.execute(
        "SELECT answer FROM take_backs WHERE carrier = ? AND reference = ?", (desk.stand_in.name, reference)
    ).fetchone()
    if row is not None:
        first: dict[str, Any] = json.loads(row["answer"])
        return first
    sold = find(connection, desk, reference)
    if sold is None or sold["outcome"] != "delivered":
        return _refusal("not_delivered")
    card = desk.card(connection, sold["iccid"], now=now)
    reason = refusing or cards.stays_sold(card, sold["before"], sold["after"])
    if reason is not None:
        return _refusal(reason)
    restored = cards.restored(card, sold["before"], now=now)
    books.save(connection, desk.stand_in.name, restored)
    answer = {
        "outcome": "taken_back",
        "reference": reference,
        "number": sold["confirmation"].replace("-", "-B", 1),
        "card": cards.show(restored, now=now),
        "taken_back_at": now.isoformat(),
    }
    connection.execute(
        "INSERT INTO take_backs (carrier, reference, answer) VALUES (?, ?, ?)",
        (desk.stand_in.name, reference, json.dumps(answer)),
    )
    return answer


def _refusal(code: str) -> dict[str, Any]:
    return {"outcome": "refused", "error": {"code": code, "message": MESSAGES.get(code, "Refused.")}}


def _lateness(submission: Submission, now: datetime) -> str | None:
    is_late = submission.not_after is not None and now.timestamp() > submission.not_after
    return "submission_expired" if is_late else None


def _reserve(connection: sqlite3.Connection, desk: Desk, submission: Submission) -> int:
    cursor = connection.execute(
        "INSERT INTO renewals (carrier, reference, iccid, plan_code, answer) VALUES (?, ?, ?, ?, '')",
        (desk.stand_in.name, submission.reference, submission.iccid, submission.plan_code),
    )
    return cursor.lastrowid or 0
