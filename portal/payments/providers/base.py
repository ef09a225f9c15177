"""What every payment provider can do for the portal, and the three ways in which it can fail.

Amounts are whole minor units of ISO 4217 on this side of the protocol; a provider module turns them into what its
wire wants and back, exactly. Instants are aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from portal.core.errors import PortalError
from portal.core.money import Money

Raw = dict[str, Any]
"""An answer as it came, secrets masked and fit for a JSON column: what is kept for those who look into it later."""

STALE_AFTER_SECONDS = 300
"""A signed notice older than this is refused (Stripe's default tolerance; WeChat Pay v3 says five minutes too)."""


class Method(StrEnum):
    """How a person pays."""

    CARD = "card"
    PAYPAL = "paypal"
    ALIPAY = "alipay"
    WECHAT_PAY = "wechat_pay"


class Surface(StrEnum):
    """Where the person stands who pays."""

    PAGE = "page"
    """At a computer: the browser goes to the provider's page and comes back."""
    MOBILE = "mobile"
    """On a phone's browser: the provider's page opens its app (Alipay wap, WeChat Pay H5)."""
    QR = "qr"
    """Before somebody else's screen: a code is shown and scanned with the phone."""
    IN_APP = "in_app"
    """On a page that the provider's own app shows: the page hands the payment to the app (WeChat Pay's JSAPI)."""


OUTSIDE_APPS = frozenset(Surface) - {Surface.IN_APP}
"""Everywhere but inside the provider's own app."""


class PaymentState(StrEnum):
    """What the provider says became of a payment."""

    PENDING = "pending"
    """Begun; the payer has not finished, or the provider has not."""
    SETTLED = "settled"
    """The provider has the money."""
    DECLINED = "declined"
    """The payer's bank or wallet said no, for good."""
    EXPIRED = "expired"
    """Nobody paid in time, or it was closed: it can not be paid any more."""


class RefundState(StrEnum):
    """What the provider says became of a refund."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asking:
    """A payment to begin. `reference` is ours (at most 32 letters, digits and `-`) and makes it happen once."""

    reference: str
    amount: Money
    method: Method
    surface: Surface
    description: str
    """What is paid for, as the payer reads it at the provider; at most 100 characters."""
    return_url: str
    cancel_url: str
    notify_url: str
    expires_at: datetime
    language: str
    """`zh` or `en`."""
    payer_address: str | None = None
    """The payer's IP address, which WeChat Pay's H5 asks for."""
    payer_id: str | None = None
    """What the provider's app calls the payer (see `payments.payers`), which `Surface.IN_APP` asks for."""
    is_to_be_saved: bool = False
    """Keep the card or PayPal account at the provider for later charges without the payer."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A payment that waits for its payer: a page to go to, the text of a QR code to show, or what an app is handed."""

    provider_id: str
    """The provider's own name for it; where it gives none before it is paid, our reference."""
    go_to: str | None
    qr_text: str | None
    raw: Raw
    go_to_until: datetime | None = None
    """Until when `go_to` opens, where it closes before the payment: begin with the same reference for a fresh one."""
    for_app: dict[str, str] | None = None
    """What our page hands to the provider's app that shows it, signed; only this payer can pay with it."""


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A card or account kept at the provider; `token` names it there and is a secret."""

    token: str
    customer_token: str
    label: str
    """What its owner recognises: `Visa ...4242`."""
    expires: str | None
    """`2028-04` for cards."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment as the provider sees it now."""

    state: PaymentState
    provider_id: str
    amount: Money | None
    """What was really paid, while settled; it may differ from what was asked."""
    settled_at: datetime | None
    fee: Money | None
    """What the provider keeps of it, where it says so already."""
    capture_id: str | None
    """What a refund must name, where that is another id."""
    decline_code: str | None
    saved: SavedMethod | None
    refunded_minor: int | None
    """How much of it the provider has given back, in minor units; None where it does not say."""
    raw: Raw


@dataclass(frozen=True, slots=True)
class RefundStanding:
    """A refund as the provider sees it now."""

    state: RefundState
    provider_id: str
    amount: Money
    failure_code: str | None
    raw: Raw


class NoticeKind(StrEnum):
    """What a webhook hints at; only asking the provider tells what is true."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook whose signature is good."""

    event_id: str
    """Unique at the provider: the same event sent again has the same one."""
    kind: NoticeKind
    word: str
    """The provider's own word for the event, such as `checkout.session.completed`."""
    reference: str | None
    """Our reference of the payment or refund, where the event carries it."""
    provider_id: str | None
    """The provider's id of the payment, refund or dispute that it is about."""
    occurred_at: datetime
    raw: Raw


class DisputeState(StrEnum):
    """What the provider says of a chargeback."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DisputeStanding:
    """A chargeback as the provider sees it now."""

    state: DisputeState
    provider_id: str
    payment_id: str
    """The provider's id, or the capture id, of the payment that is disputed."""
    amount: Money
    fee: Money | None
    reason: str
    answer_before: datetime | None
    raw: Raw


@dataclass(frozen=True, slots=True)
class Booking:
    """One line of the provider's own books: a payment, refund, dispute, fee, or a payout to the bank.

    `gross` is signed from the portal's side (a payment is positive, a refund and a payout negative); `fee` is what the
    provider kept, not negative unless it gave a fee back; gross less fee is what moved the balance.
    """

    provider_id: str
    kind: str
    """`payment`, `refund`, `dispute`, `dispute_reversal`, `fee`, `payout` or `other`."""
    reference: str | None
    gross: Money
    fee: Money
    booked_at: datetime
    payout_id: str | None
    """The payout that brought it to the bank, once there is one."""


class Provider(Protocol):
    """A payment provider with an operator's credentials.

    Every call waits on the network, so none is made in a transaction; a provider module never repeats one by itself.
    The same reference sent again does nothing twice, at the provider: it gives the first one's answer.
    """

    name: ClassVar[str]
    """As in the ledger's `clearing:<provider>`: `stripe`, `paypal`, `alipay`, `wechat_pay`."""

    @property
    def methods(self) -> Mapping[Method, frozenset[Surface]]:
        """What it can be asked for with these credentials, and where the payer may stand."""

    @property
    def can_charge_saved(self) -> bool:
        """Whether a saved card or account may be charged while its owner is away."""

    def currencies(self, method: Method) -> frozenset[str] | None:
        """List the currencies of a method; None for every one of ISO 4217."""

    def test_connection(self) -> str:
        """Ask for something harmless; give a word on whom the credentials belong to.

        Raises:
            Declined: the credentials are refused.
            Retry: it could not be asked.
        """

    def begin(self, asking: Asking) -> Begun:
        """Open a payment for its payer.

        Raises:
            Declined: the provider does not take it (amount, currency, method).
            Retry: nothing was opened.
            UnknownOutcome: it may be open; beginning with the same reference again is safe.
        """

    def standing(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Ask what became of a payment; capture it first where the provider needs to be told to. None: never heard of.

        Raises:
            Retry: it could not be asked.
        """

    def close(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Make sure that nobody can pay it any more; gives its state after that, settled when somebody was faster.

        Raises:
            Retry: it could not be asked; it may still be paid.
        """

    def charge(self, saved: SavedMethod, asking: Asking) -> Standing:
        """Charge a saved card or account while its owner is away.

        Raises:
            Declined: the bank said no, or wants its owner there (`reason_code` then is `authentication_required`).
            Retry: nothing was charged.
            UnknownOutcome: it may have been charged: ask with `standing`.
        """

    def refund(
        self, *, reference: str, payment_reference: str, payment_id: str, amount: Money, paid: Money, reason: str
    ) -> RefundStanding:
        """Give money back, once a reference; `payment_id` is the capture id if there is one, `paid` the whole payment.

        Raises:
            Declined: it is not given back (more than is left, too late).
            Retry: nothing was given back.
            UnknownOutcome: it may have been: ask with `refund_standing`.
        """

    def refund_standing(
        self, *, reference: str, provider_id: str | None, payment_reference: str, payment_id: str | None = None
    ) -> RefundStanding | None:
        """Ask what became of a refund; None when the provider never heard of it.

        Give `payment_id` as in `refund`: PayPal finds a refund whose answer was lost only under its payment.

        Raises:
            Retry: it could not be asked.
        """

    def dispute_standing(self, provider_id: str) -> DisputeStanding:
        """Ask what stands with a chargeback.

        Raises:
            Declined: there is none of that name, or this provider has no such thing.
            Retry: it could not be asked.
        """

    def disputes(self, *, since: datetime) -> list[str]:
        """Name the chargebacks that were opened since, whatever became of them; none where there is no such thing.

        Raises:
            Declined: the credentials may not see them.
            Retry: it could not be asked.
        """

    def notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Read a webhook after its signature proved good; pure, but for PayPal's, which is checked by its API.

        Raises:
            Forged: the signature is missing, wrong, of another account, or older than `STALE_AFTER_SECONDS`.
            Retry: the provider could not be asked whether it is genuine.
        """

    @property
    def taken(self) -> tuple[int, str, str]:
        """What to answer to a webhook that was stored: status, content type, body."""

    def books_end(self, *, now: datetime) -> datetime:
        """Tell up to when the provider's own books are complete by now; `bookings` may be asked until then."""

    def bookings(self, *, since: datetime, until: datetime) -> list[Booking]:
        """Fetch the provider's own books of a time, oldest first.

        Raises:
            Retry: they could not be had, or are not ready yet.
        """


class Outcome(StrEnum):
    """What is known of a call that brought no answer that says done."""

    DECLINED = "declined"
    RETRY = "retry"
    UNKNOWN = "unknown"


class ProviderError(PortalError):
    """A provider did not do it. Parts: `reason_code`, and `message` in the provider's own words."""

    code = "provider_failed"
    status = 502
    outcome: ClassVar[Outcome]

    def __init__(
        self, reason_code: str, message: str = "", raw: Raw | None = None, *, provider_id: str | None = None
    ) -> None:
        super().__init__(reason_code=reason_code, message=message)
        self.reason_code = reason_code
        self.message = message
        self.raw: Raw = raw or {}
        self.provider_id = provider_id
        """What it is called at the provider, where that is known already: ask under this name."""


class Declined(ProviderError):
    """The provider said no: nothing moved, and asking again changes nothing."""

    code = "provider_declined"
    status = 422
    outcome = Outcome.DECLINED


class Retry(ProviderError):
    """Nothing happened, for certain: the provider was not reached, or did not take the call."""

    code = "provider_not_reached"
    status = 503
    outcome = Outcome.RETRY


class UnknownOutcome(ProviderError):
    """It may have happened: the provider has to be asked."""

    code = "provider_outcome_unknown"
    outcome = Outcome.UNKNOWN


class Forged(PortalError):
    """A webhook without a good signature. Parts: `why`: `missing`, `wrong`, `stale` or `foreign`."""

    code = "webhook_forged"
    status = 400
