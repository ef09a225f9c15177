"""What waits for somebody in the office: money that is held, failed, disputed, asked for, or not accounted for.

Each matter is counted once, where it is decided, and only while somebody can do something about it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal.payments import queries as payments
from portal.payouts import queries as payouts
from portal.payouts.models import PayoutRunState
from portal.reconciliation import queries as reconciliation
from portal.reconciliation import standings
from portal.refunds import queries as refunds
from portal.refunds.models import RefundState
from portal.web.sentences import Words


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that waits: its words, the page that lists it, who sees it, how many, and how pressing."""

    words: Words
    path: str
    act: str
    count: Callable[[], int]
    tone: str = "care"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of a kind wait."""

    kind: Kind
    count: int


KINDS = (
    Kind(
        _l("Payments of another sum than asked"),
        "/admin/payments/?state=held",
        "payments.read",
        payments.held,
    ),
    Kind(
        _l("Refunds that the payer has not got"),
        "/admin/payments/",
        "payments.read",
        payments.count_failed_refunds,
        "bad",
    ),
    Kind(
        _l("Refunds for a second person to agree to"),
        "/admin/refunds/?state=awaiting_approval",
        "refunds.read",
        lambda: refunds.count(RefundState.AWAITING_APPROVAL),
    ),
    Kind(
        _l("Disputed payments"),
        "/admin/disputes/",
        "refunds.read",
        refunds.count_open_disputes,
        "bad",
    ),
    Kind(
        _l("Payouts that agents asked for"),
        "/admin/payouts/",
        "payouts.read",
        payouts.count_requested,
        "busy",
    ),
    Kind(
        _l("Payout runs for a second person to approve"),
        "/admin/payouts/",
        "payouts.read",
        lambda: payouts.count_runs(PayoutRunState.PREPARED),
    ),
    Kind(
        _l("Differences with others' books"),
        "/admin/reconciliation/",
        "reconciliation.read",
        reconciliation.waiting_count,
    ),
    Kind(
        _l("Entries for a second person to agree to"),
        "/admin/reconciliation/",
        "reconciliation.read",
        reconciliation.proposed_count,
    ),
    Kind(
        _l("Others' books that cannot be had"),
        "/admin/reconciliation/",
        "reconciliation.read",
        standings.count_overdue,
        "bad",
    ),
)
"""In the order in which they stand on the overview."""


def for_visitor() -> list[Waiting]:
    """List what waits that the visitor may see; nothing where nothing waits."""
    counted = [Waiting(kind, kind.count()) for kind in KINDS if current_user.may(kind.act)]
    return [one for one in counted if one.count]
