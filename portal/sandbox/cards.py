"""What a stand-in carrier knows of a card, and how time and a renewal change it; pure."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from portal.sandbox.plans import Plan

REVIVABLE_FOR = timedelta(days=90)
"""A card that lapsed longer ago than this is not renewed any more."""

DAYS_TO_EMPTY = 30
"""A full card is used up in about this time, when usage moves at all."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card as the carrier's books have it at `seen_at`; data in whole MB, None is unlimited."""

    iccid: str
    plan_code: str
    data_total_mb: int | None
    data_left_mb: int | None
    valid_until: datetime
    is_suspended: bool
    seen_at: datetime


def adopt(carrier: str, iccid: str, *, plans: dict[str, Plan], now: datetime) -> Card:
    """Make up the state of a card seen for the first time: always the same for the same carrier and ICCID.

    One in ten has lapsed in the last five days; the others have between an hour and 45 days left.
    """
    seed = hashlib.sha256(f"{carrier}:{iccid}".encode()).digest()
    plan = plans[sorted(plans)[int.from_bytes(seed[:4]) % len(plans)]]
    hours = int.from_bytes(seed[4:8])
    left = -1 - hours % 120 if seed[8] % 10 == 0 else 1 + hours % (24 * min(plan.validity_days, 45))
    return Card(
        iccid=iccid,
        plan_code=plan.code,
        data_total_mb=plan.data_mb,
        data_left_mb=None if plan.data_mb is None else plan.data_mb * (3 + seed[9] % 93) // 100,
        valid_until=now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=left),
        is_suspended=False,
        seen_at=now,
    )


def used(card: Card, *, now: datetime) -> Card:
    """Take off the data used since the card was last written down; a lapsed card uses nothing."""
    if card.data_left_mb is None or card.data_total_mb is None:
        return card
    seconds = max(0, int((min(now, card.valid_until) - card.seen_at).total_seconds()))
    spent_mb = card.data_total_mb * seconds // (DAYS_TO_EMPTY * 86_400)
    return replace(card, data_left_mb=max(0, card.data_left_mb - spent_mb))


def refusal(card: Card, plan: Plan | None, *, now: datetime) -> str | None:
    """Name the carrier's own reason not to renew the card with the plan; None when there is none."""
    if plan is None:
        return "plan_not_found"
    if card.is_suspended:
        return "card_suspended"
    if now - card.valid_until > REVIVABLE_FOR:
        return "card_expired_too_long"
    return None


def renew(card: Card, plan: Plan, *, now: datetime) -> Card:
    """Lengthen the validity from its end, or from now when it has lapsed, and add the plan's data.

    A lapsed card's old data is gone, and data cannot be added to unlimited data: there the plan's own replaces it.
    """
    has_lapsed = card.valid_until <= now
    total, left = plan.data_mb, plan.data_mb
    if not has_lapsed and plan.data_mb is not None and card.data_left_mb is not None:
        total, left = plan.data_mb + (card.data_total_mb or 0), plan.data_mb + card.data_left_mb
    return replace(
        card,
        plan_code=plan.code,
        data_total_mb=total,
        data_left_mb=left,
        valid_until=max(now, card.valid_until) + timedelta(days=plan.validity_days),
        seen_at=now,
    )


def stays_sold(card: Card, before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """Name the reason not to take a renewal back, given the card as it was shown before and after; None when none.

    It is taken back while nothing was renewed since and at most a tenth of the data that it brought is used.
    """
    if card.valid_until.isoformat(timespec="seconds") != after["valid_until"]:
        return "renewed_since"
    if card.data_left_mb is None or after["data_left_mb"] is None:
        return None
    brought_mb = after["data_left_mb"] - (before["data_left_mb"] or 0)
    is_barely_used = (after["data_left_mb"] - card.data_left_mb) * 10 <= brought_mb
    return None if is_barely_used else "plan_used"


def restored(card: Card, before: dict[str, Any], *, now: datetime) -> Card:
    """Give the card back what it held before the renewal."""
    return replace(
        card,
        plan_code=before["plan_code"],
        data_total_mb=before["data_total_mb"],
        data_left_mb=before["data_left_mb"],
        valid_until=datetime.fromisoformat(before["valid_until"]),
        seen_at=now,
    )


def show(card: Card, *, now: datetime) -> dict[str, Any]:
    """Write the card's state as the carrier's API gives it."""
    status = "suspended" if card.is_suspended else "active" if card.valid_until > now else "expired"
    return {
        "iccid": card.iccid,
        "plan_code": card.plan_code,
        "data_total_mb": card.data_total_mb,
        "data_left_mb": card.data_left_mb,
        "valid_until": card.valid_until.isoformat(timespec="seconds"),
        "status": status,
    }
