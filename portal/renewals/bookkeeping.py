"""Which transfers each event of a renewal makes: pure, amounts in minor units, as `docs/money.md` tabulates them."""

from dataclasses import dataclass
from uuid import UUID

from portal.core.money import Money, round_half_up
from portal.ledger import chart
from portal.ledger.chart import AccountRef
from portal.ledger.journal import EntryDraft, Line


@dataclass(frozen=True, slots=True)
class Account:
    """What a renewal's books need: who sold, who delivers, who paid, and its rounded lines in minor units."""

    renewal_id: UUID
    currency: str
    source: AccountRef
    commission: AccountRef
    carrier: AccountRef
    discount_minor: int
    base_minor: int
    tax_minor: int
    fee_minor: int
    share_minor: int
    total_minor: int
    cost_minor: int
    parent: AccountRef | None = None
    """What the operator owes the agent's parent, which earns `override_minor` on this renewal."""
    override_minor: int = 0
    discount_from: AccountRef = chart.PROMOTIONS
    """Who bears the discount: the operator's expense, or what the agent earned."""


@dataclass(frozen=True, slots=True)
class Left:
    """What of the delivery is not refunded yet, in minor units: operator's revenue, tax, fee, share, and override."""

    revenue_minor: int
    tax_minor: int
    fee_minor: int
    share_minor: int
    override_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What can still be refunded."""
        return self.revenue_minor + self.tax_minor + self.fee_minor


def hold(renewal_id: UUID, *, source: AccountRef, total: Money) -> EntryDraft:
    """Take the total into escrow; no lines when there is nothing to take."""
    line = Line(source, chart.ESCROW, total.minor)
    return EntryDraft(f"renewal:{renewal_id}:hold", "hold", "renewal", renewal_id, total.currency, (line,)).nonzero()


def deliver(renewal: Account) -> EntryDraft:
    """Give the money in escrow to its owners, and book the discount, the share and the carrier's cost."""
    return _entry(
        renewal,
        "deliver",
        [
            Line(chart.ESCROW, chart.REVENUE, renewal.base_minor - renewal.tax_minor),
            Line(chart.ESCROW, chart.TAX_PAYABLE, renewal.tax_minor),
            Line(chart.ESCROW, renewal.commission, renewal.fee_minor),
            Line(renewal.discount_from, chart.REVENUE, renewal.discount_minor),
            Line(chart.COMMISSION_EXPENSE, renewal.commission, renewal.share_minor),
            *_override(renewal, renewal.override_minor),
            Line(chart.CARRIER_COST, renewal.carrier, renewal.cost_minor),
        ],
    )


def give_back(renewal: Account) -> EntryDraft:
    """Return the total to where it came from, when the carrier refused."""
    return _entry(renewal, "return", [Line(chart.ESCROW, renewal.source, renewal.total_minor)])


def delivered_in_full(renewal: Account) -> Left:
    """Tell what a delivery leaves to refund before any refund."""
    return Left(
        revenue_minor=renewal.base_minor - renewal.tax_minor,
        tax_minor=renewal.tax_minor,
        fee_minor=renewal.fee_minor,
        share_minor=renewal.share_minor,
        override_minor=renewal.override_minor,
    )


def refund_in_full(renewal: Account) -> EntryDraft:
    """Mirror the whole delivery and send the total back; the carrier's cost stays, so that the loss shows."""
    return _entry(
        renewal,
        "refund",
        [
            Line(chart.REVENUE, chart.ESCROW, renewal.base_minor - renewal.tax_minor),
            Line(chart.TAX_PAYABLE, chart.ESCROW, renewal.tax_minor),
            Line(renewal.commission, chart.ESCROW, renewal.fee_minor),
            Line(chart.REVENUE, renewal.discount_from, renewal.discount_minor),
            Line(renewal.commission, chart.COMMISSION_EXPENSE, renewal.share_minor),
            *_override_back(renewal, renewal.override_minor),
            Line(chart.ESCROW, renewal.source, renewal.total_minor),
        ],
    )


def refund_in_part(renewal: Account, amount_minor: int, *, left: Left, number: int) -> EntryDraft:
    """Send back a part, taken from what is left of revenue, tax and fee by largest remainder, ties to the earlier.

    The share goes back by round(S * r / T), the override likewise; the last refund empties every line. Promotions stay.

    Raises:
        ValueError: the amount is not positive or more than is left.
    """
    if not 0 < amount_minor <= left.total_minor:
        raise ValueError("a refund is positive and at most what is left")
    parts = Money(amount_minor, renewal.currency).allocate([left.revenue_minor, left.tax_minor, left.fee_minor])
    revenue, tax, fee = (part.minor for part in parts)
    share = _going_back(renewal, renewal.share_minor, amount_minor, of=left, left_minor=left.share_minor)
    override = _going_back(renewal, renewal.override_minor, amount_minor, of=left, left_minor=left.override_minor)
    return _entry(
        renewal,
        "refund",
        [
            Line(chart.REVENUE, chart.ESCROW, revenue),
            Line(chart.TAX_PAYABLE, chart.ESCROW, tax),
            Line(renewal.commission, chart.ESCROW, fee),
            Line(renewal.commission, chart.COMMISSION_EXPENSE, share),
            *_override_back(renewal, override),
            Line(chart.ESCROW, renewal.source, amount_minor),
        ],
        number=number,
    )


def take_back(renewal: Account) -> EntryDraft:
    """Owe the carrier nothing for a renewal that it took back."""
    return _entry(renewal, "take_back", [Line(renewal.carrier, chart.CARRIER_COST, renewal.cost_minor)])


def bounce(renewal: Account, amount_minor: int, *, bounce_id: UUID) -> EntryDraft:
    """Hold in escrow what a payer's bank sent back: what was booked stands, and it is owed until it is given again."""
    return _entry(renewal, "bounce", [Line(renewal.source, chart.ESCROW, amount_minor)], number=bounce_id)


def end_bounce(renewal: Account, amount_minor: int, *, bounce_id: UUID, to: AccountRef) -> EntryDraft:
    """Let go of what had come back: to where it came from, into a wallet, or against a loss that a dispute made."""
    return _entry(renewal, "bounce_end", [Line(chart.ESCROW, to, amount_minor)], number=bounce_id)


def _going_back(renewal: Account, whole_minor: int, amount_minor: int, *, of: Left, left_minor: int) -> int:
    if amount_minor == of.total_minor:
        return left_minor
    return min(round_half_up(whole_minor * amount_minor, renewal.total_minor), left_minor)


def _override(renewal: Account, amount_minor: int) -> list[Line]:
    return [Line(chart.COMMISSION_EXPENSE, renewal.parent, amount_minor)] if renewal.parent else []


def _override_back(renewal: Account, amount_minor: int) -> list[Line]:
    return [Line(renewal.parent, chart.COMMISSION_EXPENSE, amount_minor)] if renewal.parent else []


def _entry(renewal: Account, kind: str, lines: list[Line], *, number: int | UUID | None = None) -> EntryDraft:
    key = f"renewal:{renewal.renewal_id}:{kind}" + (f":{number}" if number is not None else "")
    return EntryDraft(key, kind, "renewal", renewal.renewal_id, renewal.currency, tuple(lines)).nonzero()
