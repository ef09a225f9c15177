"""Be paid through PayPal: orders that their payer approves and we capture, saved accounts, refunds, disputes, books."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from portal.core import clock
from portal.core.money import Money
from portal.payments.providers import reaching
from portal.payments.providers.base import (
    OUTSIDE_APPS,
    Asking,
    Begun,
    Booking,
    Declined,
    DisputeStanding,
    Forged,
    Method,
    Notice,
    PaymentState,
    ProviderError,
    RefundStanding,
    Retry,
    SavedMethod,
    Standing,
    Surface,
    UnknownOutcome,
)
from portal.payments.providers.masking import masked
from portal.payments.providers.paypal import amounts, answers, bookings, disputes, notices, wanted
from portal.payments.providers.paypal.calling import Line
from portal.payments.providers.paypal.credentials import PayPalCredentials
from portal.payments.providers.reading import Unreadable, inner, instant, rows, text, text_or_none, whole

Found = TypeVar("Found")

ORDERS = "v2/checkout/orders"

MISSING = frozenset({"resource_not_found", "invalid_resource_id"})
ALREADY_CAPTURED = "order_already_captured"

PAYER_MAY_CHOOSE_AGAIN = frozenset({"instrument_declined", "order_not_approved", "payer_action_required"})
"""Refusals of a capture after which PayPal's page still takes another way to pay."""

WANTS_ITS_OWNER = "payer_action_required"


