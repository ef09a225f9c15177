"""Say what is the matter where the two sides of a key differ; pure."""

from dataclasses import dataclass
from uuid import UUID

from portal.payments.models import PaymentState, ProviderRefundState
from portal.reconciliation.models import DifferenceKind, ReportLineKind

IN_TRANSIT = frozenset(
    {DifferenceKind.RETURN_UNDER_WAY, DifferenceKind.REFUND_UNDER_WAY, DifferenceKind.PAYOUT_NOT_AT_BANK}
)
"""What is expected to close by itself: explained as timing from the start, until it is too old for that."""

_OF_UNKNOWN_LINES = {
    ReportLineKind.PAYMENT: DifferenceKind.UNKNOWN_PAYMENT,
    ReportLineKind.REFUND: DifferenceKind.UNKNOWN_REFUND,
    ReportLineKind.DISPUTE: DifferenceKind.OTHER_DISPUTE,
    ReportLineKind.DISPUTE_REVERSAL: DifferenceKind.OTHER_DISPUTE,
    ReportLineKind.FEE: DifferenceKind.FEE_NOT_BOOKED,
    ReportLineKind.COST: DifferenceKind.MISSING_HERE,
    ReportLineKind.ARRIVAL: DifferenceKind.UNKNOWN_ARRIVAL,
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of `sides`, taken apart: `payment:<id>:paid` is about a payment, the part `paid`."""

    about: str
    name: str
    part: str

    @property
    def id(self) -> UUID:
        """The id of our row that it is about; not of payouts, which have their provider's name."""
        return UUID(self.name)


def read(key: str) -> Key:
    """Take a key apart."""
    about, _, rest = key.partition(":")
    if about == "payout":
        return Key(about, rest, "")
    name, _, part = rest.partition(":")
    return Key(about, name, part)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the two sides of a key."""

    theirs_minor: int
    ours_minor: int
    payment: PaymentState | None = None
    refund: ProviderRefundState | None = None
    line: ReportLineKind | None = None
    going_back_minor: int = 0
    """What of a payment goes back with no entry of ours, and is not in their books yet."""
    is_disputed: bool = False
    """Whether the payment that a line belongs to was ever disputed."""


def kind_of(key: Key, facts: Facts) -> DifferenceKind:
    """Name what is the matter."""
    match key.about, key.part:
        case "line", "changed":
            return DifferenceKind.CHANGED_LINE
        case "line", part:
            return _of_line(facts, is_fee=part == "fee")
        case "payment", "disputed":
            return DifferenceKind.OTHER_DISPUTE
        case "payment", _ if facts.payment is PaymentState.HELD:
            return DifferenceKind.HELD_PAYMENT
        case "payment", _ if facts.going_back_minor and facts.going_back_minor == facts.theirs_minor - facts.ours_minor:
            return DifferenceKind.RETURN_UNDER_WAY
        case "refund", _ if facts.refund is ProviderRefundState.PENDING:
            return DifferenceKind.REFUND_UNDER_WAY
        case "payout", _ if facts.ours_minor == 0:
            return DifferenceKind.PAYOUT_NOT_AT_BANK
        case "payout", _ if facts.theirs_minor:
            return DifferenceKind.PAYOUT_OTHER_AMOUNT
    return _of_sums(facts)


def _of_line(facts: Facts, *, is_fee: bool) -> DifferenceKind:
    if facts.is_disputed and (is_fee or facts.line is ReportLineKind.FEE):
        return DifferenceKind.DISPUTE_FEE
    if is_fee:
        return DifferenceKind.FEE_NOT_BOOKED
    return _OF_UNKNOWN_LINES.get(facts.line or ReportLineKind.OTHER, DifferenceKind.UNKNOWN_LINE)


def _of_sums(facts: Facts) -> DifferenceKind:
    if facts.ours_minor == 0:
        return DifferenceKind.MISSING_HERE
    return DifferenceKind.OTHER_AMOUNT if facts.theirs_minor else DifferenceKind.MISSING_THERE
