"""Be paid through Stripe: Checkout pages, saved cards charged later, refunds, disputes, webhooks, books."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

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
    Method,
    Notice,
    PaymentState,
    RefundStanding,
    Retry,
    SavedMethod,
    Standing,
    Surface,
)
from portal.payments.providers.masking import masked
from portal.payments.providers.reading import Unreadable, inner_or_none, rows, text, text_or_none
from portal.payments.providers.stripe import amounts, answers, bookings, calling, notices, wanted
from portal.payments.providers.stripe.calling import acting, plain
from portal.payments.providers.stripe.credentials import StripeCredentials

WHOLE_SESSION = [f"payment_intent.{part}" for part in wanted.WHOLE_INTENT]

NEWEST = 100
"""How many of the newest payments are looked through for one that the search does not know yet (about a minute)."""


class StripeProvider:
    """One account at Stripe."""

    name: ClassVar[str] = "stripe"
    methods: ClassVar[Mapping[Method, frozenset[Surface]]] = {
        Method.CARD: OUTSIDE_APPS,
        Method.ALIPAY: OUTSIDE_APPS,
        Method.WECHAT_PAY: OUTSIDE_APPS,
    }
    can_charge_saved = True
    taken = (200, "application/json", "{}")

    def __init__(
        self,
        credentials: StripeCredentials,
        *,
        connect_seconds: float = 5.0,
        act_seconds: float = 60.0,
        ask_seconds: float = 10.0,
    ) -> None:
        self._credentials = credentials
        self._api = calling.client(
            credentials, connect_seconds=connect_seconds, act_seconds=act_seconds, ask_seconds=ask_seconds
        ).v1

    def currencies(self, method: Method) -> frozenset[str] | None:
        """List what Stripe takes; which of them an account may be paid in depends on its country."""
        return {Method.CARD: amounts.CARD, Method.ALIPAY: amounts.ALIPAY, Method.WECHAT_PAY: amounts.WECHAT_PAY}.get(
            method, frozenset()
        )

    def test_connection(self) -> str:
        """Ask whose key it is."""
        try:
            with reaching.repeatable(), acting():
                account = plain(self._api.accounts.retrieve_current())
                profile = inner_or_none(account, "business_profile") or {}
                return text_or_none(profile, "name") or text(account, "id")
        except Retry as error:
            if error.reason_code in {"http_401", "http_403"}:
                raise Declined("credentials_refused", error.message, error.raw) from error
            raise

    def ensure_webhook(self, url: str) -> str | None:
        """Have Stripe tell `url` of what happens; gives the new webhook secret to keep, None where it did already.

        Raises:
            Declined: Stripe does not take the address.
            Retry, UnknownOutcome: ask again.
        """
        with acting():
            known = plain(self._api.webhook_endpoints.list({"limit": NEWEST}))
            if any(row.get("url") == url and row.get("status") != "disabled" for row in rows(known, "data")):
                return None
            params: Any = {"url": url, "enabled_events": list(notices.EVENTS)}
            return text(plain(self._api.webhook_endpoints.create(params)), "secret")

    def begin(self, asking: Asking) -> Begun:
        """Open a Checkout page; Alipay and WeChat Pay are opened the same way and never kept."""
        _refuse_other_currencies(self.currencies(asking.method), asking)
        params = wanted.page(asking, now=clock.now())
        try:
            with acting():
                created = self._api.checkout.sessions.create(params, {"idempotency_key": asking.reference})
                return _begun(plain(created), asking)
        except Declined as error:
            if error.reason_code != "reference_reused":
                raise
            # The page's end moves with the clock, so asking again may differ from the first time by that alone.
            return self._begun_before(asking, error)

    def standing(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Ask for the Checkout Session (`cs_`) or, of a charge, the payment intent (`pi_`)."""
        return calling.ask(lambda: self._standing(reference, provider_id))

    def close(self, *, reference: str, provider_id: str | None) -> Standing | None:
        """Let the Checkout page expire, or cancel a charge that waits for its owner."""
        before = self.standing(reference=reference, provider_id=provider_id)
        if before is None or before.state is not PaymentState.PENDING:
            return before
        with suppress(Declined), reaching.repeatable(), acting():
            if before.provider_id.startswith("cs_"):
                self._api.checkout.sessions.expire(before.provider_id)
            else:
                self._api.payment_intents.cancel(before.provider_id)
        # Where that was refused, somebody was faster; either way its state tells.
        return self.standing(reference=reference, provider_id=before.provider_id)

    def charge(self, saved: SavedMethod, asking: Asking) -> Standing:
        """Charge a saved card at once."""
        if asking.method is not Method.CARD:
            raise Declined("method_not_reusable", f"{asking.method} can not be charged while its owner is away")
        _refuse_other_currencies(self.currencies(asking.method), asking)
        params = wanted.charge(saved, asking)
        with acting():
            intent = plain(self._api.payment_intents.create(params, {"idempotency_key": asking.reference}))
            standing = answers.intent_standing(intent)
        if standing.state is PaymentState.DECLINED:
            code = standing.decline_code or "authentication_required"
            raise Declined(code, raw=standing.raw, provider_id=standing.provider_id)
        return standing

    def refund(
        self, *, reference: str, payment_reference: str, payment_id: str, amount: Money, paid: Money, reason: str
    ) -> RefundStanding:
        """Give a payment intent's money back."""
        if amount.currency != paid.currency:
            raise Declined("currency_not_taken", amount.currency)
        params = wanted.refund(reference, payment_reference, payment_id, amount, reason)
        with acting():
            return answers.refund_standing(plain(self._api.refunds.create(params, {"idempotency_key": reference})))

    def refund_standing(
        self, *, reference: str, provider_id: str | None, payment_reference: str, payment_id: str | None = None
    ) -> RefundStanding | None:
        """Ask for a refund by its id, or look through the payment's refunds."""
        return calling.ask(lambda: self._refund_standing(reference, provider_id, payment_reference, payment_id))

    def dispute_standing(self, provider_id: str) -> DisputeStanding:
        """Ask for a dispute."""
        found = calling.ask(lambda: answers.dispute_standing(plain(self._api.disputes.retrieve(provider_id))))
        if found is None:
            raise Declined("resource_missing", provider_id)
        return found

    def disputes(self, *, since: datetime) -> list[str]:
        """List them, a page at a time."""
        params: Any = {"created": {"gte": _seconds(since)}, "limit": NEWEST}
        return calling.ask(lambda: [found.id for found in self._api.disputes.list(params).auto_paging_iter()]) or []

    def notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Read a webhook by its `Stripe-Signature`; nobody is asked."""
        return notices.read(self._credentials, headers=headers, body=body, now=now)

    def books_end(self, *, now: datetime) -> datetime:
        """Stripe books at once."""
        return now

    def bookings(self, *, since: datetime, until: datetime) -> list[Booking]:
        """Fetch the balance transactions from `since` to before `until`, and look up which payout brought each."""
        return calling.ask(lambda: self._bookings(since, until)) or []

    def _begun_before(self, asking: Asking, error: Declined) -> Begun:
        session = calling.ask(lambda: self._session_of(asking.reference)) or {}
        has_changed = (session.get("amount_total"), session.get("currency")) != (
            amounts.to_wire(asking.amount),
            asking.amount.currency.lower(),
        )
        if has_changed:
            raise error
        with acting():
            return _begun(session, asking)

    def _standing(self, reference: str, provider_id: str | None) -> Standing | None:
        known = provider_id or self._id_of(reference)
        if known is None:
            return None
        if known.startswith("pi_"):
            intent = plain(self._api.payment_intents.retrieve(known, {"expand": wanted.WHOLE_INTENT}))
            _refuse_another(reference, intent)
            if answers.is_off_session(intent):
                return answers.intent_standing(intent)
            pages = plain(self._api.checkout.sessions.list({"payment_intent": known, "limit": 1}))
            known = text(rows(pages, "data")[0], "id") if rows(pages, "data") else known
            if known.startswith("pi_"):
                return answers.intent_standing(intent)
        session = plain(self._api.checkout.sessions.retrieve(known, {"expand": WHOLE_SESSION}))
        _refuse_another(reference, session)
        return answers.session_standing(session)

    def _refund_standing(
        self, reference: str, provider_id: str | None, payment_reference: str, payment_id: str | None
    ) -> RefundStanding | None:
        if provider_id:
            return answers.refund_standing(plain(self._api.refunds.retrieve(provider_id)))
        intent = payment_id or self._intent_id_of(payment_reference)
        if intent is None:
            return None
        found = _of(reference, self._api.refunds.list({"payment_intent": intent, "limit": NEWEST}))
        return answers.refund_standing(found) if found else None

    def _id_of(self, reference: str) -> str | None:
        """Find a payment whose id was lost: a page, or the intent of a charge."""
        session = self._session_of(reference)
        return text(session, "id") if session else self._intent_id_of(reference)

    def _session_of(self, reference: str) -> dict[str, Any] | None:
        return _of(reference, self._api.checkout.sessions.list({"limit": NEWEST}))

    def _intent_id_of(self, reference: str) -> str | None:
        # The search learns of a payment only after a while, so the newest ones are looked through first.
        found = _of(reference, self._api.payment_intents.list({"limit": NEWEST}))
        if found is None:
            query = f"metadata['reference']:'{reference}'"
            found = _of(reference, self._api.payment_intents.search({"query": query}))
        return text(found, "id") if found else None

    def _bookings(self, since: datetime, until: datetime) -> list[Booking]:
        payouts: dict[str, str] = {}
        # Money is paid out at or after the time it was booked.
        for payout in self._api.payouts.list({"created": {"gte": _seconds(since)}, "limit": 100}).auto_paging_iter():
            if payout.automatic:
                brought = self._api.balance_transactions.list({"payout": payout.id, "limit": 100})
                payouts |= {line.id: payout.id for line in brought.auto_paging_iter()}
        lines = self._api.balance_transactions.list(
            {"created": {"gte": _seconds(since), "lt": _seconds(until)}, "expand": ["data.source"], "limit": 100}
        )
        read = [self._booking(plain(line), payouts) for line in lines.auto_paging_iter()]
        return sorted(read, key=lambda booking: (booking.booked_at, booking.provider_id))

    def _booking(self, line: dict[str, Any], payouts: dict[str, str]) -> Booking:
        booking = bookings.read(line, payouts)
        intent_id = bookings.disputed_intent(line)
        if intent_id is None:
            return booking
        # A dispute bears no reference of ours, its payment does.
        return replace(booking, reference=answers.reference_of(plain(self._api.payment_intents.retrieve(intent_id))))


def _begun(session: dict[str, Any], asking: Asking) -> Begun:
    # A replayed answer shows the page as it was when it was opened.
    url = text(session, "url")
    return Begun(
        provider_id=text(session, "id"),
        go_to=url,
        qr_text=url if asking.surface is Surface.QR else None,
        raw=masked(session),
    )


def _of(reference: str, listed: Any) -> dict[str, Any] | None:
    found = (thing for thing in rows(plain(listed), "data") if answers.reference_of(thing) == reference)
    return next(found, None)


def _refuse_another(reference: str, thing: dict[str, Any]) -> None:
    if answers.reference_of(thing) != reference:
        raise Unreadable(f"{thing.get('id')} is not {reference}")


def _refuse_other_currencies(taken: frozenset[str] | None, asking: Asking) -> None:
    if taken is not None and asking.amount.currency not in taken:
        raise Declined("currency_not_taken", f"{asking.method} does not take {asking.amount.currency}")


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
