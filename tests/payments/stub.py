"""A provider in this process: it says what a test tells it to, and counts how often it was asked."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote

from portal.core import clock
from portal.core.money import Money
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
    NoticeKind,
    PaymentState,
    ProviderError,
    RefundStanding,
    RefundState,
    SavedMethod,
    Standing,
    Surface,
)


class StubProvider:
    """Stands in for Stripe without a network."""

    name: ClassVar[str] = "stripe"
    methods: ClassVar[Mapping[Method, frozenset[Surface]]] = {Method.CARD: OUTSIDE_APPS}
    can_charge_saved = True
    taken = (200, "application/json", "{}")

    def __init__(self) -> None:
        self.standings: dict[str, Standing | None] = {}
        self.asked: list[str] = []
        self.begun: list[str] = []
        self.wanted: list[Asking] = []
        self.closed: list[str] = []
        self.refunds: dict[str, RefundStanding] = {}
        self.refunded: list[str] = []
        self.failure: ProviderError | None = None
        self.refund_state = RefundState.SUCCEEDED
        self.booked: list[Booking] = []
        self.disputed: dict[str, DisputeStanding] = {}

    def settle(
        self, reference: str, amount: Money, *, saved: SavedMethod | None = None, fee: Money | None = None
    ) -> None:
        """Have it say that a payment is settled from now on."""
        self.standings[reference] = standing(
            PaymentState.SETTLED, reference, amount=amount, fee=fee or Money(320, amount.currency), saved=saved
        )

    def currencies(self, method: Method) -> frozenset[str] | None:
        return None

    def test_connection(self) -> str:
        self._fail()
        return "Stub account"

    def begin(self, asking: Asking) -> Begun:
        self._fail()
        self.begun.append(asking.reference)
        self.wanted.append(asking)
        return Begun(f"cs_{asking.reference}", f"https://pay.example/{asking.reference}", None, {"id": "cs"})

    def standing(self, *, reference: str, provider_id: str | None) -> Standing | None:
        self.asked.append(reference)
        self._fail()
        return self.standings.get(reference, standing(PaymentState.PENDING, reference))

    def close(self, *, reference: str, provider_id: str | None) -> Standing | None:
        self.closed.append(reference)
        self._fail()
        return self.standings.get(reference, standing(PaymentState.EXPIRED, reference))

    def charge(self, saved: SavedMethod, asking: Asking) -> Standing:
        self.begun.append(asking.reference)
        self._fail()
        self.settle(asking.reference, asking.amount)
        found = self.standings[asking.reference]
        assert found is not None
        return found

    def refund(
        self, *, reference: str, payment_reference: str, payment_id: str, amount: Money, paid: Money, reason: str
    ) -> RefundStanding:
        self._fail()
        self.refunded.append(reference)
        return self.refunds.setdefault(
            reference, RefundStanding(self.refund_state, f"re_{reference}", amount, None, {"id": "re"})
        )

    def refund_standing(
        self, *, reference: str, provider_id: str | None, payment_reference: str, payment_id: str | None = None
    ) -> RefundStanding | None:
        self._fail()
        return self.refunds.get(reference)

    def dispute_standing(self, provider_id: str) -> DisputeStanding:
        self.asked.append(provider_id)
        self._fail()
        if provider_id not in self.disputed:
            raise Declined("none")
        return self.disputed[provider_id]

    def disputes(self, *, since: datetime) -> list[str]:
        self._fail()
        return list(self.disputed)

    def notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        if headers.get("Stripe-Signature") != "good":
            raise Forged(why="wrong")
        told = json.loads(body)
        return Notice(
            event_id=told["id"],
            kind=NoticeKind(told.get("kind", "payment")),
            word="checkout.session.completed",
            reference=told.get("reference"),
            provider_id=told.get("provider_id"),
            occurred_at=now,
            raw=told,
        )

    def books_end(self, *, now: datetime) -> datetime:
        return now

    def bookings(self, *, since: datetime, until: datetime) -> list[Booking]:
        self._fail()
        return [booking for booking in self.booked if since <= booking.booked_at < until]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def standing(
    state: PaymentState,
    reference: str,
    *,
    amount: Money | None = None,
    fee: Money | None = None,
    saved: SavedMethod | None = None,
    decline_code: str | None = None,
) -> Standing:
    """Say how a payment stands."""
    return Standing(
        state=state,
        provider_id=f"cs_{reference}",
        amount=amount,
        settled_at=clock.now() if state is PaymentState.SETTLED else None,
        fee=fee,
        capture_id=f"pi_{reference}" if state is PaymentState.SETTLED else None,
        decline_code=decline_code,
        saved=saved,
        refunded_minor=0,
        raw={"state": state.value},
    )


def told(event_id: str, **facts: str) -> bytes:
    """Write the body of a webhook."""
    return json.dumps({"id": event_id, **facts}).encode()


GOOD = {"Stripe-Signature": "good", "Content-Type": "application/json"}


class StubInsideApp(StubProvider):
    """Stands in for WeChat Pay: taken on a phone, by a code, and inside its own app, which tells who reads."""

    methods: ClassVar[Mapping[Method, frozenset[Surface]]] = {
        Method.WECHAT_PAY: frozenset({Surface.MOBILE, Surface.QR, Surface.IN_APP}),
        Method.ALIPAY: frozenset({Surface.MOBILE}),
    }

    def __init__(self) -> None:
        super().__init__()
        self.readers = {"carols-code": "o-carol"}
        self.signed_in: list[str] = []
        self.asked_for: list[Asking] = []
        self.opens_for: timedelta | None = None

    def sign_in_page(self, *, return_url: str, state: str) -> str:
        return f"https://app.example/who?back={quote(return_url, safe='')}&state={state}"

    def payer_id(self, code: str) -> str:
        self._fail()
        self.signed_in.append(code)
        if code not in self.readers:
            raise Declined("code_refused")
        return self.readers[code]

    def begin(self, asking: Asking) -> Begun:
        self.asked_for.append(asking)
        begun = super().begin(asking)
        if asking.surface is Surface.IN_APP:
            return replace(begun, go_to=None, for_app={"package": f"prepay_id={asking.reference}", "paySign": 'a"b'})
        until = clock.now() + self.opens_for if self.opens_for is not None else None
        return replace(begun, go_to=f"{begun.go_to}?{len(self.asked_for)}", go_to_until=until)
