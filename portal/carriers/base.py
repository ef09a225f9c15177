"""What every carrier can do for the portal, and the three ways in which it can fail."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from portal.core.errors import PortalError
from portal.core.money import Money

Raw = dict[str, Any]
"""An answer as it came, secrets masked and fit for a JSON column: what is kept for those who look into it later."""


class CardStatus(StrEnum):
    """A card's standing at its carrier."""

    INACTIVE = "inactive"
    """Never used: its validity has not begun."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """The carrier uses a word that the connector does not know."""


@dataclass(frozen=True, slots=True)
class CardState:
    """A card as its carrier sees it: data in whole MB of 2**20 bytes, None for unlimited; validity in aware UTC."""

    plan_code: str | None
    data_total_mb: int | None
    data_left_mb: int | None
    valid_until: datetime | None
    status: CardStatus
    raw: Raw


@dataclass(frozen=True, slots=True)
class CarrierPlan:
    """What a carrier delivers under a code: whole MB, None for unlimited; days of 24 hours."""

    code: str
    data_mb: int | None
    validity_days: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A renewal that the carrier has carried out, and the card just before and after it."""

    number: str
    """The carrier's own number, printed on the receipt."""
    reference: str
    iccid: str
    plan_code: str
    before: CardState
    after: CardState
    raw: Raw

    def is_for(self, *, iccid: str, plan_code: str) -> bool:
        """Tell whether the carrier renewed what was asked for; where not, a person must look into it."""
        return (self.iccid, self.plan_code) == (iccid, plan_code)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A renewal that the carrier took back: it asks no money for it, and the card is as it was before."""

    number: str
    """The carrier's own number for the return."""
    reference: str
    card: CardState
    raw: Raw


@dataclass(frozen=True, slots=True)
class CostLine:
    """A line of the carrier's bill: what it asks for a renewal, or, negative, what it asks no more."""

    line_id: str
    """The carrier's own name for the line."""
    reference: str | None
    """Ours of the renewal."""
    amount: Money
    booked_at: datetime


class Carrier(Protocol):
    """A carrier's network.

    Every call waits on the network, so none is made in a transaction; a connector never repeats one by itself.
    """

    @property
    def name(self) -> str:
        """The carrier's name in the catalogue, such as `sandbox-east`."""

    @property
    def settles_within(self) -> timedelta:
        """The time after which a submission that left no trace will certainly not be carried out any more."""

    def plans(self) -> list[CarrierPlan]:
        """List what the carrier sells.

        Raises:
            Retry: it could not be asked.
        """

    def card_state(self, iccid: str) -> CardState:
        """Ask for a card's state.

        Raises:
            Refused: the carrier does not know the card, or does not speak of it.
            Retry: it could not be asked.
        """

    def submit_renewal(self, *, reference: str, iccid: str, plan_code: str) -> Confirmation:
        """Renew a card under our own reference (1 to 64 letters, digits, `-`), once.

        Raises:
            Refused: it was not carried out and will not be.
            Retry: it certainly never reached the carrier's books; the same reference may be sent again.
            UnknownOutcome: it may have been carried out: look the reference up, never send it again blindly.
        """

    def renewal_by_reference(self, reference: str) -> Confirmation | None:
        """Look up what became of a submission; None when the carrier is sure that it never received it.

        None may still change to an outcome until `settles_within` has passed since the submission.

        Raises:
            Refused: the carrier refused it.
            Retry: the carrier could not be asked; nothing is known yet.
        """

    def take_back(self, reference: str) -> TakenBack:
        """Ask the carrier to take back a renewal that it carried out under our reference, and to waive its price.

        It may be asked any number of times: once taken back, the carrier gives its first answer again.

        Raises:
            Refused: the plan stays on the card and the carrier keeps its money.
            Retry: nothing is known; ask again.
        """

    def costs(self, *, since: datetime, until: datetime) -> list[CostLine]:
        """Fetch the carrier's own list of what it asks, from `since` to before `until`, oldest first.

        Raises:
            Retry: it could not be had.
        """


class Outcome(StrEnum):
    """What is known of a submission that brought no confirmation."""

    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"


class CarrierError(PortalError):
    """A carrier brought no confirmation. Parts: `reason_code`, and `message` in the carrier's own words."""

    code = "carrier_failed"
    status = 502
    outcome: ClassVar[Outcome]

    def __init__(self, reason_code: str, message: str = "", raw: Raw | None = None) -> None:
        super().__init__(reason_code=reason_code, message=message)
        self.reason_code = reason_code
        self.message = message
        self.raw: Raw = raw or {}


class Refused(CarrierError):
    """The carrier said no: nothing was carried out, and asking again changes nothing."""

    code = "carrier_refused"
    status = 422
    outcome = Outcome.REFUSED


class Retry(CarrierError):
    """Nothing happened, for certain: the carrier was not reached, or did not take the call."""

    code = "carrier_not_reached"
    status = 503
    outcome = Outcome.RETRY


class UnknownOutcome(CarrierError):
    """It may have been carried out: the carrier has to be asked, and nothing is sent again until it has said."""

    code = "carrier_outcome_unknown"
    outcome = Outcome.UNKNOWN