class PayPalProvider:
    """One app at PayPal."""

    name: ClassVar[str] = "paypal"
    methods: ClassVar[Mapping[Method, frozenset[Surface]]] = {Method.PAYPAL: OUTSIDE_APPS}
    can_charge_saved = True
    taken = (200, "application/json", "{}")

    def __init__(
        self,
        credentials: PayPalCredentials,
        *,
        connect_seconds: float = 5.0,
        act_seconds: float = 60.0,
        ask_seconds: float = 10.0,
    ) -> None:
        self._credentials = credentials
        self._line = Line(
            credentials, connect_seconds=connect_seconds, act_seconds=act_seconds, ask_seconds=ask_seconds
        )

    def currencies(self, method: Method) -> frozenset[str] | None:
        """List what PayPal takes."""
        return amounts.CURRENCIES if method is Method.PAYPAL else frozenset()

    def test_connection(self) -> str:
        """Fetch a token, and tell which app it is for."""
        try:
            return self._line.app_id()
        except Retry as error:
            if error.reason_code in {"http_401", "http_403"}:
                raise Declined("credentials_refused", error.message, error.raw) from error
            raise

    def ensure_webhook(self, url: str) -> str:
        """Have PayPal tell `url` of what happens; gives the webhook's id to keep.

        Raises:
            Declined: PayPal does not take the address.
            Retry, UnknownOutcome: ask again.
        """
        known = _ask(lambda: rows(self._line.get("v1/notifications/webhooks"), "webhooks")) or []
        found = next((row for row in known if row.get("url") == url), None)
        with reaching.acting():
            return text(found or self._line.post("v1/notifications/webhooks", wanted.webhook(url)), "id")

    def begin(self, asking: Asking) -> Begun:
        """Open an order, and give the page where its payer approves it."""
        order = self._open(asking, wanted.page(asking))
        with reaching.acting():
            links = {row.get("rel"): row for row in rows(order, "links")}
            url = text(links.get("payer-action") or links.get("approve") or {}, "href")
            return Begun(
                provider_id=text(order, "id"),
                go_to=url,
                qr_text=url if asking.surface is Surface.QR else None,
                raw=masked(order),
            )

    def standing(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Ask for the order, and capture it where its payer has approved it and we have not closed it.

        An order cannot be found by our reference. One whose id never arrived was shown to nobody, so that nobody can
        have paid it; the id of a charge that may have gone through is in the error that said so.
        """
        if provider_id is None:
            return None
        order = self._order(provider_id)
        if order is None:
            return None
        with reaching.asking():
            if text_or_none(answers.unit(order), "invoice_id") != reference:
                raise Unreadable(f"{provider_id} is not {reference}")
            if text(order, "status") == "APPROVED" and not answers.is_closed(order):
                return self._captured(order, None)
            return answers.standing(order)

    def close(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Mark the order at PayPal as not to be captured: without a capture no money moves, whoever approves it."""
        before = self.standing(reference=reference, provider_id=provider_id)
        if before is None or before.state is not PaymentState.PENDING or before.capture_id:
            return before
        order_id = before.provider_id
        try:
            with reaching.repeatable():
                self._line.patch(f"{ORDERS}/{_quoted(order_id)}", wanted.closing())
        except Declined:
            # Somebody was faster: its state tells.
            return self.standing(reference=reference, provider_id=order_id)
        order = self._order(order_id)
        with reaching.asking():
            return answers.standing(order) if order else None

    def charge(self, saved: SavedMethod, asking: Asking) -> Standing:
        """Capture a new order from a saved account.

        In two steps, so that its id is known before any money can move; charging again under the same reference finds
        the same order, and an order is captured once.
        """
        with reaching.repeatable():
            order = self._open(asking, wanted.order(asking))
            order_id = text(order, "id")
        try:
            with reaching.acting():
                standing = self._captured(order, wanted.charge(saved))
        except ProviderError as error:
            error.provider_id = order_id
            raise
        if standing.decline_code:
            code = "authentication_required" if standing.decline_code == WANTS_ITS_OWNER else standing.decline_code
            raise Declined(code, raw=standing.raw, provider_id=order_id)
        return standing

    def refund(
        self, *, reference: str, payment_reference: str, payment_id: str, amount: Money, paid: Money, reason: str
    ) -> RefundStanding:
        """Give a capture's money back."""
        if amount.currency != paid.currency:
            raise Declined("currency_not_taken", amount.currency)
        params = wanted.refund(reference, payment_reference, amount, reason)
        with reaching.acting():
            given = answers.refund(
                self._line.post(f"v2/payments/captures/{_quoted(payment_id)}/refund", params, once=reference)
            )
        if given.amount != amount:
            raise Declined("reference_reused", f"{reference} gave another amount back", given.raw)
        return given

    def refund_standing(
        self, *, reference: str, provider_id: str | None, payment_reference: str, payment_id: str | None = None
    ) -> RefundStanding | None:
        """Ask for a refund by its id, or look through those of its payment, for which `payment_id` is needed."""
        if provider_id:
            return _ask(lambda: answers.refund(self._line.get(f"v2/payments/refunds/{_quoted(provider_id)}")))
        if payment_id is None:
            raise Retry("payment_id_needed", f"PayPal shows refunds of {payment_reference} under its capture only")
        return _ask(lambda: self._refund_of(payment_id, reference))

    def dispute_standing(self, provider_id: str) -> DisputeStanding:
        """Ask for a dispute."""
        found = _ask(lambda: answers.dispute(self._line.get(f"v1/customer/disputes/{_quoted(provider_id)}")))
        if found is None:
            raise Declined("resource_not_found", provider_id)
        return found

    def disputes(self, *, since: datetime) -> list[str]:
        """List them, a page at a time."""
        named: list[str] = []
        page: str | None = disputes.query(since, now=clock.now())
        with reaching.asking():
            while page is not None:
                answer = self._line.get(f"v1/customer/disputes?{page}")
                named += disputes.names(answer)
                page = disputes.next_page(answer)
        return named

    def notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Read a webhook after PayPal called it genuine."""
        question = notices.question(headers=headers, body=body, webhook_id=self._credentials.webhook_id, now=now)
        try:
            with reaching.repeatable():
                answer = self._line.post("v1/notifications/verify-webhook-signature", content=question)
        except Declined as error:
            raise Forged(why="wrong") from error
        if answer.get("verification_status") != "SUCCESS":
            raise Forged(why="wrong")
        return notices.read(body)

    def books_end(self, *, now: datetime) -> datetime:
        """PayPal's search has transactions up to three hours later."""
        return now - bookings.LATEST

    def bookings(self, *, since: datetime, until: datetime) -> list[Booking]:
        """Fetch the transactions from `since` to before `until`; PayPal has them up to three hours later."""
        found: dict[str, Booking] = {}
        with reaching.asking():
            for start, end in bookings.spans(since, until):
                for row in self._rows(start, end):
                    booking = bookings.read(row)
                    if booking and since <= booking.booked_at < until:
                        found[booking.provider_id] = booking
        return sorted(found.values(), key=lambda booking: (booking.booked_at, booking.provider_id))

    def _open(self, asking: Asking, params: dict[str, Any]) -> dict[str, Any]:
        order = self._line.post(ORDERS, params, once=asking.reference)
        with reaching.acting():
            opened = amounts.from_wire(inner(answers.unit(order), "amount"))
        if opened != asking.amount:
            raise Declined("reference_reused", f"{asking.reference} was begun with another amount", masked(order))
        return order

    def _order(self, order_id: str) -> dict[str, Any] | None:
        return _ask(lambda: self._line.get(f"{ORDERS}/{_quoted(order_id)}"))

    def _captured(self, order: dict[str, Any], source: dict[str, Any] | None) -> Standing:
        """Capture an order; it takes no key, because an order is captured once whatever is sent."""
        order_id = text(order, "id")
        try:
            after = self._line.post(f"{ORDERS}/{_quoted(order_id)}/capture", source)
        except Declined as error:
            now = self._after_refusal(order_id)
            if error.reason_code == ALREADY_CAPTURED:
                return answers.standing(now)
            is_final = error.reason_code not in PAYER_MAY_CHOOSE_AGAIN
            return answers.declined(now, error.reason_code, is_final=is_final)
        return answers.standing(order | after)

    def _after_refusal(self, order_id: str) -> dict[str, Any]:
        try:
            return self._line.get(f"{ORDERS}/{_quoted(order_id)}")
        except ProviderError as error:
            # Refused because it was captured before, perhaps: then it is not certain that nothing moved.
            raise UnknownOutcome(error.reason_code, error.message, error.raw) from error

    def _refund_of(self, capture_id: str, reference: str) -> RefundStanding | None:
        order_id = answers.order_id_of(self._line.get(f"v2/payments/captures/{_quoted(capture_id)}"))
        if order_id is None:
            raise Unreadable("order_id")
        listed = answers.refunds(self._line.get(f"{ORDERS}/{_quoted(order_id)}"))
        found = next((row for row in listed if row.get("invoice_id") == reference), None)
        return answers.refund(found) if found else None

    def _rows(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        collected: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            answer = self._line.get(f"v1/reporting/transactions?{bookings.query(since, until, page)}")
            if answer.get("last_refreshed_datetime") and instant(answer, "last_refreshed_datetime") < until:
                raise Retry("not_ready", "PayPal's books do not reach so far yet")
            collected += rows(answer, "transaction_details")
            page, pages = page + 1, whole(answer, "total_pages")
        return collected


def _ask(question: Callable[[], Found]) -> Found | None:
    """Ask something; None when PayPal says that there is nothing of that name."""
    with reaching.asking():
        try:
            return question()
        except Declined as error:
            if error.reason_code in MISSING:
                return None
            raise


def _quoted(name: str) -> str:
    return quote(name, safe="")
